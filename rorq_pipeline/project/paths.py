"""Where a project keeps its things: the root, the cache, the artifacts and the state folder."""

import os
from dataclasses import dataclass
from pathlib import Path

_MARKER = "pyproject.toml"


@dataclass(frozen=True, kw_only=True)
class ProjectPaths:
    """The folders of one project, all absolute."""

    root: Path
    cache: Path
    artifacts: Path
    state: Path
    prepared: Path  # sessions as the engine reads them; can be deleted at any time

    @classmethod
    def resolve(cls) -> "ProjectPaths":
        """Take RORQ_HOME, _CACHE, _ARTIFACTS and _PREPARED where set, else the checkout itself."""
        root = _folder_from("RORQ_HOME") or _checkout_root()
        return cls(
            root=root,
            cache=_folder_from("RORQ_CACHE") or root / "polygon_cache",
            artifacts=_folder_from("RORQ_ARTIFACTS") or root / "artifacts",
            state=root / ".rorq",
            prepared=_folder_from("RORQ_PREPARED") or root / ".rorq" / "prepared",
        )

    def environment(self) -> dict[str, str]:
        """Return the variables that make any process use these folders, wherever it starts."""
        return {
            "RORQ_HOME": str(self.root),
            "RORQ_CACHE": str(self.cache),
            "RORQ_ARTIFACTS": str(self.artifacts),
        }


def _folder_from(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value).expanduser().resolve() if value else None


def _checkout_root() -> Path:
    checkout = Path(__file__).resolve().parents[2]
    return checkout if (checkout / _MARKER).exists() else Path.cwd()
