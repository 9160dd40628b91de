"""Where sessions lie on disk, and how they come and go whole.

A session is a folder `<cache>/<ticker>/<date>` that appears by one rename. Names that begin with a
dot are work in progress and are never read.
"""

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from strategy.errors import CacheError
from strategy.market_data.integrity import CHECKSUM_KEY, content_checksum
from strategy.market_data.plain_file import require_plain_file
from strategy.market_data.schema import (
    FILE_SCHEMAS,
    FORMAT_VERSION,
    FORMAT_VERSION_KEY,
    SOURCE_KEY,
    SYNTHETIC,
    UNKNOWN,
)
from strategy.ticker import TICKER_EXPECTED, is_ticker

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def ticker_folder(cache_dir: Path | str, ticker: str) -> Path:
    """Folder of one underlying's sessions.

    Raises:
        CacheError: the ticker is not of the form that exchanges use.
    """
    if not is_ticker(ticker):
        raise CacheError(
            f"ticker {ticker[:40]!r}",
            expected=TICKER_EXPECTED,
            remedy="correct the ticker",
        )
    return Path(cache_dir) / ticker


def session_folder(cache_dir: Path | str, ticker: str, day: date) -> Path:
    """Folder of one session, whether it exists or not."""
    return ticker_folder(cache_dir, ticker) / day.isoformat()


def list_sessions(cache_dir: Path | str, ticker: str) -> list[date]:
    """Dates of the cached sessions, in order; folders that are no dates are passed over.

    A link that leads in a circle is listed, so that who reads the session says what is wrong.

    Raises:
        CacheError: what should be a folder cannot be listed.
    """
    folder = ticker_folder(cache_dir, ticker)
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if _DATE.fullmatch(e.name) and _may_be_session(e)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unlistable(folder, error) from None
    return sorted(day for name in names if (day := _date_or_none(name)) is not None)


def _may_be_session(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return True


def unlistable(folder: Path, error: OSError) -> CacheError:
    """Make the error for a ticker's folder that cannot be listed."""
    return CacheError(
        f"{folder}: {error.strerror}",
        expected="a folder of sessions that can be read",
        remedy="correct RORQ_CACHE, or the folder and its permissions",
    )


def session_source(folder: Path) -> str:
    """Source that a session states in the first of its files that can be read, else `unknown`."""
    for name in FILE_SCHEMAS:
        try:
            require_plain_file(folder / name)
            metadata = pq.read_metadata(folder / name).metadata or {}
        except (OSError, pa.ArrowException):
            continue
        source: bytes = metadata.get(SOURCE_KEY, UNKNOWN.encode())
        return source.decode(errors="replace")
    return UNKNOWN


def session_fingerprint(folder: Path) -> str:
    """SHA-256 over the names and bytes of the session's three files, hexadecimal."""
    hashes = {}
    for name in FILE_SCHEMAS:
        require_plain_file(folder / name)
        with (folder / name).open("rb") as file:
            hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return combine_file_hashes(hashes)


def combine_file_hashes(hashes: Mapping[str, str]) -> str:
    """Like `session_fingerprint`, from the SHA-256 of each file, by file name."""
    digest = hashlib.sha256()
    for name in FILE_SCHEMAS:
        digest.update(f"{name} {hashes[name]}\n".encode())
    return digest.hexdigest()


def write_session(
    cache_dir: Path | str,
    ticker: str,
    day: date,
    tables: Mapping[str, pa.Table],
    *,
    source: str,
    extra_metadata: Mapping[str, str] | None = None,
    replace: bool = False,
) -> bool:
    """Write one session whole, from a table for each of its three files.

    An existing session stays, unless it is synthetic and the new one is not, or `replace` is true;
    a synthetic session never replaces a real one.

    Returns:
        Whether the session was written.

    Raises:
        CacheError: the disk is full, or the folder cannot be written to.
    """
    final = session_folder(cache_dir, ticker, day)
    building = None
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{day.isoformat()}.building-", dir=final.parent))
        building.chmod(0o755)
        _write_files(building, tables, source, extra_metadata or {})
        with _folder_lock(final.parent):
            return _put_in_place(building, final, source, replace=replace)
    except OSError as error:
        raise CacheError(
            f"session {ticker} {day} cannot be written to {final.parent} ({error.strerror})",
            expected="a folder with free space that this user may write to",
            remedy="make room or correct its permissions; nothing is left half-written",
        ) from None
    finally:
        if building is not None:
            shutil.rmtree(building, ignore_errors=True)


def remove_session(cache_dir: Path | str, ticker: str, day: date) -> None:
    """Remove one session; it disappears by one rename."""
    final = session_folder(cache_dir, ticker, day)
    with _folder_lock(final.parent), _moved_aside(final):
        pass


def _put_in_place(building: Path, final: Path, source: str, *, replace: bool) -> bool:
    if final.exists():
        was_synthetic, is_synthetic = session_source(final) == SYNTHETIC, source == SYNTHETIC
        if is_synthetic and not was_synthetic:
            return False
        if not replace and is_synthetic == was_synthetic:
            return False
    with _moved_aside(final):  # whole until the new one is ready, and deleted after
        building.rename(final)
    _sync_folder(final.parent)
    return True


def _write_files(
    folder: Path, tables: Mapping[str, pa.Table], source: str, extra: Mapping[str, str]
) -> None:
    metadata = {
        SOURCE_KEY: source.encode(),
        FORMAT_VERSION_KEY: FORMAT_VERSION.encode(),
        **{key.encode(): value.encode() for key, value in extra.items()},
    }
    for name, schema in FILE_SCHEMAS.items():
        table = tables[name].select(schema.names).cast(schema)
        checksum = content_checksum(table, source=source, format_version=FORMAT_VERSION)
        table = table.replace_schema_metadata({**metadata, CHECKSUM_KEY: checksum.encode()})
        path = folder / name
        pq.write_table(table, path, compression="zstd", write_page_checksum=True)
        with path.open("rb") as file:
            os.fsync(file.fileno())


@contextmanager
def _moved_aside(folder: Path) -> Iterator[None]:
    """Move a session away, if there is one; delete it at the end, or put it back after an error."""
    if not folder.exists():
        yield
        return
    doomed = Path(tempfile.mkdtemp(prefix=f".{folder.name}.removed-", dir=folder.parent))
    aside = doomed / folder.name
    try:
        folder.rename(aside)
        yield
    except BaseException:
        if aside.exists() and not folder.exists():
            aside.rename(folder)
        raise
    finally:
        shutil.rmtree(doomed, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _folder_lock(folder: Path) -> Iterator[None]:
    """Let one process at a time put sessions into a folder, or take them out."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _date_or_none(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None
