"""What the walk-forward matrix says of each policy: figures, intervals, comparisons, ageing.

A policy is judged on the months before which it had its lookback; a month in which no combination
had the trades it wants is one of them, and brought nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from optimize.choice.policies import Policy
from optimize.choice.walk_forward_matrix import NO_CHOICE, OLDEST_MONTHS, MonthRecord
from optimize.statistics.out_of_sample import kept_fraction
from strategy.session import FloatArray, IntArray

N_RESAMPLES = 2_000
CONFIDENCE_FRACTION = 0.90


@dataclass(frozen=True, eq=False, kw_only=True)
class MonthTable:
    """What every policy did in every month after its lookback."""

    policies: tuple[Policy, ...]
    months: tuple[str, ...]
    judged: npt.NDArray[np.bool_]  # (n_months, n_policies), months before which it had its lookback
    chosen: IntArray  # (n_months, n_policies), index in the search space, NO_CHOICE without
    promised_percent: FloatArray  # (n_months, n_policies), NaN without a choice
    total_trades: IntArray  # (n_months, n_policies)
    net_pnl_usd: FloatArray  # (n_months, n_policies)
    risk_usd: FloatArray  # (n_months, n_policies)
    n_sessions: IntArray  # (n_months,)
    session_net_pnl_usd: FloatArray  # (n_sessions of all months, n_policies)

    @classmethod
    def of(cls, records: Sequence[MonthRecord], policies: Sequence[Policy]) -> "MonthTable":
        """Take the first age of each month's record; the first month trades nothing."""
        traded = records[1:]
        shape = (len(traded), len(policies))
        back = [1 if p.lookback_months == "all" else p.lookback_months for p in policies]
        judged = np.arange(1, len(records))[:, None] >= np.array(back)[None, :]

        def first_age(name: str, dtype: type) -> npt.NDArray[Any]:
            rows = [getattr(record, name)[0] for record in traded]
            return np.array(rows, dtype=dtype).reshape(shape)

        return cls(
            policies=tuple(policies),
            months=tuple(record.month for record in traded),
            judged=judged,
            chosen=first_age("held", np.int64),
            promised_percent=first_age("held_promised_percent", np.float64),
            total_trades=first_age("total_trades", np.int64),
            net_pnl_usd=first_age("net_pnl_usd", np.float64),
            risk_usd=first_age("risk_usd", np.float64),
            n_sessions=np.array([len(record.dates) for record in traded], dtype=np.int64),
            session_net_pnl_usd=np.concatenate(
                [np.empty((0, len(policies))), *(r.session_net_pnl_usd.T for r in traded)]
            ),
        )

    def sessions_of(self, column: int) -> FloatArray:
        """A policy's net P&L by session, over the months it is judged on."""
        judged = np.repeat(self.judged[:, column], self.n_sessions)
        sessions: FloatArray = self.session_net_pnl_usd[judged, column]
        return sessions


@dataclass(frozen=True, kw_only=True)
class PolicyFigures:
    """One policy's record; None is not defined."""

    policy: Policy
    n_months: int
    n_months_without_choice: int
    total_trades: int
    return_on_risk_percent: float | None
    return_on_risk_low_percent: float | None  # of the month-block bootstrap
    return_on_risk_high_percent: float | None
    usd_a_month: float | None
    usd_a_month_low: float | None
    usd_a_month_high: float | None
    months_above_zero_fraction: float | None
    daily_sharpe: float | None  # mean over standard deviation of sessions, not annualised
    max_drawdown_usd: float  # of the equity by session
    promised_percent: float | None  # weighted by the risk that was then taken
    kept_fraction: float | None  # of the promise; None unless it is above zero


def policy_figures(table: MonthTable, *, seed: int = 0) -> list[PolicyFigures]:
    """Return the figures of every policy, in order."""
    intervals = _bootstrap(table, seed)
    return [_figures(table, column, intervals) for column in range(len(table.policies))]


def _figures(
    table: MonthTable, column: int, intervals: tuple[FloatArray, FloatArray]
) -> PolicyFigures:
    judged = table.judged[:, column]
    net_pnl, risk = table.net_pnl_usd[judged, column], table.risk_usd[judged, column]
    n_months, risked = int(judged.sum()), float(risk.sum())
    known = judged & (table.chosen[:, column] != NO_CHOICE)
    weight = table.risk_usd[known, column]
    promised = None
    if weight.sum() > 0:
        promised = float(weight @ table.promised_percent[known, column] / weight.sum())
    value = 100 * float(net_pnl.sum()) / risked if risked > 0 else None
    by_session = table.sessions_of(column)
    returns, money = (ends[:, column] for ends in intervals)
    return PolicyFigures(
        policy=table.policies[column],
        n_months=n_months,
        n_months_without_choice=n_months - int(known.sum()),
        total_trades=int(table.total_trades[judged, column].sum()),
        return_on_risk_percent=value,
        return_on_risk_low_percent=_number(returns[0]),
        return_on_risk_high_percent=_number(returns[1]),
        usd_a_month=float(net_pnl.mean()) if n_months else None,
        usd_a_month_low=_number(money[0]),
        usd_a_month_high=_number(money[1]),
        months_above_zero_fraction=float((net_pnl > 0).mean()) if n_months else None,
        daily_sharpe=daily_sharpe(by_session),
        max_drawdown_usd=_max_drawdown(by_session),
        promised_percent=promised,
        kept_fraction=kept_fraction(promised, value),
    )


def _bootstrap(table: MonthTable, seed: int) -> tuple[FloatArray, FloatArray]:
    """Ends of the intervals of return on risk and of USD a month, (2, n_policies) each.

    Whole months are drawn with replacement (Efron 1979, percentile intervals), the same for every
    policy. NaN with fewer than three months.
    """
    n_months = len(table.months)
    judged = table.judged.astype(float)
    if n_months < 3:
        nothing = np.full((2, len(table.policies)), np.nan)
        return nothing, nothing
    counts = np.random.default_rng(seed).multinomial(
        n_months, np.full(n_months, 1 / n_months), size=N_RESAMPLES
    )
    net_pnl, risk = counts @ (judged * table.net_pnl_usd), counts @ (judged * table.risk_usd)
    months = counts @ judged
    ends = [50 * (1 - CONFIDENCE_FRACTION), 50 * (1 + CONFIDENCE_FRACTION)]
    enough = table.judged.sum(axis=0) >= 3
    intervals = []
    for numerator, denominator in ((100 * net_pnl, risk), (net_pnl, months)):
        values = np.where(denominator > 0, numerator / np.where(denominator > 0, denominator, 1), 0)
        intervals.append(np.where(enough, np.percentile(values, ends, axis=0), np.nan))
    return intervals[0], intervals[1]


@dataclass(frozen=True, kw_only=True)
class Ageing:
    """How choices did in the month after, the one after that, and so on."""

    age_months: int
    n_choices: int  # with a trade at that age
    return_on_risk_percent: float | None
    usd_a_month: float | None


def ageing(records: Sequence[MonthRecord], column: int) -> list[Ageing]:
    """Results of one policy's choices by their age, over all months there are."""
    found = []
    for age in range(OLDEST_MONTHS):
        held = [r for r in records if len(r.held) > age and r.held[age, column] != NO_CHOICE]
        net_pnl = np.array([record.net_pnl_usd[age, column] for record in held])
        risk = sum(record.risk_usd[age, column] for record in held)
        found.append(
            Ageing(
                age_months=age + 1,
                n_choices=len(held),
                return_on_risk_percent=100 * float(net_pnl.sum() / risk) if risk > 0 else None,
                usd_a_month=float(net_pnl.mean()) if len(held) else None,
            )
        )
    return found


def daily_sharpe(by_session: FloatArray) -> float | None:
    """Mean over standard deviation of sessions, not annualised; None where it is not defined."""
    spread = by_session.std(ddof=1) if len(by_session) > 1 else 0.0
    return float(by_session.mean() / spread) if spread > 0 else None


def _max_drawdown(by_session: FloatArray) -> float:
    equity = np.concatenate([[0.0], np.cumsum(by_session)])
    return float((np.maximum.accumulate(equity) - equity).max())


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
