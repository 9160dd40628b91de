"""The processes of the embedded server: initdb, start, stop, and which process is the server.

A process id is never taken as a proof of life; it only says whom to signal. The server is started
and stopped without pg_ctl, which passes the paths of data and log through a shell.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from optimize.database.server.home import ServerHome, account_for_initdb, give_to_server
from optimize.database.server.programs import OWN_SERVER_REMEDY
from strategy.errors import DatabaseUnreachableError

SUPERUSER = "rorq"
_START_SECONDS = 60.0
_START_POLL_SECONDS = 0.02
_STOP_SECONDS = 30
_SURVIVOR_SECONDS = 5
_LARGEST_LOG_BYTES = 10_000_000
_SETTINGS_FILE = "rorq.conf"
_STATUS_LINE = 7  # of postmaster.pid: starting, stopping, ready or standby

# A study server for one machine: many short transactions, no replica, nothing lost in a crash.
SERVER_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "password_encryption": "'scram-sha-256'",
    "max_connections": "200",
    "shared_buffers": "'128MB'",
    "max_wal_size": "'1GB'",
    "checkpoint_timeout": "'15min'",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "lc_messages": "'C'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
}


class StartFailedError(DatabaseUnreachableError):
    """The server did not start on this port; another port may do."""


def initialise(home: ServerHome, password: str, *, sync: bool = True) -> None:
    """Make the database cluster, whole or not at all.

    Args:
        home: where to make it.
        password: of the superuser.
        sync: have it safely on disk before it is used.

    Raises:
        DatabaseUnreachableError: initdb failed.
    """
    for left_over in home.folder.glob("data.new-*"):
        shutil.rmtree(left_over)
    beside = home.folder / f"data.new-{secrets.token_hex(4)}"
    password_file = home.folder / "initdb.password"
    password_file.unlink(missing_ok=True)
    account = account_for_initdb(home)
    try:
        beside.mkdir(mode=0o700)
        with _private_file(password_file) as file:
            os.write(file, password.encode() + b"\n")
        for path in (beside, password_file):
            give_to_server(path, home, account)
        _run_initdb(home, beside, password_file, *([] if sync else ["--no-sync"]))
        _write_configuration(beside)
        give_to_server(beside, home)
        beside.rename(home.data_dir)
    finally:
        password_file.unlink(missing_ok=True)
        shutil.rmtree(beside, ignore_errors=True)


def launch(home: ServerHome, port: int, extra_settings: Mapping[str, str]) -> None:
    """Start the server on the port and wait until it answers.

    Raises:
        StartFailedError: it did not come up; the message has the last line of its log.
    """
    _prepare_log(home)
    _clear_after_a_kill(home)
    settings = {**SERVER_SETTINGS, **extra_settings, "port": str(port)}
    settings_file = home.data_dir / _SETTINGS_FILE
    settings_file.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    give_to_server(settings_file, home)
    position = home.log_file.stat().st_size
    with home.log_file.open("ab") as log:
        server = subprocess.Popen(  # noqa: S603
            [str(home.bin_dir / "postgres"), "-D", str(home.data_dir)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in our terminal is not meant for it
            **home.run_options(),
        )
    if not _comes_up(home, server):
        said = _last_words(home.log_file, position) or "it said nothing"
        raise StartFailedError(
            f"the embedded PostgreSQL did not start on port {port}: {said}",
            remedy=f"see {home.log_file}",
        )
    threading.Thread(target=server.wait, daemon=True).start()  # its end leaves no zombie


def _comes_up(home: ServerHome, server: "subprocess.Popen[bytes]") -> bool:
    """Wait until the server says that it is ready, and return whether it did."""
    deadline = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if (_pid_file_line(home, 0), _pid_file_text(home, _STATUS_LINE)) == (server.pid, "ready"):
            return True
        time.sleep(_START_POLL_SECONDS)
    return False


def stop(home: ServerHome) -> bool:
    """Stop the server, gently if it lets us; return whether there was one.

    Raises:
        DatabaseUnreachableError: it would not end.
    """
    process = server_process(home)
    if process is None:
        return False
    # In PostgreSQL's words: a fast stop, an immediate one, and what the kernel can do
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            process.send_signal(how)
            process.wait(_STOP_SECONDS)
        if server_process(home) is None:
            return True
    raise DatabaseUnreachableError(
        f"the embedded PostgreSQL, process {process.pid}, does not end",
        expected=f"its end within {_STOP_SECONDS} s of SIGKILL",
        remedy=f"see {home.log_file}",
    )


def server_process(home: ServerHome) -> psutil.Process | None:
    """Return the process that runs on our data folder, if there is one."""
    pid = _pid_file_line(home, 0)
    if pid is None or pid <= 0:
        return None
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None
    return process if _works_in(home, process) else None


def _works_in(home: ServerHome, process: psutil.Process) -> bool:
    """Tell whether the process works in our data folder, as PostgreSQL does, moved or not."""
    try:
        is_alive = process.status() != psutil.STATUS_ZOMBIE
        return is_alive and Path(process.cwd()) == home.data_dir
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def recorded_port(home: ServerHome) -> int | None:
    """Return the port that the server itself wrote down when it started last."""
    return _pid_file_line(home, 3)


def _pid_file_line(home: ServerHome, line: int) -> int | None:
    try:
        return int(_pid_file_text(home, line))
    except ValueError:
        return None


def _pid_file_text(home: ServerHome, line: int) -> str:
    """Return a line of what the server wrote about itself; empty where there is none."""
    try:
        return (
            (home.data_dir / "postmaster.pid")
            .read_text(errors="replace")
            .splitlines()[line]
            .strip()
        )
    except (OSError, IndexError):
        return ""


def _clear_after_a_kill(home: ServerHome) -> None:
    """Make way for a start when the server was killed and could not clear up after itself.

    Its busy children are ended, as a dying server would have. In the pid file its id is replaced
    by ours, which PostgreSQL knows to be its starter's, lest it takes an unrelated process with a
    reused id for a running server; the rest stays, for PostgreSQL's own check of shared memory.
    """
    pid_file = home.data_dir / "postmaster.pid"
    if not pid_file.exists() or server_process(home) is not None:
        return
    survivors = [p for p in psutil.process_iter() if _works_in(home, p)]
    for how in (signal.SIGQUIT, signal.SIGKILL):
        for process in survivors:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(how)
        survivors = psutil.wait_procs(survivors, _SURVIVOR_SECONDS)[1]
    lines = pid_file.read_text(errors="replace").splitlines()
    if _pid_file_line(home, 0) is None:
        pid_file.unlink()
    else:
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")


def _run_initdb(home: ServerHome, data_dir: Path, password_file: Path, *options: str) -> None:
    _require_plain(home.bin_dir)
    command = [
        *(str(home.bin_dir / "initdb"), "-D", str(data_dir), "-U", SUPERUSER),
        *("--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C"),
        *options,
    ]
    finished = subprocess.run(  # noqa: S603
        command,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        **home.run_options(account_for_initdb(home)),
    )
    if finished.returncode != 0:
        raise DatabaseUnreachableError(
            f"initdb of the embedded PostgreSQL failed in {home.folder}: "
            f"{_last_line(finished.stderr)}",
            expected="a folder that it can write to, 50 MB free, and a user with a name",
            remedy="free space, or set PG_HOST and the other PG_* names to use your own server",
        )


def _require_plain(bin_dir: Path) -> None:
    """Refuse a path of the programs that would be a command: initdb passes it through a shell."""
    special = sorted(set(str(bin_dir)) & set('"$`\\\n'))
    if special:
        raise DatabaseUnreachableError(
            f"PostgreSQL's programs lie in {str(bin_dir)!r}, and its initdb passes that to a shell",
            expected=f"a path without {' '.join(map(repr, special))}",
            remedy=f"move the checkout, or {OWN_SERVER_REMEDY}",
        )


def _write_configuration(data_dir: Path) -> None:
    with (data_dir / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(f"\ninclude '{_SETTINGS_FILE}'\n")
    (data_dir / _SETTINGS_FILE).touch()
    (data_dir / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")


def _prepare_log(home: ServerHome) -> None:
    log = home.log_file
    if log.exists() and log.stat().st_size > _LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(".log.old"))
    log.touch(mode=0o600)
    give_to_server(log, home)


@contextlib.contextmanager
def _private_file(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _last_words(log: Path, position: int) -> str:
    """Return the telling line that the server wrote since the position."""
    with log.open(encoding="utf-8", errors="replace") as file:
        file.seek(position)
        lines = [line.strip() for line in file if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "could not" in line]
    return telling[0] if telling else (lines or [""])[-1]


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower() or "fatal" in line.lower()]
    return (telling or lines or ["no message"])[0]
