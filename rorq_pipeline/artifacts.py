"""Files that assets leave behind: where they lie, and how they are written whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from rorq_pipeline.paths import ProjectPaths


def artifact_path(asset: str, partition_key: str, suffix: str, folder: Path | None = None) -> Path:
    """Return `artifacts/<asset>/<partition key><suffix>`."""
    base = folder if folder is not None else ProjectPaths.resolve().artifacts
    return base / asset / f"{partition_key}{suffix}"


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then put it in place in one step.

    A reader sees the former file or the new one; after a failure the former one stands.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        write(beside)
        beside.chmod(0o644)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
