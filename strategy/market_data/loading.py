"""Loading the cached sessions of a range: looked through at once, or one after another.

With a folder of prepared sessions a range takes hardly any memory, however long it is: what is not
kept is mapped again when it is asked for.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import overload

import pyarrow as pa

from strategy.date_range import DateRange
from strategy.errors import MissingSessionError, MixedSourcesError
from strategy.free_memory import MAPPED_AT_ONCE, free_address_bytes
from strategy.market_data.layout import list_sessions, session_folder, session_source
from strategy.market_data.memory import SESSION_BYTES, require_memory
from strategy.market_data.prepared import PreparedSessions
from strategy.market_data.reader import build_session, read_session_frames
from strategy.market_data.schema import SYNTHETIC
from strategy.session import SessionData

ALLOW_MISSING = (  # how a remedy says it
    "allow gaps (`rorq backtest --allow-missing`; in run config allow_missing_sessions of the "
    "resource market_data)"
)


def load_session(
    cache_dir: Path | str, ticker: str, day: date, prepared: PreparedSessions | None = None
) -> SessionData:
    """Read and align one session, or take it from the prepared ones.

    Raises:
        CacheError: as `read_session_frames` and `build_session`.
    """
    if prepared is not None:
        return prepared.load(cache_dir, ticker, day)
    session = build_session(read_session_frames(cache_dir, ticker, day))
    pa.default_memory_pool().release_unused()  # else what files took stays with the process
    return session


def load_sessions(
    cache_dir: Path | str,
    ticker: str,
    date_range: DateRange,
    allow_missing: bool = False,
    prepared: PreparedSessions | None = None,
) -> Sequence[SessionData]:
    """Load the cached sessions of a range, in order.

    Sessions after the last cached one of the range are not yet cached, which is no error. All are
    looked at now; of prepared ones, those beyond `MAPPED_AT_ONCE` are mapped again when used.

    Raises:
        MissingSessionError: none is cached, or one before the last cached one is missing
            (unless `allow_missing`).
        CacheError: a session is unsound, or synthetic and real ones are mixed.
        RangeTooLongError: they cannot be mapped, and memory cannot hold them.
    """
    days = cached_days(cache_dir, ticker, date_range, allow_missing=allow_missing)
    return load_days(cache_dir, ticker, days, prepared)


def load_days(
    cache_dir: Path | str,
    ticker: str,
    days: Sequence[date],
    prepared: PreparedSessions | None = None,
) -> Sequence[SessionData]:
    """Load the cached sessions of some days, in their order, as `load_sessions` does.

    Raises:
        CacheError: a session is absent or unsound, or synthetic and real ones are mixed.
        RangeTooLongError: they cannot be mapped, and memory cannot hold them.
    """
    if not days:
        return ()
    if prepared is None:
        require_memory(len(days))
    n_mapped = min(MAPPED_AT_ONCE, free_address_bytes() // (4 * SESSION_BYTES))

    def load(row: int) -> tuple[SessionData | None, str, str]:
        if prepared is not None and not prepared.is_writable:
            require_memory(len(days) - row)
        session = load_session(cache_dir, ticker, days[row], prepared)
        is_kept = row < n_mapped or prepared is None or not prepared.is_writable
        return session if is_kept else None, session.fingerprint, session.source

    with ThreadPoolExecutor(max_workers=min(len(days), os.cpu_count() or 1)) as pool:
        loaded = list(pool.map(load, range(len(days))))
    require_one_kind_of_source(
        {day: source for day, (_, _, source) in zip(days, loaded, strict=True)}
    )
    kept = {day: session for day, (session, _, _) in zip(days, loaded, strict=True) if session}
    if prepared is None or len(kept) == len(days):
        return tuple(kept.values())
    return LazySessions(
        cache_dir=cache_dir,
        ticker=ticker,
        days=tuple(days),
        prepared=prepared,
        fingerprints={day: known for day, (_, known, _) in zip(days, loaded, strict=True)},
        kept=kept,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class LazySessions(Sequence[SessionData]):
    """The sessions of a range, each loaded when it is asked for."""

    cache_dir: Path | str
    ticker: str
    days: tuple[date, ...]
    prepared: PreparedSessions | None = None
    fingerprints: Mapping[date, str] = field(default_factory=dict)  # what they must be, if known
    kept: Mapping[date, SessionData] = field(default_factory=dict, repr=False)

    @overload
    def __getitem__(self, index: int) -> SessionData: ...
    @overload
    def __getitem__(self, index: slice) -> "LazySessions": ...
    def __getitem__(self, index: int | slice) -> "SessionData | LazySessions":
        if isinstance(index, slice):
            return replace(self, days=self.days[index])
        day = self.days[index]
        if day in self.kept:
            return self.kept[day]
        if self.prepared is not None and day in self.fingerprints:
            return self.prepared.load_same(self.cache_dir, self.ticker, day, self.fingerprints[day])
        return load_session(self.cache_dir, self.ticker, day, self.prepared)

    def __len__(self) -> int:
        return len(self.days)


def open_sessions(
    cache_dir: Path | str,
    ticker: str,
    date_range: DateRange,
    allow_missing: bool = False,
    prepared: PreparedSessions | None = None,
) -> LazySessions:
    """Like `load_sessions`, one session at a time; errors of a session come when it is loaded."""
    days = cached_days(cache_dir, ticker, date_range, allow_missing=allow_missing)
    sources = {day: session_source(session_folder(cache_dir, ticker, day)) for day in days}
    require_one_kind_of_source(sources)
    return LazySessions(cache_dir=cache_dir, ticker=ticker, days=tuple(days), prepared=prepared)


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
            remedy=f"fetch them with `rorq download {ticker}_{date_range}`, or make some with "
            f"`rorq sample {ticker}_{date_range}`",
        )
    missing = [day for day in wanted if day < days[-1] and day not in cached]
    if missing and not allow_missing:
        shown = ", ".join(str(day) for day in missing[:5]) + (", …" if len(missing) > 5 else "")
        raise MissingSessionError(
            f"{len(missing)} of the sessions of {ticker} before {days[-1]} are missing: {shown}",
            expected="every exchange session up to the last cached one",
            remedy=f"fetch them with `rorq download {ticker}_{date_range}`, or {ALLOW_MISSING}",
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
