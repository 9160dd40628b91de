"""Objects of a bucket: listed, fetched and put whole, with every failure in one line.

What an object means is the business of `mirror`. Credentials are found by the AWS SDK, in the
environment, in `~/.aws` or at the machine's role; they pass through no code of ours, and of the
SDK's messages only the name of the fault is told, because they may quote what was sent.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from pyarrow import fs

from strategy.errors import BucketError, BucketUnreachableError

_CONNECT_SECONDS = 3.0
_ATTEMPTS = 6  # of a request: 25 s in all where nothing listens, 40 s where nothing answers
_FAULT = re.compile(r"AWS Error ([A-Z_]+)(?: \(HTTP status (\d+)\))?")
_UNREACHABLE = frozenset({
    "NETWORK_CONNECTION", "INTERNAL_FAILURE", "SERVICE_UNAVAILABLE", "THROTTLING", "SLOW_DOWN",
    "REQUEST_TIMEOUT",
})  # fmt: skip
_REFUSED = frozenset({
    "ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "INVALID_SIGNATURE",
    "INVALID_CLIENT_TOKEN_ID", "UNRECOGNIZED_CLIENT", "MISSING_AUTHENTICATION_TOKEN",
    "REQUEST_EXPIRED",
})  # fmt: skip

_CREDENTIAL_VARIABLES = (
    "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One object of a listing."""

    name: str  # after the last slash
    changed_seconds: float  # since 1970, by the server's clock


@dataclass(frozen=True)
class ObjectStore:
    """The objects below an address such as s3://bucket/prefix."""

    address: str

    @cached_property
    def _place(self) -> tuple[fs.FileSystem, str]:
        """The file system, and the path in it that the address means."""
        parts = urlsplit(self.address)
        path = f"{parts.netloc}{parts.path}".rstrip("/")
        with self._one_line():
            if parts.scheme != "s3":
                system, path = fs.FileSystem.from_uri(self.address)
                return system, path
            endpoint = s3_endpoint()
            return fs.S3FileSystem(
                endpoint_override=endpoint or None,
                region=_region(parts.netloc) if not endpoint else None,
                connect_timeout=_CONNECT_SECONDS,
                retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
                allow_delayed_open=True,  # a small object is one request
            ), path

    def folders(self) -> list[str]:
        """Names of what has objects below it, in order."""
        return [info.base_name for info in self._list("") if info.type == fs.FileType.Directory]

    def objects(self, folder: str) -> list[Listed]:
        """The objects of a folder, by name; none where there is no such folder.

        Raises:
            BucketError: the bucket is not there, cannot be reached, or refuses.
        """
        return [
            Listed(name=info.base_name, changed_seconds=info.mtime_ns / 1e9)
            for info in self._list(folder)
            if info.type == fs.FileType.File
        ]

    def get(self, key: str, *, max_bytes: int) -> bytes | None:
        """All bytes of an object, none of a larger one; None where it is absent.

        Raises:
            BucketError: as `objects`.
        """
        system, path = self._place
        with self._one_line():
            try:
                with system.open_input_file(f"{path}/{key}") as file:
                    data: bytes = file.readall() if file.size() <= max_bytes else b""
            except FileNotFoundError:
                return None
        return data

    def put(self, key: str, data: bytes) -> None:
        """Put an object, which is seen whole or not at all.

        Raises:
            BucketError: as `objects`.
        """
        system, path = self._place
        with self._one_line(), system.open_output_stream(f"{path}/{key}") as stream:
            stream.write(data)

    def delete(self, key: str) -> None:
        """Remove an object; nothing where it is absent."""
        system, path = self._place
        with self._one_line():
            try:
                system.delete_file(f"{path}/{key}")
            except FileNotFoundError:
                return

    def _list(self, folder: str) -> list[fs.FileInfo]:
        system, path = self._place
        selector = fs.FileSelector(f"{path}/{folder}".rstrip("/"), allow_not_found=True)
        with self._one_line():
            found = sorted(system.get_file_info(selector), key=lambda info: info.base_name)
            bucket = system.get_file_info(path.partition("/")[0]) if not found else None
        if bucket is not None and bucket.type == fs.FileType.NotFound:
            raise _no_such_bucket(self.address)
        return found

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _told(self.address, error) from None


def s3_endpoint() -> str:
    """The address of a server other than Amazon's; empty for Amazon's.

    Arrow does not read these variables, which the AWS tools do.
    """
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")


def _region(bucket: str) -> str | None:
    """The bucket's region where nothing says which; None leaves it to the SDK."""
    if os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"):
        return None
    region: str = fs.resolve_s3_region(bucket)
    return region


def _names_credentials() -> bool:
    """Whether the environment or a file says where credentials are; a role does not show."""
    files = {
        "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials",
        "AWS_CONFIG_FILE": "~/.aws/config",
    }
    return any(os.environ.get(name) for name in _CREDENTIAL_VARIABLES) or any(
        Path(os.environ.get(name) or usual).expanduser().is_file() for name, usual in files.items()
    )


def _server() -> str:
    """What a message calls the server; without what stands before an @."""
    scheme, _, host = s3_endpoint().partition("://")
    return f"{scheme}://{host.rpartition('@')[2]}" if host else "its server"


def _no_such_bucket(address: str) -> BucketError:
    return BucketError(
        f"{address}: there is no such bucket at {_server()}",
        expected="a bucket that exists",
        remedy="correct RORQ_CACHE or AWS_ENDPOINT_URL, or make the bucket",
    )


def _told(address: str, error: OSError) -> BucketError:
    text = str(error)
    found = _FAULT.search(text)
    fault, status = found.groups() if found else ("", None)
    server = _server()
    if fault == "NO_SUCH_BUCKET" or re.search("Bucket .* not found", text):
        return _no_such_bucket(address)
    if fault in _REFUSED and not _names_credentials():
        return BucketError(
            f"{address}: {server} refuses ({fault}), and no credentials were found in the "
            "environment or in ~/.aws",
            expected="credentials that may list, read and write there",
            remedy="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the "
            "machine a role",
        )
    if fault in _REFUSED:
        return BucketError(
            f"{address}: {server} refuses the credentials ({fault})",
            expected="credentials that may list, read and write there",
            remedy="correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or the "
            "machine's role",
        )
    if fault in _UNREACHABLE or (status or "").startswith("5"):
        return BucketUnreachableError(
            f"{address}: {server} does not answer, or breaks off ({fault}, {_ATTEMPTS} attempts)",
            expected="a server that answers",
            remedy="look at the network and AWS_ENDPOINT_URL, then run the same again: it goes on "
            "with what is left",
        )
    return BucketError(
        f"{address}: {server} failed ({status or fault or type(error).__name__})",
        expected="an object store that answers as S3 does",
        remedy="look at the bucket's region (AWS_REGION) and the server's log, then run the same "
        "again",
    )
