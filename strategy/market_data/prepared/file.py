"""One prepared session as one file.

Layout: a line with the format's name; the CRC-32 of all that follows, eight digits and a line feed;
everything but the arrays as one line of JSON; the arrays, each at a multiple of 64 bytes. Every
byte is covered: the first line is compared, the second is recomputed.
"""

import json
import mmap
import os
import zlib
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from strategy.session import SessionData

_FORMAT = b"rorq prepared session 1\n"
_BODY_OFFSET = len(_FORMAT) + 9  # bytes
_ALIGNMENT_BYTES = 64  # a cache line, so that arrays are aligned as numpy's own are
_CHUNK_BYTES = 1 << 20
_NAMES = [field.name for field in fields(SessionData)]


def write_prepared(file: BinaryIO, session: SessionData, key: str) -> None:
    """Write a session under a key, which says what it was made from."""
    values = {name: getattr(session, name) for name in _NAMES}
    arrays = {n: np.ascontiguousarray(v) for n, v in values.items() if isinstance(v, np.ndarray)}
    about = {
        **{name: value for name, value in values.items() if name not in arrays},
        "date": session.date.isoformat(),
        "key": key,
        "arrays": [[name, array.dtype.str, len(array)] for name, array in arrays.items()],
    }
    header = json.dumps(about).encode() + b"\n"
    pieces: list[Any] = [header]
    end = _BODY_OFFSET + len(header)
    for array in arrays.values():
        padding = -end % _ALIGNMENT_BYTES
        pieces += [b"\0" * padding, array.data]
        end += padding + array.nbytes
    checksum = 0
    for piece in pieces:
        checksum = zlib.crc32(piece, checksum)
    file.write(_FORMAT + _line_of(checksum))
    file.writelines(pieces)


def is_sound(descriptor: int) -> bool:
    """Whether all bytes of an open file are those that were written; reads it from its start."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    start = os.read(descriptor, _BODY_OFFSET)
    checksum = 0
    # Read, not mapped: an unreadable block is an error here, and the pages stay out of the process.
    while chunk := os.read(descriptor, _CHUNK_BYTES):
        checksum = zlib.crc32(chunk, checksum)
    return start == _FORMAT + _line_of(checksum)


def map_prepared(descriptor: int, key: str) -> SessionData | None:
    """Map a sound file; None if it was written under another key.

    The arrays are this process's own: writing to them changes neither the file nor other processes.
    """
    memory = mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY)
    header_end = memory.find(b"\n", _BODY_OFFSET) + 1
    about = json.loads(memory[_BODY_OFFSET:header_end])
    if about.pop("key") != key:
        return None
    about.update(_arrays(memory, header_end, about.pop("arrays")))
    about["date"] = date.fromisoformat(about["date"])
    about["contract_tickers"] = tuple(about["contract_tickers"])
    return SessionData(**about)


def _arrays(
    memory: mmap.mmap, end: int, table: list[list[Any]]
) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    for name, dtype, length in table:
        start = end + -end % _ALIGNMENT_BYTES
        array = np.frombuffer(memory, dtype, length, start)
        yield name, array
        end = start + array.nbytes


def _line_of(checksum: int) -> bytes:
    return f"{checksum:08x}\n".encode()
