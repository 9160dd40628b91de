"""Where a project keeps its things: the root, the cache, the artifacts and the state folder."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from strategy.errors import ParameterError

_MARKER = "pyproject.toml"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")
_STORES = ("s3", "gs", "abfs", "abfss")  # of which the first is tested


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


def bucket_address(text: str) -> str | None:
    """Return the address of a cache in object storage, without a slash at its end.

    Raises:
        ParameterError: it holds credentials or options, or no bucket.
    """
    if not _SCHEME.match(text):
        return None
    parts = urlsplit(text)
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    found = ""
    if parts.scheme not in _STORES:
        found = "no scheme of an object store"
    elif "@" in parts.netloc:
        found = "credentials"
    elif parts.query or parts.fragment:
        found = "options"
    elif not parts.netloc:
        found = "no bucket"
    if found:
        raise ParameterError(
            f"cache {shown} has {found}",
            expected="an address such as s3://bucket/prefix",
            remedy="credentials and region are found as the AWS tools find them, in AWS_* "
            "variables or ~/.aws, the address of another server in AWS_ENDPOINT_URL",
        )
    return text.rstrip("/")


def mirror_folder(root: Path, bucket: str) -> Path:
    """Return the folder in which the sessions of a bucket lie here."""
    return root / ".rorq" / "mirror" / hashlib.sha256(bucket.encode()).hexdigest()[:12]
