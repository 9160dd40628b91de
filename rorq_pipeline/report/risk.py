"""How bumpy the way was: Sharpe and Sortino ratios of a year, holding times, drawdowns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from rorq_pipeline.report.figures.equity import by_exit, equity_usd

SESSIONS_A_YEAR = 252
MAX_DRAWDOWNS = 5


@dataclass(frozen=True, kw_only=True)
class Drawdown:
    """A fall of the equity below its highest point so far, or below zero."""

    depth_usd: float
    from_date: date  # the last trade at the highest point; the first trade where that is zero
    lowest_date: date
    recovered_date: date | None  # None: not yet
    n_trades: int  # from the first below the highest point to the last


def annual_sharpe(daily_sharpe: float | None) -> float | None:
    """The daily ratio over a year of sessions that do not hang together."""
    return None if daily_sharpe is None else daily_sharpe * SESSIONS_A_YEAR**0.5


def annual_sortino(daily_pnl_usd: Sequence[float]) -> float | None:
    """Mean over downside deviation from zero, a year; None without a losing session."""
    pnl = np.asarray(daily_pnl_usd, dtype=float)
    downside = float(np.sqrt(np.mean(np.minimum(pnl, 0.0) ** 2))) if pnl.size else 0.0
    return float(pnl.mean()) / downside * SESSIONS_A_YEAR**0.5 if downside else None


def holding_seconds(trades: pd.DataFrame) -> tuple[float, float, float]:
    """Median, mean and longest time from entry to exit."""
    held = (trades["exit_time"] - trades["entry_time"]).dt.total_seconds()
    return float(held.median()), float(held.mean()), float(held.max())


def drawdowns(trades: pd.DataFrame) -> list[Drawdown]:
    """The deepest falls, in the order in which the trades were closed."""
    equity = np.concatenate([[0.0], equity_usd(trades)])
    dates = [pd.Timestamp(moment).date() for moment in by_exit(trades)["exit_time"]]
    dates = [dates[0], *dates]  # the point before the first trade
    below = equity < np.maximum.accumulate(equity)
    starts = np.flatnonzero(below[1:] & ~below[:-1]) + 1
    found = []
    for start in starts:
        later = np.flatnonzero(~below[start:])
        end = int(start + later[0]) if later.size else None
        fall = equity[start:end]
        found.append(
            Drawdown(
                depth_usd=float(equity[start - 1] - fall.min()),
                from_date=dates[start - 1],
                lowest_date=dates[start + int(fall.argmin())],
                recovered_date=None if end is None else dates[end],
                n_trades=len(fall),
            )
        )
    return sorted(found, key=lambda one: -one.depth_usd)[:MAX_DRAWDOWNS]
