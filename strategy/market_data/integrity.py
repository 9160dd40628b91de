"""The checksum of a cache file's content, written into its metadata and verified by every read.

Parquet's own page checksums guard the pages, not the page headers and the footer: a damaged byte
there can decode to other values without an error. This one is over what was decoded, so that
damage is found wherever it lies, and damage that changes nothing is no error. It guards against
accidents, not against intent; a session's fingerprint is over all bytes.
"""

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

CHECKSUM_KEY = b"rorq.checksum"


def content_checksum(table: pa.Table, *, source: str, format_version: str) -> str:
    """CRC-32 over names, types, missing rows and values of all columns, eight hexadecimal digits.

    The same for equal tables, however their columns are chunked.
    """
    checksum = zlib.crc32(f"{source} {format_version} {table.num_rows}".encode())
    for name, column in zip(table.column_names, table.columns, strict=True):
        checksum = zlib.crc32(f"{name} {column.type} {column.null_count}".encode(), checksum)
        for part in _parts(column):
            checksum = zlib.crc32(np.ascontiguousarray(part).data, checksum)
    return f"{checksum:08x}"


def _parts(column: pa.ChunkedArray) -> Iterator[npt.NDArray[Any]]:
    """Which rows of a column are missing, then its values with zero or nothing for those."""
    if column.null_count:
        yield column.is_null().to_numpy()
    if not pa.types.is_string(column.type):
        for chunk in column.chunks:
            integers = chunk.view(f"int{column.type.bit_width}")
            yield (integers.fill_null(0) if chunk.null_count else integers).to_numpy()
        return
    chunks = [chunk.fill_null("") if chunk.null_count else chunk for chunk in column.chunks]
    chunks = [chunk for chunk in chunks if len(chunk)]
    for chunk in chunks:
        offsets = np.frombuffer(chunk.buffers()[1], np.int32)
        yield np.diff(offsets[chunk.offset : chunk.offset + len(chunk) + 1])
    for chunk in chunks:
        yield _characters(chunk)


def _characters(chunk: pa.StringArray) -> npt.NDArray[np.uint8]:
    """The texts of one chunk, one after the other."""
    _, offsets, characters = chunk.buffers()
    if characters is None:  # all texts are empty
        return np.empty(0, np.uint8)
    bounds = np.frombuffer(offsets, np.int32)[[chunk.offset, chunk.offset + len(chunk)]]
    return np.frombuffer(characters, np.uint8)[bounds[0] : bounds[1]]
