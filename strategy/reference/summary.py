"""The metrics of the reference engine, each from the list of trades."""

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

SMALLEST_GROSS_LOSS_USD = 0.01  # keeps the profit factor finite when no trade lost
SMALLEST_DEVIATION_USD = 1e-9  # a smaller one is rounding: the days were alike

Row = dict[str, Any]


def summarise(trades: Sequence[Row], session_dates: Sequence[date]) -> dict[str, Any]:
    """The metrics of the trades; `session_dates` holds the days without a trade too."""
    pnls = [row["net_pnl_usd"] for row in trades]
    metrics: dict[str, Any] = {
        "total_trades": len(trades),
        "win_rate_percent": None,
        "expectancy_usd": None,
        "avg_risk_per_trade_usd": None,
        "return_on_risk_percent": None,
        "daily_sharpe": daily_sharpe(trades, session_dates),
        "profit_factor": None,
        "max_drawdown_usd": None,
        "net_pnl_usd": math.fsum(pnls),
    }
    if trades:
        expectancy_usd = math.fsum(pnls) / len(trades)
        average_risk_usd = math.fsum(row["risk_usd"] for row in trades) / len(trades)
        gross_loss_usd = -math.fsum(pnl for pnl in pnls if pnl < 0)
        gross_profit_usd = math.fsum(pnl for pnl in pnls if pnl > 0)
        metrics |= {
            "win_rate_percent": 100 * sum(pnl > 0 for pnl in pnls) / len(trades),
            "expectancy_usd": expectancy_usd,
            "avg_risk_per_trade_usd": average_risk_usd,
            "return_on_risk_percent": 100 * expectancy_usd / average_risk_usd,
            "profit_factor": gross_profit_usd / max(gross_loss_usd, SMALLEST_GROSS_LOSS_USD),
            "max_drawdown_usd": max_drawdown(trades),
        }
    return metrics


def daily_sharpe(trades: Sequence[Row], session_dates: Sequence[date]) -> float | None:
    """Mean over sample standard deviation of the sessions' net P&L, not annualised."""
    daily_usd = [
        math.fsum(row["net_pnl_usd"] for row in trades if row["session_date"] == day)
        for day in session_dates
    ]
    if len(daily_usd) < 2:
        return None
    mean_usd = math.fsum(daily_usd) / len(daily_usd)
    squares = math.fsum((usd - mean_usd) ** 2 for usd in daily_usd)
    deviation_usd = math.sqrt(squares / (len(daily_usd) - 1))
    return mean_usd / deviation_usd if deviation_usd > SMALLEST_DEVIATION_USD else None


def max_drawdown(trades: Sequence[Row]) -> float:
    """Largest fall of cumulative net P&L, in exit order, from its running peak or from zero."""
    equity_usd = peak_usd = worst_usd = 0.0
    for row in sorted(trades, key=lambda one: one["exit_time"]):
        equity_usd += row["net_pnl_usd"]
        peak_usd = max(peak_usd, equity_usd)
        worst_usd = max(worst_usd, peak_usd - equity_usd)
    return worst_usd
