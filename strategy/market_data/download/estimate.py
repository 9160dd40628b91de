"""What a download will take, before the first request: calls, time, bytes."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from strategy.errors import CacheError
from strategy.market_data.download.cached import contracts_asked_for, is_cached
from strategy.market_data.download.provider import CHAIN_LIMIT
from strategy.market_data.download.sessions import ALL_MODES
from strategy.market_data.download.settings import DownloadSettings
from strategy.market_data.download.wanted import Outcome, outcomes_without_asking
from strategy.market_data.layout import list_sessions, session_folder
from strategy.market_data.needed import needed_contracts
from strategy.market_data.reader import read_file
from strategy.market_data.schema import CHAIN_FILE, FILE_SCHEMAS, UNDERLYING_FILE

# Where nothing is cached: the means of three SPY sessions, 2023-01-03 to 2023-01-05.
ASSUMED_CONTRACTS = 16
ASSUMED_BYTES = 1_400_000
ASSUMED_SECONDS_A_CALL = 0.5  # where only the line and the provider set the pace
_LOOKED_AT = 21  # cached sessions of which the means are, spread over all


@dataclass(frozen=True, kw_only=True)
class Means:
    """What one session takes."""

    n_sessions: int  # cached ones that were looked at; 0: assumed
    contracts: float  # that the search space could choose
    absent_contracts: float  # of these, never asked for
    chain_pages: float
    size_bytes: float


@dataclass(frozen=True, kw_only=True)
class DownloadEstimate:
    """What the sessions of one underlying will take, without retries and days without data."""

    n_sessions: int  # to be fetched
    n_looked_at: int  # cached ones, for contracts to add
    n_cached: int  # left alone
    n_empty: int  # known to be so at the provider
    n_not_yet: int
    calls: int
    seconds: float  # at the limit of the settings, else at the assumed time of a call
    size_bytes: int
    means: Means


def estimate_download(
    cache_dir: Path | str,
    ticker: str,
    days: Sequence[date],
    settings: DownloadSettings,
    *,
    search_values: Mapping[str, Sequence[Any]] | None = None,
    now: datetime | None = None,
) -> DownloadEstimate:
    """Estimate what `download_sessions` will do with the same arguments; nobody is asked.

    A session takes a call for the underlying, one for each page of its chain, one a contract.

    Raises:
        DateRangeError: a day is no exchange session.
    """
    outcomes = outcomes_without_asking(cache_dir, ticker, days, settings, now or datetime.now(UTC))
    count = list(outcomes.values()).count
    means = _means(cache_dir, ticker, search_values or ALL_MODES)
    wanted = [day for day, outcome in outcomes.items() if outcome is None]
    n_looked_at = sum(is_cached(cache_dir, ticker, day) for day in wanted)
    n_sessions = len(wanted) - n_looked_at
    one_by_one = n_sessions * (1 + means.chain_pages)
    side_by_side = n_sessions * means.contracts + n_looked_at * means.absent_contracts
    calls = one_by_one + side_by_side
    contracts = max(means.contracts, 1.0)
    return DownloadEstimate(
        n_sessions=n_sessions,
        n_looked_at=n_looked_at,
        n_cached=count(Outcome.KEPT),
        n_empty=count(Outcome.EMPTY),
        n_not_yet=count(Outcome.NOT_YET),
        calls=math.ceil(calls),
        seconds=(
            60 * calls / settings.requests_per_minute
            if settings.requests_per_minute
            else ASSUMED_SECONDS_A_CALL * (one_by_one + side_by_side / settings.concurrency)
        ),
        size_bytes=math.ceil(
            means.size_bytes * (n_sessions + n_looked_at * means.absent_contracts / contracts)
        ),
        means=means,
    )


def _means(cache_dir: Path | str, ticker: str, search_values: Mapping[str, Sequence[Any]]) -> Means:
    """Of sessions spread evenly over the real cached ones; assumed where there are none."""
    cached = [day for day in list_sessions(cache_dir, ticker) if is_cached(cache_dir, ticker, day)]
    spread = cached[:: max(1, math.ceil(len(cached) / _LOOKED_AT))]
    looked_at = list(_each(cache_dir, ticker, spread, search_values))
    if not looked_at:
        return Means(
            n_sessions=0,
            contracts=ASSUMED_CONTRACTS,
            absent_contracts=0,
            chain_pages=1,
            size_bytes=ASSUMED_BYTES,
        )
    contracts, absent, pages, size_bytes = map(fmean, zip(*looked_at, strict=True))
    return Means(
        n_sessions=len(looked_at),
        contracts=contracts,
        absent_contracts=absent,
        chain_pages=pages,
        size_bytes=size_bytes,
    )


def _each(
    cache_dir: Path | str,
    ticker: str,
    days: Iterable[date],
    search_values: Mapping[str, Sequence[Any]],
) -> Iterable[tuple[int, int, int, int]]:
    """Contracts, absent ones, pages and bytes of each session that can be read."""
    for day in days:
        folder = session_folder(cache_dir, ticker, day)
        try:
            closes = read_file(folder / UNDERLYING_FILE).frame["close"].to_numpy()
            chain = read_file(folder / CHAIN_FILE).frame
            size_bytes = sum((folder / name).stat().st_size for name in FILE_SCHEMAS)
        except (CacheError, OSError):
            continue
        needed = needed_contracts(closes, chain, search_values)
        asked = contracts_asked_for(folder)
        absent = 0 if asked is None else len(needed - asked)
        yield len(needed), absent, max(1, math.ceil(len(chain) / CHAIN_LIMIT)), size_bytes
