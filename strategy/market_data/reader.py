"""From a cached session to `SessionData`; `loading` does it for a whole range.

What is unsound is refused here with the file and the reason; `validation` finds the same and more,
and tells it all at once instead of at the first fault.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from strategy.errors import (
    CorruptFileError,
    MissingSessionError,
    MixedSourcesError,
    SchemaError,
)
from strategy.market_data.alignment import align_session
from strategy.market_data.integrity import CHECKSUM_KEY, content_checksum
from strategy.market_data.layout import combine_file_hashes, session_folder
from strategy.market_data.plain_file import read_plain_file
from strategy.market_data.schema import (
    CHAIN_FILE,
    FETCH_AGAIN,
    FILE_SCHEMAS,
    FORMAT_VERSION,
    FORMAT_VERSION_KEY,
    MAX_ROWS,
    OPTIONS_FILE,
    QUOTES_FILE,
    QUOTES_SCHEMA,
    SOURCE_KEY,
    UNDERLYING_FILE,
    UNKNOWN,
)
from strategy.session import SessionData

_SCHEMAS = {**FILE_SCHEMAS, QUOTES_FILE: QUOTES_SCHEMA}


@dataclass(frozen=True, eq=False, kw_only=True)
class SessionFrames:
    """One session's three files as they are on disk."""

    ticker: str
    date: date
    source: str
    fingerprint: str
    underlying: pd.DataFrame
    chain: pd.DataFrame
    options: pd.DataFrame


@dataclass(frozen=True, eq=False, kw_only=True)
class CacheFile:
    """One cache file: its columns in the order of the schema, and what it says of itself."""

    frame: pd.DataFrame
    source: str  # as stated, `unknown` where the file states none
    sha256: str  # of all its bytes, hexadecimal


def read_file(path: Path) -> CacheFile:
    """Read one cache file whole, so that what is hashed is what is decoded.

    Raises:
        CorruptFileError: the file is absent, cut short or damaged.
        SchemaError: a column is missing or of another type, or the format is of another version.
    """
    label = "/".join(path.parts[-3:])
    try:
        data = read_plain_file(path)
    except OSError as error:
        raise CorruptFileError(
            f"{label} {'is absent' if isinstance(error, FileNotFoundError) else error.strerror}",
            expected="three readable files in a session",
            remedy=FETCH_AGAIN,
        ) from None
    try:
        frame, source = _decode(label, _SCHEMAS[path.name], data)
    except (OSError, pa.ArrowException, ValueError, OverflowError, MemoryError) as error:
        raise CorruptFileError(
            f"{label} cannot be read ({_first_line(error)})",
            expected="a whole Parquet file",
            remedy=FETCH_AGAIN,
        ) from None
    return CacheFile(frame=frame, source=source, sha256=hashlib.sha256(data).hexdigest())


def _decode(label: str, schema: pa.Schema, data: bytes) -> tuple[pd.DataFrame, str]:
    """Columns and source of one file; further columns are left out."""
    with pq.ParquetFile(pa.BufferReader(data)) as file:
        parsed = file.metadata
        metadata = parsed.metadata or {}
        n_rows = parsed.num_rows
        check_columns(label, file.schema_arrow, schema)
        _require_possible_rows(label, n_rows)
    table = _read_columns(schema, data, parsed)
    version = metadata.get(FORMAT_VERSION_KEY, FORMAT_VERSION.encode()).decode(errors="replace")
    if version != FORMAT_VERSION:
        raise SchemaError(
            f"{label} is of format version {version!r}",
            expected=f"version {FORMAT_VERSION}",
            remedy=FETCH_AGAIN,
        )
    source = metadata.get(SOURCE_KEY, UNKNOWN.encode()).decode(errors="replace")
    stated = metadata.get(CHECKSUM_KEY, b"").decode(errors="replace")
    if not stated:
        table.validate(full=True)  # of another writer: texts may be no UTF-8
    found = stated and content_checksum(table, source=source, format_version=version)
    if (table.num_rows, found) != (n_rows, stated):
        raise CorruptFileError(
            f"{label} has {table.num_rows} rows with the checksum {found or 'none'}",
            expected=f"{n_rows} rows with {stated or 'any'}, as they were written",
            remedy=FETCH_AGAIN,
        )
    return table.to_pandas(), source


def _require_possible_rows(label: str, n_rows: int) -> None:
    limit = MAX_ROWS[label.rpartition("/")[2]]
    if n_rows > limit:
        raise CorruptFileError(
            f"{label} states {n_rows:,} rows",
            expected=f"at most {limit:,} in a session",
            remedy=FETCH_AGAIN,
        )


def _read_columns(schema: pa.Schema, data: bytes, parsed: pq.FileMetaData) -> pa.Table:
    """Columns in the order of the schema, without metadata of pandas."""
    coded = ["ticker"] if "ticker" in schema.names else []  # few values in many rows: in less time
    with pq.ParquetFile(
        pa.BufferReader(data),
        metadata=parsed,
        page_checksum_verification=True,
        read_dictionary=coded,
    ) as file:
        read = file.read(columns=schema.names, use_threads=False)
    columns = {name: read[name] for name in schema.names}
    for name in coded:
        columns[name].validate(full=True)  # a code of a damaged file may have no value
        columns[name] = columns[name].cast(pa.string())
    return pa.Table.from_arrays(list(columns.values()), schema=schema)


def check_columns(label: str, found: pa.Schema, expected: pa.Schema) -> None:
    """Require every expected column with its type; further columns are ignored.

    Raises:
        SchemaError: it names the first column at fault.
    """
    for field in expected:
        index = found.get_field_index(field.name)
        if index < 0:
            raise SchemaError(
                f"{label} has no column {field.name}",
                expected=f"{field.name} of type {field.type}",
                remedy=FETCH_AGAIN,
            )
        if found.field(index).type != field.type:
            raise SchemaError(
                f"{label} column {field.name} is of type {found.field(index).type}",
                expected=str(field.type),
                remedy=FETCH_AGAIN,
            )


def read_session_frames(cache_dir: Path | str, ticker: str, day: date) -> SessionFrames:
    """Read one session as it is on disk, checked for columns and types, not for values.

    Raises:
        MissingSessionError, CorruptFileError, SchemaError, MixedSourcesError
    """
    folder = session_folder(cache_dir, ticker, day)
    if not (folder.is_dir() or folder.is_symlink()):  # a link that leads nowhere is damage
        raise MissingSessionError(
            f"session {ticker} {day} is not in the cache",
            expected=f"a folder {ticker}/{day}",
            remedy=f"fetch it with `rorq download {ticker}_{day}_{day}`, or make one with "
            f"`rorq sample {ticker}_{day}_{day}`",
        )
    read = {name: read_file(folder / name) for name in FILE_SCHEMAS}
    sources = {file.source for file in read.values()}
    if len(sources) > 1:
        raise MixedSourcesError(
            f"the files of {ticker}/{day} state the sources {', '.join(sorted(sources))}",
            expected="one source a session",
            remedy=FETCH_AGAIN,
        )
    return SessionFrames(
        ticker=ticker,
        date=day,
        source=sources.pop(),
        fingerprint=combine_file_hashes({name: file.sha256 for name, file in read.items()}),
        underlying=read[UNDERLYING_FILE].frame,
        chain=read[CHAIN_FILE].frame,
        options=read[OPTIONS_FILE].frame,
    )


def build_session(frames: SessionFrames) -> SessionData:
    """Align one session's bars on its grid of seconds.

    Raises:
        BadDataError: values that cannot be true; the message names file and column.
    """
    return align_session(
        frames.underlying,
        frames.chain,
        frames.options,
        ticker=frames.ticker,
        day=frames.date,
        source=frames.source,
        fingerprint=frames.fingerprint,
    )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
