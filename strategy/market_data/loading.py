"""Loading the cached sessions of a range: all at once, or one after another."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import overload

import pyarrow as pa

from strategy.date_range import DateRange
from strategy.errors import MissingSessionError, MixedSourcesError
from strategy.market_data.layout import list_sessions, session_folder, session_source
from strategy.market_data.reader import load_session
from strategy.market_data.schema import SYNTHETIC
from strategy.session import SessionData


def load_sessions(
    cache_dir: Path | str, ticker: str, date_range: DateRange, allow_missing: bool = False
) -> Sequence[SessionData]:
    """Load the cached sessions of a range, in order.

    Sessions after the last cached one of the range are not yet cached, which is no error.

    Raises:
        MissingSessionError: none is cached, or one before the last cached one is missing
            (unless `allow_missing`).
        CacheError: a session is unsound, or synthetic and real ones are mixed.
    """
    days = cached_days(cache_dir, ticker, date_range, allow_missing=allow_missing)
    with ThreadPoolExecutor(max_workers=min(len(days), os.cpu_count() or 1)) as pool:
        sessions = tuple(pool.map(lambda day: load_session(cache_dir, ticker, day), days))
    require_one_kind_of_source({s.date: s.source for s in sessions})
    return sessions


class LazySessions(Sequence[SessionData]):
    """The sessions of a range, each loaded when it is asked for and kept by nobody.

    For sweeps over ranges that are too long for memory.
    """

    def __init__(self, cache_dir: Path | str, ticker: str, days: Sequence[date]) -> None:
        self._cache_dir = cache_dir
        self._ticker = ticker
        self._days = tuple(days)

    @overload
    def __getitem__(self, index: int) -> SessionData: ...
    @overload
    def __getitem__(self, index: slice) -> "LazySessions": ...
    def __getitem__(self, index: int | slice) -> "SessionData | LazySessions":
        if isinstance(index, slice):
            return LazySessions(self._cache_dir, self._ticker, self._days[index])
        session = load_session(self._cache_dir, self._ticker, self._days[index])
        pa.default_memory_pool().release_unused()  # else what files took stays with the process
        return session

    def __len__(self) -> int:
        return len(self._days)


def open_sessions(
    cache_dir: Path | str, ticker: str, date_range: DateRange, allow_missing: bool = False
) -> LazySessions:
    """Like `load_sessions`, one session at a time; errors of a session come when it is loaded."""
    days = cached_days(cache_dir, ticker, date_range, allow_missing=allow_missing)
    sources = {day: session_source(session_folder(cache_dir, ticker, day)) for day in days}
    require_one_kind_of_source(sources)
    return LazySessions(cache_dir, ticker, days)


def cached_days(
    cache_dir: Path | str, ticker: str, date_range: DateRange, *, allow_missing: bool = False
) -> list[date]:
    """Return the cached dates of the range; raises MissingSessionError as `load_sessions`."""
    wanted = date_range.require_sessions()
    cached = set(list_sessions(cache_dir, ticker))
    days = [day for day in wanted if day in cached]
    if not days:
        raise MissingSessionError(
            f"no session of {ticker} is cached in {date_range}",
            expected=f"at least one of {len(wanted)} sessions",
            remedy="fetch them with `rorq download`, or make some with `rorq sample`",
        )
    missing = [day for day in wanted if day < days[-1] and day not in cached]
    if missing and not allow_missing:
        shown = ", ".join(str(day) for day in missing[:5]) + (", …" if len(missing) > 5 else "")
        raise MissingSessionError(
            f"{len(missing)} of the sessions of {ticker} before {days[-1]} are missing: {shown}",
            expected="every exchange session up to the last cached one",
            remedy="fetch them with `rorq download`, or allow missing sessions",
        )
    return days


def require_one_kind_of_source(sources: Mapping[date, str]) -> None:
    """Refuse synthetic sessions beside others.

    Raises:
        MixedSourcesError: it names the synthetic sessions.
    """
    synthetic = [day for day, source in sources.items() if source == SYNTHETIC]
    if synthetic and len(synthetic) < len(sources):
        shown = ", ".join(str(day) for day in synthetic[:5])
        raise MixedSourcesError(
            f"{len(synthetic)} synthetic sessions among {len(sources)}: {shown}",
            expected="synthetic sessions alone, or real ones alone",
            remedy="take them away with `rorq sample --remove`",
        )
