"""How a folder takes the place of another, and goes, by one rename each."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def moved_aside(folder: Path) -> Iterator[None]:
    """Move a session away, if there is one; delete it at the end, or put it back after an error."""
    if not folder.exists():
        yield
        return
    doomed = Path(tempfile.mkdtemp(prefix=f".{folder.name}.removed-", dir=folder.parent))
    aside = doomed / folder.name
    try:
        folder.rename(aside)
        yield
    except BaseException:
        if aside.exists() and not folder.exists():
            aside.rename(folder)
        raise
    finally:
        shutil.rmtree(doomed, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Have the disk keep the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Let one process at a time put sessions into a folder, or take them out."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
