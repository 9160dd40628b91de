"""Downloads the sessions of a range: each appears whole or not at all, and can be continued."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from strategy.date_range import DateRange, session_times
from strategy.market_data.download.answers import within
from strategy.market_data.download.cached import EMPTY_CONTRACTS_KEY, fill_staging, is_cached
from strategy.market_data.download.pacing import Pace
from strategy.market_data.download.provider import Provider
from strategy.market_data.download.settings import (
    DownloadProgress,
    DownloadReport,
    DownloadSettings,
)
from strategy.market_data.download.staging import EmptyDays, Staging, staging_of
from strategy.market_data.needed import MODES, needed_contracts
from strategy.market_data.schema import (
    CHAIN_FILE,
    CHAIN_SCHEMA,
    OPTIONS_FILE,
    OPTIONS_SCHEMA,
    POLYGON,
    UNDERLYING_FILE,
    UNDERLYING_SCHEMA,
)
from strategy.market_data.writing import write_session

ALL_MODES: Mapping[str, Sequence[Any]] = {"option_selection_mode": MODES, "strikes_depth": (1,)}
_DELAY = timedelta(minutes=20)  # delayed plans lag by 15 minutes
_SETTLED = timedelta(days=1)  # before, an empty answer may yet be filled

Listener = Callable[[DownloadProgress], None]


class _Outcome(Enum):
    WRITTEN = "written"
    KEPT = "kept"
    EMPTY = "empty"
    NOT_YET = "not_yet"
    BUSY = "busy"  # with another process


def download_sessions(
    cache_dir: Path | str,
    ticker: str,
    date_range: DateRange,
    settings: DownloadSettings,
    *,
    progress: Listener | None = None,
    search_values: Mapping[str, Sequence[Any]] | None = None,
    now: datetime | None = None,
) -> DownloadReport:
    """Bring the range's sessions into the cache; those that are there stay, synthetic ones go.

    Args:
        cache_dir: the cache.
        ticker: the underlying.
        date_range: dates, both included; there must be a session among them.
        settings: how to ask.
        progress: called in this thread after each step.
        search_values: dimensions option_selection_mode and strikes_depth of the search space,
            which decide the contracts; by default every mode at depth 1.
        now: the moment to take for now.

    Raises:
        DateRangeError: no session in the range.
        DownloadError: the provider did not deliver; what was fetched is kept, and a second call
            continues with it.
    """
    job = _Job(cache_dir, ticker, settings, search_values or ALL_MODES, now or datetime.now(UTC))
    days = date_range.require_sessions()
    outcomes = {day: job.outcome_without_asking(day) for day in days}
    wanted = [day for day in days if outcomes[day] is None]
    if wanted:
        try:
            job.open(len(wanted), progress)
            for day in wanted:
                outcomes[day] = job.download(day, wait=False)
            for day in wanted:
                if outcomes[day] is _Outcome.BUSY:
                    outcomes[day] = job.download(day, wait=True)
        finally:
            job.close()
    return job.report(outcomes)


class _Job:
    """One call of `download_sessions`."""

    def __init__(
        self,
        cache_dir: Path | str,
        ticker: str,
        settings: DownloadSettings,
        search_values: Mapping[str, Sequence[Any]],
        now: datetime,
    ) -> None:
        self._cache_dir = cache_dir
        self._ticker = ticker
        self._settings = settings
        self._search_values = search_values
        self._now = now
        self._pace = Pace(settings.requests_per_minute)
        self._empty_days = EmptyDays(cache_dir, ticker)
        self._known_empty = {} if settings.ask_empty_again else self._empty_days.load()
        self._pool = ThreadPoolExecutor(settings.concurrency, "rorq-download")
        self._contracts = self._contracts_without_bars = 0

    def outcome_without_asking(self, day: date) -> _Outcome | None:
        """What is known of a session beforehand; None: it is to be asked for."""
        if self._since_close(day) < _DELAY:
            return _Outcome.NOT_YET
        if not self._settings.add_contracts and is_cached(self._cache_dir, self._ticker, day):
            return _Outcome.KEPT
        return _Outcome.EMPTY if day in self._known_empty else None

    def open(self, n_sessions: int, progress: Listener | None) -> None:
        self._provider = Provider(self._settings, self._pace)
        self._progress = progress
        self._n_sessions = n_sessions
        self._n_done = 0

    def close(self) -> None:
        """Let no further request out; the answers that came are kept."""
        self._pace.stop()
        self._pool.shutdown(cancel_futures=True)

    def download(self, day: date, *, wait: bool) -> _Outcome:
        with staging_of(self._cache_dir, self._ticker, day, wait=wait) as staging:
            if staging is None:
                return _Outcome.BUSY
            outcome = self._fill_and_write(day, staging)
        self._n_done += 1
        self._tell(day, 0, 0)
        return outcome

    def _fill_and_write(self, day: date, staging: Staging) -> _Outcome:
        is_update = is_cached(self._cache_dir, self._ticker, day)
        if is_update and not self._settings.add_contracts:  # by another process, meanwhile
            staging.remove()
            return _Outcome.KEPT
        present = fill_staging(staging, self._cache_dir, self._ticker, day) if is_update else []
        if present is None:
            staging.remove()
            return _Outcome.KEPT
        underlying = self._answer(
            staging, "underlying", UNDERLYING_SCHEMA, partial(self._underlying, day)
        )
        if not underlying.num_rows:
            return self._no_data(day, staging, "underlying")
        chain = self._answer(
            staging, "chain", CHAIN_SCHEMA, partial(self._provider.chain, self._ticker, day)
        )
        if not chain.num_rows:
            return self._no_data(day, staging, "chain")
        needed = sorted(
            needed_contracts(underlying["close"].to_numpy(), chain.to_pandas(), self._search_values)
        )
        options, n_fetched = self._options(day, staging, {*needed, *present})
        if is_update and not n_fetched:
            staging.remove()
            return _Outcome.KEPT
        tables = {UNDERLYING_FILE: underlying, CHAIN_FILE: chain, OPTIONS_FILE: _joined(options)}
        return self._write(day, staging, tables, options, replace=is_update)

    def _write(
        self,
        day: date,
        staging: Staging,
        tables: Mapping[str, pa.Table],
        options: Mapping[str, pa.Table],
        *,
        replace: bool,
    ) -> _Outcome:
        without_bars = sorted(name for name, table in options.items() if not table.num_rows)
        written = write_session(
            self._cache_dir,
            self._ticker,
            day,
            tables,
            source=POLYGON,
            extra_metadata={EMPTY_CONTRACTS_KEY.decode(): json.dumps(without_bars)},
            replace=replace,
        )
        staging.remove()
        if not written:
            return _Outcome.KEPT
        self._contracts += len(options) - len(without_bars)
        self._contracts_without_bars += len(without_bars)
        return _Outcome.WRITTEN

    def _answer(
        self, staging: Staging, name: str, schema: pa.Schema, ask: Callable[[], pa.Table]
    ) -> pa.Table:
        """The stored answer, else the provider's; nothing at all is remembered elsewhere."""
        table = staging.load(name, schema)
        if table is None:
            table = ask()
            if table.num_rows:
                staging.store(name, table)
        return table

    def _underlying(self, day: date) -> pa.Table:
        times = session_times(day)
        bars = self._provider.bars(self._ticker, day)
        return within(bars, times.open_utc_seconds, times.close_utc_seconds)

    def _options(
        self, day: date, staging: Staging, names: Iterable[str]
    ) -> tuple[dict[str, pa.Table], int]:
        """Bars by contract, in order; and how many contracts the provider was asked for."""
        stored = {name: staging.load(name, UNDERLYING_SCHEMA) for name in sorted(names)}
        absent = [name for name, table in stored.items() if table is None]
        n_done = len(stored) - len(absent)
        self._tell(day, n_done, len(stored))
        asked: dict[Future[pa.Table], str] = {
            self._pool.submit(self._contract, day, staging, name): name for name in absent
        }
        for future in as_completed(asked):
            stored[asked[future]] = future.result()
            n_done += 1
            self._tell(day, n_done, len(stored))
        return {name: table for name, table in stored.items() if table is not None}, len(absent)

    def _contract(self, day: date, staging: Staging, name: str) -> pa.Table:
        times = session_times(day)
        bars = within(
            self._provider.bars(name, day), times.open_utc_seconds, times.close_utc_seconds
        )
        staging.store(name, bars)
        return bars

    def _no_data(self, day: date, staging: Staging, what: str) -> _Outcome:
        if self._since_close(day) >= _SETTLED:
            self._empty_days.add(day, what)
        staging.remove()
        return _Outcome.EMPTY

    def _since_close(self, day: date) -> timedelta:
        return self._now - datetime.fromtimestamp(session_times(day).close_utc_seconds, UTC)

    def _tell(self, day: date, contracts_done: int, contracts_total: int) -> None:
        if self._progress is not None:
            self._progress(
                DownloadProgress(
                    day=day,
                    sessions_done=self._n_done,
                    sessions_total=self._n_sessions,
                    contracts_done=contracts_done,
                    contracts_total=contracts_total,
                )
            )

    def report(self, outcomes: Mapping[date, _Outcome | None]) -> DownloadReport:
        by_outcome = {
            outcome.value: tuple(day for day, got in outcomes.items() if got is outcome)
            for outcome in _Outcome
            if outcome is not _Outcome.BUSY
        }
        return DownloadReport(
            **by_outcome,
            requests=self._pace.n_requests,
            contracts=self._contracts,
            contracts_without_bars=self._contracts_without_bars,
        )


def _joined(options: Mapping[str, pa.Table]) -> pa.Table:
    """All bars by ticker, then time."""
    tables = [
        table.add_column(0, "ticker", pa.array([name] * table.num_rows, pa.string()))
        for name, table in sorted(options.items())
    ]
    return (
        pa.concat_tables(tables).select(OPTIONS_SCHEMA.names)
        if tables
        else (OPTIONS_SCHEMA.empty_table())
    )
