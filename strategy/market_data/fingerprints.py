"""Fingerprints of cached sessions, hashed again only where a file is another one than before.

What the file system says of a file, its device, inode, size and times, is its state. Known
fingerprints are kept in one file, whose checksum must hold; it may be removed at any time.
"""

import json
import os
import time
import zlib
from pathlib import Path

from strategy.derived_files import DAMAGE
from strategy.market_data.layout import session_fingerprint
from strategy.market_data.schema import FILE_SCHEMAS
from strategy.whole_file import written_whole

FileState = tuple[int, ...]  # device, inode, size, times
_SETTLED_NANOSECONDS = 2_000_000_000  # a later change has other times: clocks tick in milliseconds


def state_of(found: os.stat_result) -> FileState:
    """The state of a file."""
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def is_settled(state: FileState) -> bool:
    """Whether a change from now on would show in the file's times."""
    return time.time_ns() - max(state[-2:]) > _SETTLED_NANOSECONDS


class KnownFingerprints:
    """Session folders whose fingerprint is known, by the states of their files."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, list[object]] = _read(path)
        self._is_saved = True

    def of(self, folder: Path) -> str:
        """The fingerprint of a session's files as they are now.

        Raises:
            OSError: one is absent or cannot be read.
        """
        states = [list(state_of((folder / name).stat())) for name in FILE_SCHEMAS]
        known = self._known.get(str(folder))
        if known is not None and known[0] == states:
            return str(known[1])
        fingerprint = session_fingerprint(folder)
        if all(is_settled(tuple(state)) for state in states):
            self._known[str(folder)] = [states, fingerprint]
            self._is_saved = False
        return fingerprint

    def save(self) -> None:
        """Keep what is known, for other processes; where nothing can be written they hash again."""
        if self._is_saved:
            return
        body = json.dumps(self._known).encode()
        try:
            with written_whole(self._path) as beside:
                beside.write_bytes(f"{zlib.crc32(body):08x}\n".encode() + body)
        except OSError:
            return
        self._is_saved = True


def _read(path: Path) -> dict[str, list[object]]:
    try:
        checksum, _, body = path.read_bytes().partition(b"\n")
        if int(checksum, 16) != zlib.crc32(body):
            return {}
        known: dict[str, list[object]] = json.loads(body)
    except DAMAGE:
        return {}
    return known
