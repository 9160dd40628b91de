"""Files that assets leave behind: where they lie, and how they are written whole or not at all."""

import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rorq_pipeline.project.paths import ProjectPaths
from strategy.errors import RorqError


class ArtifactError(RorqError):
    """A file that an asset left behind cannot be read."""


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


def json_text(value: Any) -> str:
    """JSON that people can read and compare; a number that JSON cannot say is an error."""
    return f"{json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)}\n"


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ArtifactError: the file is absent, damaged, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
        raise _unreadable(path, str(problem)) from None
    if not isinstance(content, dict):
        raise _unreadable(path, "no JSON object")
    return content


@contextmanager
def project_lock(name: str) -> Iterator[None]:
    """Let one process of the project at a time do what follows."""
    folder = ProjectPaths.resolve().state
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _unreadable(path: Path, problem: str) -> ArtifactError:
    return ArtifactError(
        f"{path}: {problem}",
        expected=f"what the asset {path.parent.name} left there",
        remedy=f"materialize {path.parent.name} for {path.stem} again",
    )
