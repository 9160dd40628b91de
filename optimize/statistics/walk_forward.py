"""Walk-forward: each range's choice traded in the next range, stitched to one equity curve.

A step trades the sessions of the next range that lie after its own, so that no session is traded
twice and none had a part in the choice that trades it, however the ranges overlap.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from optimize.statistics.block_sums import FloatArray
from optimize.statistics.bootstrap import Interval, bootstrap_intervals
from optimize.statistics.session_sums import SessionSums
from strategy.backtest_range import BacktestRange


@dataclass(frozen=True, kw_only=True)
class PlannedStep:
    """Which range's choice is to be traded on which sessions."""

    chosen_in: BacktestRange
    traded_in: BacktestRange
    dates: tuple[date, ...]  # sessions of `traded_in` after `chosen_in`


@dataclass(frozen=True, eq=False, kw_only=True)
class WalkForwardStep:
    """One range's choice, and what it did afterwards."""

    chosen_in: str  # range key
    traded_in: str  # range key
    params: Mapping[str, Any]  # dimension name -> chosen value
    in_sample_return_on_risk_percent: float | None
    sessions: SessionSums  # traded in the next range

    @property
    def return_on_risk_percent(self) -> float | None:
        """Out of sample; None without risk."""
        return self.sessions.return_on_risk_percent

    @property
    def total_trades(self) -> int:
        """Trades in the next range."""
        return int(self.sessions.trades.sum())

    @property
    def net_pnl_usd(self) -> float:
        """Net P&L in the next range."""
        return float(self.sessions.net_pnl_usd.sum())


@dataclass(frozen=True, kw_only=True)
class ParameterStability:
    """How one parameter's choice moved from range to range."""

    values: tuple[Any, ...]  # in order of the ranges, the latest included
    unchanged_fraction: float | None  # of the changes from range to range; None with one range
    n_distinct: int


@dataclass(frozen=True, eq=False, kw_only=True)
class WalkForward:
    """The stitched record of all steps."""

    steps: tuple[WalkForwardStep, ...]
    sessions: SessionSums
    stability: dict[str, ParameterStability]
    interval: Interval | None  # of the return on risk, over days
    max_drawdown_usd: float  # of the equity by session

    @property
    def total_trades(self) -> int:
        """Over all steps."""
        return int(self.sessions.trades.sum())

    @property
    def net_pnl_usd(self) -> float:
        """Over all steps."""
        return float(self.sessions.net_pnl_usd.sum())

    @property
    def return_on_risk_percent(self) -> float | None:
        """Out of sample, over all steps together."""
        return self.sessions.return_on_risk_percent

    @property
    def in_sample_return_on_risk_percent(self) -> float | None:
        """Mean of what the choices made in sample, each step weighted by the risk it then took."""
        known = [s for s in self.steps if s.in_sample_return_on_risk_percent is not None]
        weights = np.array([float(s.sessions.risk_usd.sum()) for s in known])
        values = np.array([s.in_sample_return_on_risk_percent for s in known], dtype=np.float64)
        return float(weights @ values / weights.sum()) if weights.sum() > 0 else None

    @property
    def efficiency_ratio(self) -> float | None:
        """Out-of-sample over in-sample return on risk; None unless the latter is positive."""
        inside, outside = self.in_sample_return_on_risk_percent, self.return_on_risk_percent
        return outside / inside if inside and inside > 0 and outside is not None else None

    @property
    def profitable_steps_fraction(self) -> float | None:
        """Share of the steps with a trade that earned."""
        traded = [s for s in self.steps if s.total_trades]
        earned = [s for s in traded if s.net_pnl_usd > 0]
        return len(earned) / len(traded) if traded else None

    def equity(self) -> pd.DataFrame:
        """A row a session: the step's ranges, sums, and the running P&L as `equity_usd`."""
        frame = self.sessions.to_frame()
        counts = [len(step.sessions) for step in self.steps]
        frame.insert(0, "chosen_in", np.repeat([step.chosen_in for step in self.steps], counts))
        frame.insert(1, "traded_in", np.repeat([step.traded_in for step in self.steps], counts))
        return frame


def plan_walk_forward(ranges: Iterable[BacktestRange]) -> list[PlannedStep]:
    """Pair each range with the next one to end; pairs without a session between are left out."""
    steps = []
    for chosen_in, traded_in in itertools.pairwise(in_order(ranges)):
        dates = tuple(day for day in traded_in.sessions if day > chosen_in.end_date)
        if dates:
            steps.append(PlannedStep(chosen_in=chosen_in, traded_in=traded_in, dates=dates))
    return steps


def in_order(ranges: Iterable[BacktestRange]) -> list[BacktestRange]:
    """Ranges in order of their ends."""
    return sorted(set(ranges), key=lambda r: (r.end_date, r.start_date))


def walk_forward(
    steps: Sequence[WalkForwardStep], choices: Sequence[Mapping[str, Any]], *, seed: int = 0
) -> WalkForward:
    """Stitch the steps; no step gives an empty record.

    Args:
        steps: In order of time.
        choices: Each range's choice, dimension name -> value, in the same order. The latest has not
            been traded yet, and some steps may be missing.
        seed: Of the bootstrap.
    """
    sessions = SessionSums.joined([step.sessions for step in steps])
    names = list(dict.fromkeys(name for choice in choices for name in choice))
    return WalkForward(
        steps=tuple(steps),
        sessions=sessions,
        stability={name: _stability([choice.get(name) for choice in choices]) for name in names},
        interval=bootstrap_intervals(sessions, seed=seed).get("return_on_risk_percent"),
        max_drawdown_usd=_max_drawdown(sessions.net_pnl_usd),
    )


def _stability(values: list[Any]) -> ParameterStability:
    pairs = list(itertools.pairwise(values))
    same = sum(before == after for before, after in pairs)
    return ParameterStability(
        values=tuple(values),
        unchanged_fraction=same / len(pairs) if pairs else None,
        n_distinct=len(set(values)),
    )


def _max_drawdown(net_pnl: FloatArray) -> float:
    equity = np.concatenate([[0.0], np.cumsum(net_pnl)])
    return float((np.maximum.accumulate(equity) - equity).max())
