"""File locks that vanish with the process that holds them, however it ends.

Raw descriptors instead of file objects: a lease lives until the process ends, on purpose.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strategy.errors import DatabaseUnreachableError

_POLL_SECONDS = 0.05
_leases: dict[Path, int] = {}
_leases_guard = threading.Lock()


def open_lock_file(path: Path) -> int:
    """Return a descriptor of the lock file, made where it is absent."""
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def try_lock(descriptor: int, operation: int) -> bool:
    """Take the lock if it is free now."""
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_within(descriptor: int, operation: int, path: Path, timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not try_lock(descriptor, operation):
        if time.monotonic() > deadline:
            raise DatabaseUnreachableError(
                f"another process has held {path} for {timeout_seconds:.0f} seconds",
                expected="the embedded database to be started or stopped within that time",
                remedy="end the process that hangs (`fuser` names it), then try again",
            )
        time.sleep(_POLL_SECONDS)


@contextmanager
def exclusive_lock(path: Path, timeout_seconds: float) -> Iterator[None]:
    """Hold the lock file alone, among the processes and threads of this machine.

    Raises:
        DatabaseUnreachableError: it was not free within the time.
    """
    descriptor = open_lock_file(path)
    try:
        _lock_within(descriptor, fcntl.LOCK_EX, path, timeout_seconds)
        yield
    finally:
        os.close(descriptor)


def acquire_lease(path: Path, timeout_seconds: float) -> None:
    """Count this process among the users until it ends or releases; forked children count too.

    Raises:
        DatabaseUnreachableError: the watcher did not finish stopping the server within the time.
    """
    with _leases_guard:
        if path in _leases:
            return
        descriptor = open_lock_file(path)
        try:
            _lock_within(descriptor, fcntl.LOCK_SH, path, timeout_seconds)
        except BaseException:
            os.close(descriptor)
            raise
        _leases[path] = descriptor


def release_lease(path: Path) -> None:
    """No longer count this process among the users."""
    with _leases_guard:
        descriptor = _leases.pop(path, None)
    if descriptor is not None:
        os.close(descriptor)
