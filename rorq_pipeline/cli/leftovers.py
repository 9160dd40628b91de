"""What a `rorq dev` that was killed leaves running: its web server, daemon and code servers.

Dagster ends them when it ends itself; killed, it cannot, and they would hold the port and work
beside those of the next `rorq dev`. All that it starts carries a mark in its environment.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]

_MARK = "RORQ_DEV"  # process id of the `rorq dev`, and its project
_END_SECONDS = 10.0


def mark_own(root: Path) -> None:
    """Mark this process, and what it will start, as this project's `rorq dev`."""
    os.environ[_MARK] = _mark(os.getpid(), root)


def end_leftovers(root: Path) -> list[int]:
    """End what killed `rorq dev` of this project left; return the process ids."""
    left = list(_leftovers(root))
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(left, timeout=_END_SECONDS)[1]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return [process.pid for process in left]


def _leftovers(root: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            mark = process.environ().get(_MARK, "")
            pid = mark.partition(" ")[0]
            is_ours = mark == _mark(pid, root) and not _is_alive(int(pid), mark)
            # What has a session of its own, as the database's watcher, is nobody's leftover.
            if is_ours and os.getsid(process.pid) != process.pid:
                yield process


def _mark(pid: int | str, root: Path) -> str:
    return f"{pid} {root}"


def _is_alive(pid: int, mark: str) -> bool:
    """Whether the process lives, and is not another one under its number."""
    try:
        return bool(psutil.Process(pid).environ().get(_MARK) == mark)
    except psutil.Error:
        return False
