"""How sessions come and go whole: on disk by one rename, then in the bucket, if there is one."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from strategy.errors import CacheError
from strategy.market_data.integrity import CHECKSUM_KEY, content_checksum
from strategy.market_data.layout import session_folder, session_source
from strategy.market_data.mirror import is_partial, mirror_of
from strategy.market_data.placing import folder_lock, moved_aside, sync_folder
from strategy.market_data.schema import (
    FILE_SCHEMAS,
    FORMAT_VERSION,
    FORMAT_VERSION_KEY,
    SOURCE_KEY,
    SYNTHETIC,
)


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
    a synthetic session never replaces a real one. One that came from a bucket without all its
    files is none.

    Returns:
        Whether the session was written.

    Raises:
        CacheError: the disk is full, or the folder cannot be written to.
        BucketError: the cache is a bucket that does not take it; it is here, and goes there later.
    """
    final = session_folder(cache_dir, ticker, day)
    building = None
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{day.isoformat()}.building-", dir=final.parent))
        building.chmod(0o755)
        _write_files(building, tables, source, extra_metadata or {})
        with folder_lock(final.parent):
            is_written = _put_in_place(building, final, source, replace=replace)
    except OSError as error:
        raise CacheError(
            f"session {ticker} {day} cannot be written to {final.parent} ({error.strerror})",
            expected="a folder with free space that this user may write to",
            remedy="make room or correct its permissions; nothing is left half-written",
        ) from None
    finally:
        if building is not None:
            shutil.rmtree(building, ignore_errors=True)
    if is_written and (mirror := mirror_of(cache_dir)):
        mirror.upload(ticker, day)
    return is_written


def remove_session(cache_dir: Path | str, ticker: str, day: date) -> None:
    """Remove one session; it disappears by one rename."""
    final = session_folder(cache_dir, ticker, day)
    if mirror := mirror_of(cache_dir):
        mirror.forget(ticker, day)
    with folder_lock(final.parent), moved_aside(final):
        pass


def _put_in_place(building: Path, final: Path, source: str, *, replace: bool) -> bool:
    if final.exists() and not is_partial(final):
        was_synthetic, is_synthetic = session_source(final) == SYNTHETIC, source == SYNTHETIC
        if is_synthetic and not was_synthetic:
            return False
        if not replace and is_synthetic == was_synthetic:
            return False
    with moved_aside(final):  # whole until the new one is ready, and deleted after
        building.rename(final)
    sync_folder(final.parent)
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
