"""Files that assets leave behind: where they lie; written whole and read whole, or not at all.

What stands in which of them is `rorq_pipeline.results.models`.
"""

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from rorq_pipeline.project.machine import shortage
from rorq_pipeline.project.paths import ProjectPaths
from strategy.checked import first_finding
from strategy.errors import RorqError
from strategy.whole_file import written_whole


class ArtifactError(RorqError):
    """A file that an asset left behind cannot be read."""


RESULT_CONFIG = ConfigDict(
    frozen=True,
    extra="forbid",
    strict=True,
    allow_inf_nan=False,
    ser_json_inf_nan="constants",  # else what is not finite would be written as null
)


class Artifact(BaseModel):
    """What one asset keeps of one range as JSON; each asset has a subclass with an own version.

    A file is read by the names it was written under, or not at all: one that this version would not
    write just so, with a field more or less, is refused.
    """

    model_config = RESULT_CONFIG

    ASSET: ClassVar[str]  # name of the asset, and of its folder
    MADE_BY: ClassVar[str] = ""  # the asset, where the folder has another name
    VERSION: ClassVar[int] = 1  # raised whenever a field or its meaning changes

    @classmethod
    def path(cls, partition_key: str, folder: Path | None = None) -> Path:
        """Return where the asset's file of a range lies."""
        return artifact_path(cls.ASSET, partition_key, ".json", folder)

    @classmethod
    def read(cls, partition_key: str, folder: Path | None = None) -> Self:
        """Read what the asset keeps of a range; see `read_file`."""
        return cls.read_file(cls.path(partition_key, folder))

    @classmethod
    def read_file(cls, path: Path) -> Self:
        """Read a file that `write_file` wrote.

        Raises:
            ArtifactError: it is absent, damaged, or of another version.
        """
        content = cls._read_object(path)
        version = content.pop("version", None)
        if version != cls.VERSION:
            raise cls._unusable(
                path, f"version {version}; this program reads version {cls.VERSION}"
            )
        try:
            artifact = cls.model_validate_json(json.dumps(content))
        except ValidationError as error:
            found = first_finding(error)
            raise cls._unusable(path, f"{found.name}: {found.said}") from None
        except (
            TypeError,
            OverflowError,
        ) as error:  # of a validator that takes any value, such as an array's
            raise cls._unusable(path, f"a value of another kind: {error}") from None
        if artifact.model_dump(mode="json") != content:  # a default stood in for what is absent
            raise cls._unusable(path, "not all of the fields that this program writes")
        return artifact

    @classmethod
    def _read_object(cls, path: Path) -> dict[str, Any]:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:  # the last of thousands of brackets
            problem = error.strerror if isinstance(error, OSError) else str(error)
            raise cls._unusable(path, str(problem)) from None
        if not isinstance(content, dict):
            raise cls._unusable(path, "no JSON object")
        return content

    @classmethod
    def _unusable(cls, path: Path, problem: str) -> ArtifactError:
        return ArtifactError(
            f"{path}: {problem}",
            expected=f"what the asset {cls.MADE_BY or cls.ASSET} left there",
            remedy=cls.remedy(path),
        )

    @classmethod
    def remedy(cls, path: Path) -> str:
        """What to do about a file that is of no use."""
        return anew(cls.MADE_BY or cls.ASSET, path.stem)

    def write_file(self, path: Path) -> None:
        """Write all fields and the version, whole or not at all."""
        text = self.json_text()
        write_whole(path, lambda beside: beside.write_text(text, encoding="utf-8"))

    def json_text(self) -> str:
        """All fields and the version; a number that JSON cannot say is an error."""
        return json_text({"version": self.VERSION, **self.model_dump(mode="json")})


def artifact_path(asset: str, partition_key: str, suffix: str, folder: Path | None = None) -> Path:
    """Return `artifacts/<asset>/<partition key><suffix>`."""
    return artifact_folder(asset, folder) / f"{partition_key}{suffix}"


def artifact_folder(asset: str, folder: Path | None = None) -> Path:
    """Return `artifacts/<asset>`, which may not exist yet."""
    return (folder if folder is not None else ProjectPaths.resolve().artifacts) / asset


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then put it in place in one step.

    A reader sees the former file or the new one; after a failure the former one stands.

    Raises:
        ResourceError: the disk is full.
        ArtifactError: the folder cannot be written to.
    """
    try:
        with written_whole(path) as beside:
            write(beside)
    except OSError as error:
        raise shortage(error) or ArtifactError(
            f"{path} cannot be written: {error.strerror or error}",
            expected="a folder that this user may write to",
            remedy="correct its permissions, or name another with RORQ_ARTIFACTS",
        ) from None


def json_text(value: Any) -> str:
    """JSON that people can read and compare; a number that JSON cannot say is an error."""
    return f"{json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)}\n"


@contextmanager
def project_lock(name: str) -> Iterator[None]:
    """Let one process of the project at a time do what follows."""
    folder = ProjectPaths.resolve().state
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def anew(asset: str, key: str) -> str:
    """Return the remedy where what an asset left of a range is of no use."""
    return f"make it anew with: rorq materialize {key} --select {asset}"
