"""Out of sample: the chosen parameters on the sessions that follow the range.

Which sessions those are, and what came of them. That there are none yet is a result, not an error:
it is the normal state of the latest range.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from optimize.statistics.betting import (
    gain_p_value,
    loss_p_value,
    most_gained,
    returns_at_stake,
)
from optimize.statistics.bootstrap import Interval, bootstrap_intervals
from optimize.statistics.session_sums import SessionSums, trade_sessions
from strategy.date_range import DateRange, sessions_between
from strategy.metrics import Metrics
from strategy.params import StrategyParams
from strategy.session import SessionData

NOT_YET = "no following session is cached yet"
NO_TRADES = "no trade in the following sessions"
MEASURED = "measured"


@dataclass(frozen=True, kw_only=True)
class FollowingSessions:
    """The sessions after a range, at most as many as it has."""

    cached: tuple[date, ...]
    missing: tuple[date, ...]  # exchange sessions before the last cached one that are not cached
    n_wanted: int  # sessions of the range

    @property
    def n_to_come(self) -> int:
        """Sessions that later data may still add."""
        return self.n_wanted - len(self.cached) - len(self.missing)


@dataclass(frozen=True, eq=False, kw_only=True)
class OutOfSample:
    """What the chosen parameters earned on data that had no part in choosing them."""

    status: str  # MEASURED, NO_TRADES or NOT_YET
    sessions: SessionSums
    n_wanted: int  # sessions that would make it as long as the range
    n_missing: int
    metrics: Metrics | None  # None without a session
    intervals: dict[str, Interval]  # by metric name; empty where there are too few sessions
    gain_p_value_fraction: float | None  # that no session earns, at any look; None without a trade
    loss_p_value_fraction: float | None  # that no session loses, at any look

    @property
    def return_on_risk_percent(self) -> float | None:
        """The objective, out of sample."""
        return self.metrics.return_on_risk_percent if self.metrics else None


def kept_fraction(promised_percent: float | None, came_percent: float | None) -> float | None:
    """Share of a promised return on risk that came; None unless the promise is above zero."""
    if promised_percent is None or promised_percent <= 0 or came_percent is None:
        return None
    return came_percent / promised_percent


def following_sessions(date_range: DateRange, cached: Collection[date]) -> FollowingSessions:
    """Choose the sessions after a range: its own number of them, as far as they are cached."""
    n_wanted = len(date_range.sessions)
    later = [day for day in cached if day > date_range.end_date]
    if not later:
        return FollowingSessions(cached=(), missing=(), n_wanted=n_wanted)
    next_day = date_range.end_date + timedelta(days=1)
    exchange = sessions_between(next_day, max(later))[:n_wanted]
    known = set(cached)
    there = tuple(day for day in exchange if day in known)
    holes = tuple(day for day in exchange if day not in known and there and day < there[-1])
    return FollowingSessions(cached=there, missing=holes, n_wanted=n_wanted)


def out_of_sample(
    params: StrategyParams,
    sessions: Sequence[SessionData],
    *,
    n_wanted: int,
    n_missing: int = 0,
    seed: int = 0,
) -> OutOfSample:
    """Trade the chosen parameters on the sessions that follow; none is a result of its own."""
    metrics, sums = trade_sessions(params, sessions) if sessions else (None, SessionSums.empty())
    status = NOT_YET
    if metrics is not None:
        status = MEASURED if metrics.total_trades else NO_TRADES
    returns = returns_at_stake(sums.net_pnl_usd, sums.risk_usd, params.stop_loss_percent)
    is_known = status == MEASURED
    return OutOfSample(
        status=status,
        sessions=sums,
        n_wanted=n_wanted,
        n_missing=n_missing,
        metrics=metrics,
        intervals=bootstrap_intervals(sums, seed=seed),
        gain_p_value_fraction=gain_p_value(returns) if is_known else None,
        loss_p_value_fraction=(
            loss_p_value(returns, most_gained(params.take_profit_percent)) if is_known else None
        ),
    )
