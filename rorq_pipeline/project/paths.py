"""Where a project keeps its things: the root, the cache, the artifacts and the state folder."""

import os
from dataclasses import dataclass
from pathlib import Path

from strategy.cache_address import bucket_address, mirror_folder

_MARKER = "pyproject.toml"


@dataclass(frozen=True, kw_only=True)
class ProjectPaths:
    """The folders of one project, all absolute."""

    root: Path
    cache: Path  # of a cache in object storage, the folder of its mirror
    artifacts: Path
    state: Path
    prepared: Path  # sessions as the engine reads them; can be deleted at any time
    bucket: str | None = None  # address of a cache in object storage

    @classmethod
    def resolve(cls, cache: str | None = None) -> "ProjectPaths":
        """Take RORQ_HOME, _CACHE, _ARTIFACTS and _PREPARED where set, else the checkout itself.

        Args:
            cache: Another folder or address of a bucket than RORQ_CACHE says.

        Raises:
            ParameterError: an address of a bucket that is not admitted.
        """
        root = _folder_from("RORQ_HOME") or _checkout_root()
        named = cache or os.environ.get("RORQ_CACHE", "")
        bucket = bucket_address(named)
        folder = Path(named).expanduser().resolve() if named else root / "polygon_cache"
        return cls(
            root=root,
            bucket=bucket,
            cache=mirror_folder(root, bucket) if bucket else folder,
            artifacts=_folder_from("RORQ_ARTIFACTS") or root / "artifacts",
            state=root / ".rorq",
            prepared=_folder_from("RORQ_PREPARED") or root / ".rorq" / "prepared",
        )

    @property
    def cache_name(self) -> str:
        """What RORQ_CACHE says: the cache's folder, or its bucket's address."""
        return self.bucket or str(self.cache)

    def environment(self) -> dict[str, str]:
        """Return the variables that make any process use these folders, wherever it starts."""
        return {
            "RORQ_HOME": str(self.root),
            "RORQ_CACHE": self.cache_name,
            "RORQ_ARTIFACTS": str(self.artifacts),
        }


def _folder_from(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value).expanduser().resolve() if value else None


def _checkout_root() -> Path:
    checkout = Path(__file__).resolve().parents[2]
    return checkout if (checkout / _MARKER).exists() else Path.cwd()
