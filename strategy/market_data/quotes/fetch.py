"""Fetches the quote in force at each fill; what came is kept, and a second call continues."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import pyarrow as pa

from strategy.date_range import session_times
from strategy.errors import CacheError
from strategy.market_data.download.pacing import Pace
from strategy.market_data.download.provider import Provider
from strategy.market_data.download.settings import DownloadSettings
from strategy.market_data.download.staging import Staging, staging_of
from strategy.market_data.quotes.files import Fill, quotes_table, read_quotes, write_quotes
from strategy.market_data.schema import POLYGON, QUOTES_SCHEMA

_NANOSECONDS = 1_000_000_000  # in a second
_STAGED = ".quotes"  # folder of what came so far

Listener = Callable[[int, int], None]  # quotes at hand, quotes wanted


@dataclass(frozen=True, kw_only=True)
class QuotesReport:
    """What became of the quotes that were asked for."""

    fetched: int
    kept: int  # in the cache before
    damaged: tuple[date, ...]  # sessions whose file could not be read; it was fetched anew
    requests: int  # sent, retries included


def fetch_quotes(
    cache_dir: Path | str,
    ticker: str,
    wanted: Mapping[date, Sequence[Fill]],
    settings: DownloadSettings,
    *,
    progress: Listener | None = None,
) -> QuotesReport:
    """Bring the quote in force at the end of each fill's second into the cache.

    Args:
        cache_dir: the cache.
        ticker: the underlying.
        wanted: contract and second of the fills, by session.
        settings: how to ask.
        progress: called in this thread after each quote.

    Raises:
        DownloadError: the provider did not deliver; what came is kept, and a second call continues.
    """
    n_wanted, kept, damaged = sum(map(len, wanted.values())), 0, []
    pace = Pace(settings.requests_per_minute)
    pool = ThreadPoolExecutor(settings.concurrency, "rorq-quotes")
    fetched = 0

    def tell() -> None:
        if progress is not None:
            progress(kept + fetched, n_wanted)

    try:
        for day, fills in wanted.items():
            present, is_damaged = _present(cache_dir, ticker, day)
            damaged += [day] * is_damaged
            absent = sorted(set(fills) - present.keys())
            kept += len(fills) - len(absent)
            tell()
            if not absent:
                continue
            provider = Provider(settings, pace)
            with staging_of(cache_dir, ticker, day, wait=True, folder_name=_STAGED) as staging:
                if staging is None:  # never: it waits
                    continue
                asked = {
                    pool.submit(partial(_quote, provider, staging, day), fill): fill
                    for fill in absent
                }
                for future in as_completed(asked):
                    present[asked[future]] = future.result()
                    fetched += 1
                    tell()
                table = pa.concat_tables([present[fill] for fill in sorted(present)])
                write_quotes(cache_dir, ticker, day, table, source=POLYGON)
                staging.remove()
    finally:
        pace.stop()
        pool.shutdown(cancel_futures=True)
    return QuotesReport(
        fetched=fetched, kept=kept, damaged=tuple(damaged), requests=pace.n_requests
    )


def _present(cache_dir: Path | str, ticker: str, day: date) -> tuple[dict[Fill, pa.Table], bool]:
    """Quotes of the cache, a table of one row each, and whether its file is damaged."""
    try:
        table = read_quotes(cache_dir, ticker, day)
    except CacheError:
        return {}, True
    if table is None:
        return {}, False
    seconds = [int(moment.timestamp()) for moment in table["timestamp"].to_pylist()]
    fills = zip(table["ticker"].to_pylist(), seconds, strict=True)
    return {fill: table.slice(row, 1) for row, fill in enumerate(fills)}, False


def _quote(provider: Provider, staging: Staging, day: date, fill: Fill) -> pa.Table:
    """The stored answer, else the provider's, as a table of one row."""
    contract, second = fill
    name = f"{contract}-{second}"
    table = staging.load(name, QUOTES_SCHEMA)
    if table is None:
        opening = session_times(day).open_utc_seconds
        row = provider.quote(contract, opening * _NANOSECONDS, (second + 1) * _NANOSECONDS)
        table = quotes_table([(fill, row)])
        staging.store(name, table)
    return table
