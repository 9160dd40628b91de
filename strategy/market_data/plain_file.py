"""Cache files are plain files of a size that can be: what a pipe or a device gives has no end."""

import errno
import os
import stat
from pathlib import Path

from strategy.market_data.schema import MAX_FILE_BYTES

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}


def require_plain_file(path: Path) -> None:
    """Look at a file, or what a link leads to, without opening it.

    Raises:
        OSError: it is absent, no plain file, or larger than any session's file.
    """
    found = path.stat()
    kind = stat.S_IFMT(found.st_mode)
    if kind != stat.S_IFREG:
        raise OSError(errno.EINVAL, f"is {_KINDS.get(kind, 'something else')}, not a file")
    if found.st_size > MAX_FILE_BYTES:
        size, limit = f"{found.st_size:,} bytes", f"{MAX_FILE_BYTES:,}"
        raise OSError(errno.EFBIG, f"has {size}, more than the {limit} of any session")


def read_plain_file(path: Path) -> bytes:
    """Return all bytes of a plain file.

    Raises:
        OSError: as `require_plain_file`, or it cannot be read.
    """
    require_plain_file(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe put there meanwhile has no end
    with os.fdopen(descriptor, "rb") as file:
        return file.read()
