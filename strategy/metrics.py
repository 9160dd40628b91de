"""Trades to metrics: what a backtest is judged by, and what it counted on the way.

`return_on_risk_percent` is the objective: 100 x expectancy / average risk. Every metric is defined
whenever there is a trade, `daily_sharpe` from two sessions on.
"""

import math
from dataclasses import asdict, dataclass

import numpy as np

from strategy.session import FloatArray, IntArray

LEAST_LOSS_USD = 0.01  # a profit factor without losers counts this as the loss, to stay finite
LEAST_DEVIATION_USD = 1e-9  # days that differ by less are alike: only rounding is between them


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Judgement of one parameter set on one range; None where a value is not defined."""

    total_trades: int
    win_rate_percent: float | None  # share of trades with net P&L above zero
    expectancy_usd: float | None  # mean net P&L a trade
    avg_risk_per_trade_usd: float | None
    return_on_risk_percent: float | None  # the objective
    net_pnl_usd: float
    daily_sharpe: float | None  # mean / sample deviation of daily net P&L, not annualised
    profit_factor: float | None  # gross profit / gross loss
    max_drawdown_usd: float | None  # largest fall of cumulative net P&L from its peak

    def as_dict(self) -> dict[str, float | int | None]:
        """All metrics by name."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What happened on the way to the trades."""

    stretch_signals: int  # stretches after cooldown
    valid_entries: int  # those with a reclaim
    late_entries_blocked: int  # reclaims at or after the cutoff
    missing_contract_data: int  # chosen contracts without a cached bar
    no_price_at_entry: int  # latest_bar: not traded yet, or an entry past the session
    no_fill: int  # next_bar: no bar within the wait, or none before the session's last second
    stale_prices: int  # entry and exit fills at a price older than the threshold
    forced_exits: int  # trades ended by the clock of the day or by the end of the data
    exit_without_print: int  # next_bar: no bar came after the decision to sell

    @property
    def entries_lost(self) -> int:
        """Reclaims in time that were not traded for want of the contract's prices."""
        return self.missing_contract_data + self.no_price_at_entry + self.no_fill

    def as_dict(self) -> dict[str, int]:
        """All counts by name."""
        return asdict(self)


def compute_metrics(
    net_pnl: FloatArray,  # (n_trades,), USD, in signal order
    risk: FloatArray,  # (n_trades,), USD
    session_index: IntArray,  # (n_trades,), row of the trade's session
    exit_seconds: IntArray,  # (n_trades,), UTC since 1970 or since the session's open
    n_sessions: int,
) -> Metrics:
    """Compute all metrics of a list of trades over `n_sessions` sessions."""
    n_trades = len(net_pnl)
    total = float(net_pnl.sum())
    if n_trades == 0:
        return Metrics(
            total_trades=0,
            win_rate_percent=None,
            expectancy_usd=None,
            avg_risk_per_trade_usd=None,
            return_on_risk_percent=None,
            net_pnl_usd=0.0,
            daily_sharpe=None,
            profit_factor=None,
            max_drawdown_usd=None,
        )
    expectancy = total / n_trades
    average_risk = float(risk.sum()) / n_trades
    wins = net_pnl[net_pnl > 0]
    gross_profit = float(wins.sum())
    gross_loss = max(gross_profit - total, LEAST_LOSS_USD)
    daily = np.bincount(session_index, weights=net_pnl, minlength=n_sessions).astype(np.float64)
    by_exit = np.lexsort((exit_seconds, session_index))
    return Metrics(
        total_trades=n_trades,
        win_rate_percent=100.0 * len(wins) / n_trades,
        expectancy_usd=expectancy,
        avg_risk_per_trade_usd=average_risk,
        return_on_risk_percent=100.0 * expectancy / average_risk if average_risk > 0 else None,
        net_pnl_usd=total,
        daily_sharpe=_sharpe(daily),
        profit_factor=gross_profit / gross_loss,
        max_drawdown_usd=_max_drawdown(net_pnl[by_exit]),
    )


def _sharpe(daily_pnl: FloatArray) -> float | None:
    n_sessions = len(daily_pnl)
    if n_sessions < 2:
        return None
    mean = float(daily_pnl.sum()) / n_sessions
    deviation = math.sqrt(float(((daily_pnl - mean) ** 2).sum()) / (n_sessions - 1))
    return mean / deviation if deviation > LEAST_DEVIATION_USD else None


def _max_drawdown(net_pnl: FloatArray) -> float:
    equity = np.cumsum(net_pnl)
    peak = np.maximum.accumulate(np.maximum(equity, 0.0))
    return float((peak - equity).max())
