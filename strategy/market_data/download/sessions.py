"""Downloads sessions: each appears whole or not at all, and can be continued."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from strategy.date_range import session_times
from strategy.errors import DownloadError
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
from strategy.market_data.download.wanted import Outcome, is_settled, outcomes_without_asking
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
_FAILURES_IN_A_ROW = 3  # of sessions; so many are the provider's fault, or the network's

Listener = Callable[[DownloadProgress], None]


def download_sessions(
    cache_dir: Path | str,
    ticker: str,
    days: Sequence[date],
    settings: DownloadSettings,
    *,
    pace: Pace | None = None,
    progress: Listener | None = None,
    search_values: Mapping[str, Sequence[Any]] | None = None,
    now: datetime | None = None,
) -> DownloadReport:
    """Bring sessions into the cache; those that are there stay, synthetic ones go.

    A session that the provider does not deliver fails alone, and is told in the report; after
    three in a row no further one is asked for. What was fetched is kept, and a second call
    continues with it.

    Args:
        cache_dir: the cache.
        ticker: the underlying.
        days: exchange sessions, each once, in the order in which to fetch them.
        settings: how to ask.
        pace: of the requests, where several calls share one limit.
        progress: called in this thread after each step.
        search_values: dimensions option_selection_mode and strikes_depth of the search space,
            which decide the contracts; by default every mode at depth 1.
        now: the moment to take for now.

    Raises:
        DateRangeError: a day is no exchange session.
        DownloadError: the provider's client is not installed.
    """
    now, pace = now or datetime.now(UTC), pace or Pace(settings.requests_per_minute)
    job = _Job(cache_dir, ticker, settings, search_values or ALL_MODES, now, pace)
    outcomes = outcomes_without_asking(cache_dir, ticker, days, settings, now)
    wanted = [day for day in days if outcomes[day] is None]
    if wanted:
        try:
            job.open(len(wanted), progress)
            outcomes |= job.outcomes_of(wanted, wait=False)
            busy = [day for day in wanted if outcomes[day] is Outcome.BUSY]
            outcomes |= job.outcomes_of(busy, wait=True)
        except BaseException:
            pace.stop()
            raise
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
        pace: Pace,
    ) -> None:
        self._cache_dir = cache_dir
        self._ticker = ticker
        self._settings = settings
        self._search_values = search_values
        self._now = now
        self._pace = pace
        self._requests_before = pace.n_requests
        self._empty_days = EmptyDays(cache_dir, ticker)
        self._pool = ThreadPoolExecutor(settings.concurrency, "rorq-download")
        self._contracts = self._contracts_without_bars = 0
        self._failed: dict[date, str] = {}
        self._failures_in_a_row = 0

    def open(self, n_sessions: int, progress: Listener | None) -> None:
        self._provider = Provider(self._settings, self._pace)
        self._progress = progress
        self._n_sessions = n_sessions
        self._n_done = 0

    def close(self) -> None:
        """Begin nothing more; the answers that came are kept."""
        self._pool.shutdown(cancel_futures=True)

    def outcomes_of(self, days: Iterable[date], *, wait: bool) -> dict[date, Outcome]:
        """Fetch sessions until too many in a row failed."""
        outcomes = {}
        for day in days:
            if self._failures_in_a_row == _FAILURES_IN_A_ROW:
                outcomes[day] = Outcome.NOT_ASKED
                continue
            try:
                outcomes[day] = self._download(day, wait=wait)
                self._failures_in_a_row = 0
            except DownloadError as error:
                outcomes[day] = Outcome.FAILED
                self._failed[day] = str(error)
                self._failures_in_a_row += 1
            if outcomes[day] is not Outcome.BUSY:
                self._n_done += 1
                self._tell(day, 0, 0)
        return outcomes

    def _download(self, day: date, *, wait: bool) -> Outcome:
        with staging_of(self._cache_dir, self._ticker, day, wait=wait) as staging:
            return Outcome.BUSY if staging is None else self._fill_and_write(day, staging)

    def _fill_and_write(self, day: date, staging: Staging) -> Outcome:
        is_update = is_cached(self._cache_dir, self._ticker, day)
        if is_update and not self._settings.add_contracts:  # by another process, meanwhile
            staging.remove()
            return Outcome.KEPT
        present = fill_staging(staging, self._cache_dir, self._ticker, day) if is_update else []
        if present is None:
            staging.remove()
            return Outcome.KEPT
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
            return Outcome.KEPT
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
    ) -> Outcome:
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
            return Outcome.KEPT
        self._contracts += len(options) - len(without_bars)
        self._contracts_without_bars += len(without_bars)
        return Outcome.WRITTEN

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
        try:
            for future in as_completed(asked):
                stored[asked[future]] = future.result()
                n_done += 1
                self._tell(day, n_done, len(stored))
        except DownloadError:
            for future in asked:
                future.cancel()
            wait(asked)  # those under way store their answers while the session is held
            raise
        return {name: table for name, table in stored.items() if table is not None}, len(absent)

    def _contract(self, day: date, staging: Staging, name: str) -> pa.Table:
        times = session_times(day)
        bars = within(
            self._provider.bars(name, day), times.open_utc_seconds, times.close_utc_seconds
        )
        staging.store(name, bars)
        return bars

    def _no_data(self, day: date, staging: Staging, what: str) -> Outcome:
        if is_settled(day, self._now):
            self._empty_days.add(day, what)
        staging.remove()
        return Outcome.EMPTY

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

    def report(self, outcomes: Mapping[date, Outcome | None]) -> DownloadReport:
        by_outcome = {
            outcome.value: tuple(day for day, got in outcomes.items() if got is outcome)
            for outcome in Outcome
            if outcome not in {Outcome.BUSY, Outcome.FAILED}
        }
        return DownloadReport(
            **by_outcome,
            failed={day: self._failed[day] for day in sorted(self._failed)},
            requests=self._pace.n_requests - self._requests_before,
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
