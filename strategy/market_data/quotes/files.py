"""`quotes.parquet`: written whole, read whole and checked, or not at all."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from strategy.errors import CacheError, CorruptFileError
from strategy.market_data.integrity import CHECKSUM_KEY, content_checksum
from strategy.market_data.layout import session_folder
from strategy.market_data.mirror import mirror_of
from strategy.market_data.reader import read_file
from strategy.market_data.schema import (
    FORMAT_VERSION,
    FORMAT_VERSION_KEY,
    QUOTES_FILE,
    QUOTES_SCHEMA,
    SOURCE_KEY,
)
from strategy.whole_file import written_whole

Fill = tuple[str, int]  # contract, and the second of a fill, UTC since 1970


def fills_by_day(trades: pd.DataFrame) -> dict[date, list[Fill]]:
    """Contract and second of every entry and exit, by session, each once and in order.

    Args:
        trades: columns as `BacktestResult.trades`.
    """
    found: dict[date, set[Fill]] = {}
    for name in ("entry_time", "exit_time"):
        seconds = trades[name].dt.as_unit("s").astype("int64")
        for day, ticker, second in zip(
            trades["session_date"], trades["ticker"], seconds, strict=True
        ):
            found.setdefault(day, set()).add((ticker, int(second)))
    return {day: sorted(found[day]) for day in sorted(found)}


def quotes_table(rows: Iterable[tuple[Fill, dict[str, float | int | None]]]) -> pa.Table:
    """Return quotes in the schema of the cache, by contract, then by second.

    Args:
        rows: each fill with `bid`, `ask`, their sizes, and `quoted_at` in nanoseconds; none of them
            where there was no quote.
    """
    ordered = sorted(rows, key=lambda row: row[0])
    columns = [
        pa.array([ticker for (ticker, _), _ in ordered], pa.string()),
        pa.array([second * 1000 for (_, second), _ in ordered], pa.int64()).cast(
            QUOTES_SCHEMA.field("timestamp").type
        ),
        pa.array([row.get("quoted_at") for _, row in ordered], pa.int64()).cast(
            QUOTES_SCHEMA.field("quoted_at").type
        ),
        *(
            pa.array([row.get(name) for _, row in ordered], pa.float64())
            for name in QUOTES_SCHEMA.names[3:]
        ),
    ]
    return pa.table(columns, schema=QUOTES_SCHEMA)


def write_quotes(
    cache_dir: Path | str, ticker: str, day: date, quotes: pa.Table, *, source: str
) -> None:
    """Put a session's quotes beside its other files, in the place of those that are there."""
    checksum = content_checksum(quotes, source=source, format_version=FORMAT_VERSION)
    metadata = {
        SOURCE_KEY: source.encode(),
        FORMAT_VERSION_KEY: FORMAT_VERSION.encode(),
        CHECKSUM_KEY: checksum.encode(),
    }
    path = session_folder(cache_dir, ticker, day) / QUOTES_FILE
    with written_whole(path) as beside:
        pq.write_table(
            quotes.replace_schema_metadata(metadata),
            beside,
            compression="zstd",
            write_page_checksum=True,
        )
    if mirror := mirror_of(cache_dir):
        mirror.upload(ticker, day)


def read_quotes(cache_dir: Path | str, ticker: str, day: date) -> pa.Table | None:
    """Return a session's quotes in the schema of the cache; None where there are none.

    Raises:
        CorruptFileError: the file is damaged, or no file of quotes.
    """
    path = session_folder(cache_dir, ticker, day) / QUOTES_FILE
    if not path.exists():
        return None
    try:
        frame = read_file(path).frame
    except CacheError as error:
        raise CorruptFileError(
            error.found,
            expected="quotes as they were written",
            remedy="`rorq quotes RANGE` brings them anew; without the file, none are known",
        ) from None
    return pa.Table.from_pandas(frame, QUOTES_SCHEMA, preserve_index=False)
