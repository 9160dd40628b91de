"""Files that are made again where they are absent: what a damaged one raises, and their bound.

They lie as `FOLDER/TICKER/IDENTITY/…`, where the identity is a hash of what they depend on.
"""

import os
import shutil
import struct
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

# A flipped bit of an archive can say anything: another method, a password, a name, a size.
DAMAGE: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)


def mark_used(identity: Path) -> None:
    """Note that an identity is in use now; nothing where it has no files yet."""
    with suppress(OSError):
        os.utime(identity)


def keep_below(folder: Path, max_bytes: int, *, spared: Path) -> None:
    """Remove the identities used longest ago, other than `spared`, that are beyond a size."""
    others = []
    total = _size_of(spared)
    for identity in folder.glob("*/*"):
        with suppress(OSError):  # another process was faster
            size = _size_of(identity)
            total += size if identity != spared else 0
            others.append((identity.stat().st_mtime_ns, size, identity))
    for _, size, identity in sorted(others):
        if total <= max_bytes:
            break
        if identity != spared:
            shutil.rmtree(identity, ignore_errors=True)
            total -= size


def _size_of(identity: Path) -> int:
    total = 0
    for path in identity.iterdir():
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total
