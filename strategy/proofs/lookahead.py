"""Proof that nothing looked ahead, on a range's own data.

For many moments of every session, each moment of a decision among them, everything after the
moment is replaced by noise. Every signal, contract choice and entry decided by then, every exit
decision, and every fill, must come out as before. Engines that give sums and no trades (the
surface, the study's objective) must give the sums of the proven engine, on the data as it is and
on noisy copies of it. Within a second, which noise cannot split, `fill_faults` holds the bar of
each fill against the second that decided.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from strategy.backtest import run_backtest
from strategy.date_range import NEW_YORK
from strategy.params import StrategyParams
from strategy.proofs.fill_faults import FillFault, count_past_fills, fill_faults
from strategy.proofs.future_noise import NoisyFuture
from strategy.session import SessionData
from strategy.space import SearchSpace, not_searched
from strategy.surface.compute import compute_surface
from strategy.trade_table import TRADE_COLUMNS

TradeEngine = Callable[[StrategyParams, Sequence[SessionData]], pd.DataFrame]
TotalsEngine = Callable[[StrategyParams, Sequence[SessionData]], Mapping[str, Any]]

FEWER_BARS_EVERY = 4  # moments, one of which is tried without some of the later bars too
LATER_SESSION_ROUNDS = 3  # with other noise in the sessions that follow
NOISY_RANGES = 3  # on which engines without trades are compared
SESSIONS_AT_ONCE = 16  # of which noisy copies are in memory together, some 10 MB each
RELATIVE_TOLERANCE = 1e-9  # between sums that were added in another order

Fact = tuple[int, str, str]  # second of the signal, side, what was decided


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One decision that data from after its moment has changed."""

    session_date: date
    moment: str  # New York time after which the data was replaced; empty for sums
    decision: str
    before: str
    after: str

    def __str__(self) -> str:
        place = f"{self.session_date} {self.moment}".rstrip()
        return f"{place}: {self.decision} was {self.before}, with another future {self.after}"


@dataclass(frozen=True, kw_only=True)
class LookaheadReport:
    """What was tried, and what depended on the future."""

    n_sessions: int
    n_moments: int  # replaced futures
    n_decisions: int  # signals, entries, exit decisions and fills of the range
    n_past_fills: int  # at a bar that had begun by the second whose close decided
    n_fills: int  # at a bar
    violations: tuple[Violation | FillFault, ...]

    @property
    def passed(self) -> bool:
        """Whether there was something to check and nothing looked ahead."""
        return not self.violations and self.n_moments > 0

    def summary(self) -> str:
        """One line."""
        tried = (
            f"{self.n_decisions} decisions under {self.n_moments} other futures "
            f"in {self.n_sessions} sessions"
        )
        if self.violations:
            return f"{len(self.violations)} faults in {tried}; first: {self.violations[0]}"
        if self.n_past_fills:
            tried += (
                f"; but {self.n_past_fills} of {self.n_fills} fills are at bars from before their "
                "decision, as latest_bar has it"
            )
        return f"no look-ahead: {tried}"


@dataclass(frozen=True)
class _Trade:
    """One trade, in seconds since the open."""

    signal: int
    side: str
    entry: int
    decision: int  # the second at which the exit was decided
    exit: int
    facts: Mapping[str, tuple[int, Any]]  # what was decided -> at which second, and what


def backtest_trades(params: StrategyParams, sessions: Sequence[SessionData]) -> pd.DataFrame:
    """The engine that is checked unless another is given."""
    return run_backtest(params, sessions).trades


def surface_totals(params: StrategyParams, sessions: Sequence[SessionData]) -> Mapping[str, Any]:
    """The sums of a surface that has this one combination."""
    fixed_params = not_searched(params.to_json_dict())
    surface = compute_surface(SearchSpace.of(params), fixed_params, sessions)
    return {
        "total_trades": int(surface.total_trades.item()),
        "net_pnl_usd": float(surface.net_pnl_usd.item()),
        "risk_usd": float(surface.risk_usd.item()),
    }


def check_lookahead(
    params: StrategyParams,
    sessions: Sequence[SessionData],
    *,
    engine: TradeEngine = backtest_trades,
    totals: Mapping[str, TotalsEngine] | None = None,
    random_moments: int = 6,
    seed: int = 0,
) -> LookaheadReport:
    """Trade the sessions again and again with other futures, and compare what was decided.

    Args:
        params: The parameters whose decisions are checked.
        sessions: A range's sessions.
        engine: What trades; the columns are those of `BacktestResult.trades`.
        totals: By name, engines without trades; they give some of `total_trades`, `net_pnl_usd`,
            `risk_usd` and `return_on_risk_percent`. By default the surface.
        random_moments: Moments a session beside those of its decisions.
        seed: Of the noise and of the random moments.
    """
    if totals is None:
        totals = {"surface": surface_totals}
    trades = engine(params, sessions)
    trades_by_date = _trades_by_date(trades, sessions)
    violations: list[Violation | FillFault] = [
        *fill_faults(params, trades),
        *_totals_differences(params, sessions, engine, totals),
    ]
    n_moments = 0
    for first in range(0, len(sessions), SESSIONS_AT_ONCE):
        check = _Check.of(
            params,
            # With the one that follows, which the last of them could have looked at.
            sessions[first : first + SESSIONS_AT_ONCE + 1],
            engine,
            trades_by_date,
            np.random.default_rng([seed, sessions[first].date.toordinal()]),
            n_random=random_moments,
        )
        violations += [*check.later_sessions(), *check.other_futures(), *check.totals(totals)]
        n_moments += 2 * sum(map(len, check.moments))
    n_past_fills, n_fills = count_past_fills(params, trades)
    return LookaheadReport(
        n_sessions=len(sessions),
        n_moments=n_moments,
        n_decisions=sum(len(t.facts) for trades in trades_by_date.values() for t in trades),
        n_past_fills=n_past_fills,
        n_fills=n_fills,
        violations=tuple(violations),
    )


@dataclass(frozen=True, eq=False)
class _Check:
    """The three comparisons, on some consecutive sessions and one engine.

    What is decided on their copies is compared with what was decided in the whole range, so that
    an engine that looks at any later session is found out, however far off it lies.
    """

    params: StrategyParams
    sessions: Sequence[SessionData]  # and the one that follows them, if there is one
    engine: TradeEngine
    trades_by_date: Mapping[date, Sequence[_Trade]]  # of the range, on the data as it is
    random: np.random.Generator
    futures: Sequence[NoisyFuture]  # of the sessions without the one that follows
    moments: Sequence[Sequence[int]]  # of each future

    @classmethod
    def of(
        cls,
        params: StrategyParams,
        sessions: Sequence[SessionData],
        engine: TradeEngine,
        trades_by_date: Mapping[date, Sequence[_Trade]],
        random: np.random.Generator,
        *,
        n_random: int,
    ) -> "_Check":
        """Make the noise, and choose the moments."""
        sessions = tuple(sessions)
        own = sessions[:SESSIONS_AT_ONCE]
        futures = [NoisyFuture(session, random) for session in own]
        moments = [_moments(trades_by_date[s.date], s, random, n_random) for s in own]
        return cls(params, sessions, engine, trades_by_date, random, futures, moments)

    def later_sessions(self) -> Iterator[Violation]:
        """Every second session is all noise, then every other; the one before must not notice."""
        for parity in (0, 1) * LATER_SESSION_ROUNDS:
            mixed = [
                session if row % 2 == parity else NoisyFuture(session, self.random).session
                for row, session in enumerate(self.sessions)
            ]
            last_seconds = {s.date: s.n_seconds - 1 for s in self.sessions[parity::2]}
            yield from self._compare(mixed, last_seconds, entered=False)

    def other_futures(self) -> Iterator[Violation]:
        """In each round every session has a moment; then all again with mirrored noise."""
        for _ in range(2):
            for turn in range(max(map(len, self.moments))):
                turns = [
                    (future, of_session[turn])
                    for future, of_session in zip(self.futures, self.moments, strict=True)
                    if turn < len(of_session)
                ]
                copies = [future.move_to(moment) for future, moment in turns]
                by_date = {
                    copy.date: moment for copy, (_, moment) in zip(copies, turns, strict=True)
                }
                yield from self._compare(copies, by_date, entered=False)
                if turn % FEWER_BARS_EVERY == 0:
                    thinned = [future.with_fewer_bars() for future, _ in turns]
                    yield from self._compare(thinned, by_date, entered=True)
            for future in self.futures:
                future.mirror()

    def totals(self, totals: Mapping[str, TotalsEngine]) -> Iterator[Violation]:
        """Engines without trades must add up to the trades on noisy copies too."""
        for _ in range(NOISY_RANGES):
            copies = [
                future.move_to(int(self.random.integers(future.session.n_seconds)))
                for future in self.futures
            ]
            yield from _totals_differences(self.params, copies, self.engine, totals)

    def _compare(
        self, copies: Sequence[SessionData], moments: Mapping[date, int], *, entered: bool
    ) -> Iterator[Violation]:
        """Compare what was decided by each session's moment with what is decided on its copy."""
        trades = self.engine(self.params, copies)
        found = _trades_by_date(trades, copies, until=moments)
        for session in self.sessions:
            if session.date in moments:
                moment = moments[session.date]
                # Without some bars, a contract may have no price yet at an entry that is to come.
                before = _facts_by(moment, self.trades_by_date[session.date], entered=entered)
                after = _facts_by(moment, found[session.date], entered=entered)
                yield from _differences(session, moment, before, after)


def _totals_differences(
    params: StrategyParams,
    data: Sequence[SessionData],
    engine: TradeEngine,
    totals: Mapping[str, TotalsEngine],
) -> Iterator[Violation]:
    """Compare what engines without trades give with the sums of the trades."""
    expected = _sums(engine(params, data))
    for engine_name, totals_engine in totals.items():
        found = totals_engine(params, data)
        for name in expected.keys() & found.keys():
            if not _same(expected[name], found[name]):
                yield Violation(
                    session_date=data[0].date,
                    moment="",
                    decision=f"{name} of {engine_name}",
                    before=str(expected[name]),
                    after=str(found[name]),
                )


def _moments(
    trades: Sequence[_Trade], session: SessionData, random: np.random.Generator, n_random: int
) -> list[int]:
    """Seconds after which the future is replaced: those of all decisions, and random ones."""
    of_decisions = {second for trade in trades for second, _ in trade.facts.values()}
    of_stretches = {trade.facts["signal"][1] for trade in trades}
    at_random = {int(second) for second in random.integers(0, session.n_seconds - 1, n_random)}
    return sorted(of_decisions | of_stretches | at_random)


def _sums(trades: pd.DataFrame) -> dict[str, float | None]:
    net_pnl_usd, risk_usd = float(trades["net_pnl_usd"].sum()), float(trades["risk_usd"].sum())
    return {
        "total_trades": len(trades),
        "net_pnl_usd": net_pnl_usd,
        "risk_usd": risk_usd,
        "return_on_risk_percent": 100 * net_pnl_usd / risk_usd if len(trades) else None,
    }


def _trades_by_date(
    trades: pd.DataFrame,
    sessions: Sequence[SessionData],
    *,
    until: Mapping[date, int] | None = None,  # last second of a signal that matters
) -> dict[date, list[_Trade]]:
    """The rows of a table of trades as `_Trade`, by session; a session without trades has none."""
    open_by_date = {session.date: session.open_utc_seconds for session in sessions}
    by_date: dict[date, list[_Trade]] = {session.date: [] for session in sessions}
    opens = np.array([open_by_date[day] for day in trades["session_date"]], dtype=np.int64)
    columns = {}
    for name in TRADE_COLUMNS:
        if name.endswith("_time"):
            utc_seconds = trades[name].dt.as_unit("s").astype("int64").to_numpy()
            columns[name] = (utc_seconds - opens).tolist()
        else:
            columns[name] = trades[name].tolist()
    for row, day in enumerate(columns["session_date"]):
        if until is None or columns["signal_time"][row] <= until.get(day, -1):
            trade = {name: values[row] for name, values in columns.items()}
            by_date[day].append(_trade(trade))
    return by_date


def _trade(row: Mapping[str, Any]) -> _Trade:
    signal, entry = row["signal_time"], row["entry_time"]
    decision, exit_second = row["exit_decision_time"], row["exit_time"]
    exit_fill = (exit_second, row["exit_price"], row["exit_price_age_seconds"])
    return _Trade(
        signal=signal,
        side=row["side"],
        entry=entry,
        decision=decision,
        exit=exit_second,
        facts={
            "signal": (signal, row["stretch_time"]),
            "contract": (signal, (row["ticker"], row["underlying_price"])),
            "entry": (entry, (entry, row["entry_price"], row["entry_price_age_seconds"])),
            "exit decision": (decision, (row["exit_reason"], decision)),
            "exit": (exit_second, (*exit_fill, row["exit_without_print"])),
            "result": (exit_second, (row["net_pnl_usd"], row["risk_usd"])),
        },
    )


def _facts_by(moment: int, trades: Sequence[_Trade], *, entered: bool) -> dict[Fact, Any]:
    """All that was decided by a moment; if `entered`, of trades that had been entered by then."""
    return {
        (trade.signal, trade.side, name): value
        for trade in trades
        if not entered or trade.entry <= moment
        for name, (second, value) in trade.facts.items()
        if second <= moment
    }


def _differences(
    session: SessionData, moment: int, before: Mapping[Fact, Any], after: Mapping[Fact, Any]
) -> Iterator[Violation]:
    for fact in sorted(before.keys() | after.keys()):
        if before.get(fact) != after.get(fact):
            signal, side, what = fact
            yield Violation(
                session_date=session.date,
                moment=_wall_time(session, moment),
                decision=f"the {what} of the signal {side} VWAP at {_wall_time(session, signal)}",
                before=str(before.get(fact, "absent")),
                after=str(after.get(fact, "absent")),
            )


def _wall_time(session: SessionData, second: int) -> str:
    stamp = pd.Timestamp(session.open_utc_seconds + second, unit="s", tz="UTC")
    return str(stamp.tz_convert(NEW_YORK).time())


def _same(expected: float | None, found: float | None) -> bool:
    if expected is None or found is None:
        return expected is found
    return math.isclose(expected, found, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-6)
