"""What RORQ_CACHE may say besides a folder: a bucket's address, whose sessions lie here too."""

import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit

from strategy.errors import ParameterError

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")
_STORES = ("s3", "gs", "abfs", "abfss")  # of which the first is tested


def bucket_address(text: str) -> str | None:
    """Return the address of a cache in object storage, without a slash at its end.

    Returns:
        None for a folder.

    Raises:
        ParameterError: it holds credentials or options, no bucket, or is of no object store.
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
    """Return the folder of a project in which the sessions of a bucket lie here."""
    return root / ".rorq" / "mirror" / hashlib.sha256(bucket.encode()).hexdigest()[:12]
