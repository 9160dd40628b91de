"""The provider's rows as tables of the cache's schemas; what is not as documented is refused."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from strategy.errors import DownloadError
from strategy.market_data.schema import CHAIN_SCHEMA, UNDERLYING_SCHEMA

_BAR_KEYS = {
    "timestamp": "t",
    "open": "o",
    "high": "h",
    "low": "l",
    "close": "c",
    "volume": "v",
    "vwap": "vw",
    "trades": "n",
}  # column of the cache -> name in the provider's answer

_QUOTE_KEYS = {
    "bid": "bid_price",
    "ask": "ask_price",
    "bid_size": "bid_size",
    "ask_size": "ask_size",
}  # column of the cache -> name in the provider's answer
Quote = dict[str, float | int | None]


def bars_table(rows: Iterable[Mapping[str, Any]], ticker: str) -> pa.Table:
    """Return bars in time order, each second once.

    Raises:
        DownloadError: a row is not as documented.
    """
    by_time: dict[Any, Mapping[str, Any]] = {}
    try:
        for row in rows:
            by_time[int(row["t"])] = row
        ordered = [by_time[key] for key in sorted(by_time)]
        columns = [
            _column([row.get(_BAR_KEYS[field.name]) for row in ordered], field.type)
            for field in UNDERLYING_SCHEMA
        ]
    except (KeyError, TypeError, ValueError, AttributeError, pa.ArrowException) as error:
        raise _unlike_documentation(f"the bars of {ticker}", error) from None
    return pa.table(columns, schema=UNDERLYING_SCHEMA)


def chain_table(rows: Iterable[Mapping[str, Any]], ticker: str, day: date) -> pa.Table:
    """Return standard contracts of the underlying that expire that day, by ticker, each once.

    Contracts adjusted for a corporate action deliver something else; they are left out.

    Raises:
        DownloadError: a row is not as documented.
    """
    by_ticker: dict[str, Mapping[str, Any]] = {}
    try:
        for row in rows:
            if _is_standard(row, ticker, day):
                by_ticker[row["ticker"]] = row
        ordered = [by_ticker[key] for key in sorted(by_ticker)]
        columns = []
        for field in CHAIN_SCHEMA:
            values = [row.get(field.name) for row in ordered]
            if field.name == "expiration_date":
                values = [day for _ in values]
            columns.append(_column(values, field.type))
    except (KeyError, TypeError, ValueError, AttributeError, pa.ArrowException) as error:
        raise _unlike_documentation(f"the chain of {ticker} on {day}", error) from None
    return pa.table(columns, schema=CHAIN_SCHEMA)


def quote_row(row: Mapping[str, Any], what: str) -> Quote:
    """Return bid, ask, their sizes and the moment in nanoseconds; None for what is not told.

    Raises:
        DownloadError: the row is not as documented.
    """
    try:
        quote: Quote = {"quoted_at": int(row["sip_timestamp"])}
        for ours, theirs in _QUOTE_KEYS.items():
            told = row.get(theirs)
            quote[ours] = None if told is None else float(told)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unlike_documentation(what, error) from None
    return quote


def within(bars: pa.Table, first_utc_seconds: int, last_utc_seconds: int) -> pa.Table:
    """Return the bars that start from the one second to the other, both included."""
    start = pa.scalar(first_utc_seconds * 1000, pa.timestamp("ms", tz="UTC"))
    end = pa.scalar(last_utc_seconds * 1000, pa.timestamp("ms", tz="UTC"))
    times = bars["timestamp"]
    return bars.filter(pc.and_(pc.greater_equal(times, start), pc.less_equal(times, end)))


def _is_standard(row: Mapping[str, Any], ticker: str, day: date) -> bool:
    return (
        row["underlying_ticker"] == ticker
        and row["expiration_date"] == day.isoformat()
        and row["contract_type"] in {"call", "put"}
        and not row.get("additional_underlyings")
    )


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array([int(value) for value in values], pa.int64()).cast(kind)
    if pa.types.is_integer(kind):
        return pa.array([None if v is None else int(v) for v in values], kind)
    return pa.array(values, kind)


def _unlike_documentation(what: str, error: Exception) -> DownloadError:
    said = f"{type(error).__name__} {error}" if isinstance(error, KeyError) else str(error)
    return DownloadError(
        f"{what}: a row of the answer is not as documented, {said}",
        remedy="try again later; if it stays, the provider changed its answers",
    )
