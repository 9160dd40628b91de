"""The folder of prepared sessions: when a file in it may be used, and how it comes and goes.

A file is named after what it was made from: the SHA-256 of the session's three cache files, the
version of the alignment and that of the engine. What was made from anything else has another name
and is never looked at. The first time a process uses a file, it hashes the cache files and
recomputes the file's checksum; after that it compares size, inode and times. A file that fails is
made anew. Where the folder cannot be written to, sessions are aligned in memory, which is told
once.
"""

import errno
import hashlib
import logging
import os
import secrets
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from strategy.derived_files import DAMAGE
from strategy.errors import SessionChangedError
from strategy.market_data.alignment import ALIGNMENT_VERSION
from strategy.market_data.fingerprints import FileState, is_settled, state_of
from strategy.market_data.layout import session_fingerprint, session_folder
from strategy.market_data.prepared.file import is_sound, map_prepared, write_prepared
from strategy.market_data.reader import build_session, read_session_frames
from strategy.market_data.schema import FILE_SCHEMAS
from strategy.session import SessionData

MAX_FOLDER_BYTES = 16 * 1024**3  # a decade of SPY takes about 13 GiB
LEAST_FREE_BYTES = 2 * 1024**3  # of the disk, which stay free
_SUFFIX = ".session"
_ABANDONED_SECONDS = 3600.0  # age of a half-written file whose writer must be dead

_logger = logging.getLogger("rorq")
_sound_files: dict[Path, FileState] = {}  # files that this process has read through
_fingerprints: dict[Path, tuple[list[FileState], str]] = {}  # session folders that it has hashed
_unwritable: set[Path] = set()  # folders that could not be written to


@dataclass(frozen=True, kw_only=True)
class PreparedSessions:
    """Loads sessions from a folder of prepared ones; makes those that it does not have."""

    folder: Path
    max_bytes: int = MAX_FOLDER_BYTES

    @property
    def is_writable(self) -> bool:
        """Whether the folder has taken all sessions so far; else they are in memory alone."""
        return self.folder not in _unwritable

    def load(self, cache_dir: Path | str, ticker: str, day: date) -> SessionData:
        """Load a session as it is in the cache now.

        Raises:
            CacheError: as `read_session_frames` and `build_session`.
        """
        fingerprint = _fingerprint_of(session_folder(cache_dir, ticker, day))
        session = self._opened(ticker, day, fingerprint) if fingerprint else None
        return session or self._prepared_anew(cache_dir, ticker, day)

    def load_same(
        self, cache_dir: Path | str, ticker: str, day: date, fingerprint: str
    ) -> SessionData:
        """Load a session again as it was, though the cache may have changed since.

        Raises:
            SessionChangedError: it has changed, and the prepared form is gone.
        """
        session = self._opened(ticker, day, fingerprint)
        session = session or self._prepared_anew(cache_dir, ticker, day)
        if session.fingerprint != fingerprint:
            raise SessionChangedError(
                f"session {ticker} {day} has fingerprint {session.fingerprint[:12]}",
                expected=f"{fingerprint[:12]}, with which the work began",
                remedy="let the cache rest, and run the same again",
            )
        return session

    def _opened(self, ticker: str, day: date, fingerprint: str) -> SessionData | None:
        """Map the prepared session, if there is one that may be used."""
        key = _key_of(fingerprint)
        path = self._path(ticker, day, key)
        try:
            # Not waiting for a writer, should there be a pipe of that name.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            return map_prepared(descriptor, key) if _is_trusted(path, descriptor) else None
        except DAMAGE:  # unreadable, of another layout, or no room to map it
            return None
        finally:
            os.close(descriptor)

    def _prepared_anew(self, cache_dir: Path | str, ticker: str, day: date) -> SessionData:
        session = build_session(read_session_frames(cache_dir, ticker, day))
        pa.default_memory_pool().release_unused()  # else what files took stays with the process
        if not self.is_writable:
            return session
        try:
            self._write(session)
        except OSError as error:
            _unwritable.add(self.folder)
            _logger.warning(
                "%s cannot keep prepared sessions (%s): they are aligned in memory, which is "
                "slower and takes more of it; make room, or correct its permissions",
                self.folder,
                error.strerror,
            )
            return session
        return self._opened(ticker, day, session.fingerprint) or session

    def _write(self, session: SessionData) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        disk = os.statvfs(self.folder)
        if disk.f_bavail * disk.f_frsize < LEAST_FREE_BYTES:
            raise OSError(errno.ENOSPC, "the disk is nearly full")
        key = _key_of(session.fingerprint)
        final = self._path(session.ticker, session.date, key)
        beside = self.folder / f".{final.stem}.{secrets.token_hex(6)}"
        try:
            with beside.open("xb") as file:
                write_prepared(file, session, key)
            beside.chmod(0o444)  # a change in place would reach processes that have it mapped
            self._make_room(beside.stat().st_size)
            beside.replace(final)
        finally:
            beside.unlink(missing_ok=True)

    def _make_room(self, n_bytes: int) -> None:
        """Remove what dead writers left, and the oldest sessions that leave no room for another."""
        kept = []
        for path in self.folder.iterdir():
            try:
                state = path.stat()
            except FileNotFoundError:  # another process was faster
                continue
            if path.suffix == _SUFFIX and not path.name.startswith("."):
                kept.append((state.st_mtime_ns, state.st_size, path))
            elif path.name.startswith(".") and time.time() - state.st_mtime > _ABANDONED_SECONDS:
                path.unlink(missing_ok=True)
        kept.sort()
        excess = sum(size for _, size, _ in kept) + n_bytes - self.max_bytes
        for _, size, path in kept:
            if excess <= 0:
                break
            path.unlink(missing_ok=True)
            excess -= size

    def _path(self, ticker: str, day: date, key: str) -> Path:
        return self.folder / f"{ticker}_{day.isoformat()}_{key}{_SUFFIX}"


def _key_of(fingerprint: str) -> str:
    """What a prepared session is made from, as 32 hexadecimal digits."""
    from strategy.backtest import ENGINE_VERSION  # compiles kernels, which a listing does not need

    parts = f"{fingerprint} alignment {ALIGNMENT_VERSION} engine {ENGINE_VERSION}"
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def _is_trusted(path: Path, descriptor: int) -> bool:
    """Whether a file was read through by this process and has not changed, or is sound now."""
    state = state_of(os.fstat(descriptor))
    if _sound_files.get(path) == state:
        return True
    if not is_sound(descriptor):
        return False
    if is_settled(state):
        _sound_files[path] = state
    return True


def _fingerprint_of(folder: Path) -> str | None:
    """Fingerprint of a session's cache files, hashed once a process; None if one is absent."""
    try:
        states = [state_of((folder / name).stat()) for name in FILE_SCHEMAS]
        known = _fingerprints.get(folder)
        if known and known[0] == states:
            return known[1]
        fingerprint = session_fingerprint(folder)
    except OSError:
        return None
    if all(map(is_settled, states)):
        _fingerprints[folder] = (states, fingerprint)
    return fingerprint
