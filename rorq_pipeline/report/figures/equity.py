"""Equity, drawdown and daily P&L, in dollars."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rorq_pipeline.report.figures.outcomes import whole_ticks
from rorq_pipeline.report.formats import short_day

MAX_LABELS = 3000  # moments on the curve; each is twenty characters of the page

FloatArray = npt.NDArray[np.float64]


def by_exit(trades: pd.DataFrame) -> pd.DataFrame:
    """The trades in the order in which they were closed, as the drawdown metric counts them."""
    return trades.sort_values("exit_time", kind="stable")


def equity_usd(trades: pd.DataFrame) -> FloatArray:
    """Cumulative net P&L after each trade, in the order of their exits."""
    return np.asarray(by_exit(trades)["net_pnl_usd"], dtype=float).cumsum()


def drawdown_usd(equity: FloatArray) -> FloatArray:
    """Distance below the highest equity so far, counted from 0; zero or negative."""
    return equity - np.maximum(np.maximum.accumulate(equity), 0.0)


def daily_pnl_usd(trades: pd.DataFrame, sessions: Sequence[date]) -> dict[date, float]:
    """Net P&L of every session, 0 where nothing was traded."""
    daily = dict.fromkeys(sessions, 0.0)
    for session, pnl in trades[["session_date", "net_pnl_usd"]].itertuples(index=False):
        daily[session] = daily.get(session, 0.0) + float(pnl)
    return daily


def equity_figure(trades: pd.DataFrame) -> dict[str, Any]:
    """Equity above, drawdown below, by trade."""
    equity = equity_usd(trades)
    when = _when(trades)
    moment = "%{text}<br>" if when else ""
    # Without x, plotly counts the points from 0, which is the number of trades so far.
    return {
        "data": [
            {
                "type": "scatter", "mode": "lines", "name": "Equity", "y": [0.0, *equity],
                "text": when, "line": {"color": "--blue", "width": 2},
                "hovertemplate": f"trade %{{x}}<br>{moment}<b>%{{y:$,.2f}}</b><extra></extra>",
            },
            {
                "type": "scatter", "mode": "lines", "name": "Drawdown",
                "y": [0.0, *drawdown_usd(equity)], "yaxis": "y2", "fill": "tozeroy",
                "line": {"color": "--vermillion", "width": 1}, "fillcolor": "--vermillion@0.22",
                "hovertemplate": "trade %{x}<br><b>%{y:$,.2f}</b> from the peak<extra></extra>",
            },
        ],
        "layout": {
            "height": 430, "hovermode": "closest",
            "xaxis": {"title": {"text": "Trades, in the order of their exits"}, "anchor": "y2",
                      "rangemode": "tozero", **whole_ticks(len(equity))},
            "yaxis": {"title": {"text": "Equity, USD"}, "domain": [0.38, 1], "tickformat": "$,~f",
                      "zeroline": True},
            "yaxis2": {"title": {"text": "Drawdown, USD"}, "domain": [0, 0.28],
                       "tickformat": "$,~f", "rangemode": "tozero"},
        },
    }  # fmt: skip


def _when(trades: pd.DataFrame) -> list[str]:
    """The moment of each point for its label; left out where there are too many to carry along."""
    if len(trades) > MAX_LABELS:
        return []
    return ["start", *(f"{pd.Timestamp(t):%d %b %y, %H:%M}" for t in by_exit(trades)["exit_time"])]


def daily_figure(daily: dict[date, float]) -> dict[str, Any]:
    """Net P&L of each session, gains and losses in colours and by direction."""
    values = list(daily.values())
    return {
        "data": [
            {
                "type": "bar", "name": "Net P&L", "x": [short_day(day) for day in daily],
                "y": values,
                "marker": {"color": ["--blue" if v >= 0 else "--vermillion" for v in values]},
                "hovertemplate": "%{x}<br><b>%{y:$,.2f}</b><extra></extra>",
            }
        ],
        "layout": {
            "height": 260,
            "xaxis": {"type": "category", "nticks": 12},
            "yaxis": {"title": {"text": "Net P&L a session, USD"}, "tickformat": "$,~f",
                      "zeroline": True},
        },
    }  # fmt: skip
