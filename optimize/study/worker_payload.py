"""The objective in a file: what a worker process maps into memory instead of receiving a copy.

Layout: the lengths as JSON on the first line, the pickled objective, then its arrays, each at a
multiple of 64 bytes. Only a run's own workers read it, from a folder that only its user can enter.
"""

import json
import mmap
import pickle
from pathlib import Path
from typing import Any

_ALIGNMENT_BYTES = 64  # a cache line, so that arrays are aligned as numpy's own are


def write_payload(path: Path, objective: Any) -> None:
    """Write an objective and its arrays."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(objective, protocol=5, buffer_callback=buffers.append)
    raws = [buffer.raw() for buffer in buffers]
    header = json.dumps([len(body), *(raw.nbytes for raw in raws)]).encode() + b"\n"
    with path.open("wb") as file:
        file.write(header + body)
        for raw in raws:
            file.write(b"\0" * (-file.tell() % _ALIGNMENT_BYTES))
            file.write(raw)


def read_payload(path: Path) -> Any:
    """Map a payload; its arrays share memory with every other reader until they are written to."""
    with path.open("rb") as file:
        body_length, *lengths = json.loads(file.readline())
        start = file.tell()
        memory = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    offset = start + body_length
    buffers = []
    for length in lengths:
        offset += -offset % _ALIGNMENT_BYTES
        buffers.append(memory[offset : offset + length])
        offset += length
    return pickle.loads(memory[start : start + body_length], buffers=buffers)  # noqa: S301
