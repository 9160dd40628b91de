"""How the trades ended, by exit reason, hour, side, weekday and moneyness."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from rorq_pipeline.report.contracts import depth_usd
from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.figures.outcomes import pnl_figure
from rorq_pipeline.report.section import Section

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_SIDES = {"below": "below VWAP, a call", "above": "above VWAP, a put"}
DEPTH_STEP_USD = 0.5


def outcomes_section(data: ReportData) -> Section:
    """One table a grouping, all on one scale."""
    title = "Outcomes"
    if data.trades.empty:
        absent = "There is no trade to group."
        return Section(id="outcomes", title=title, absent=absent)
    trades = data.trades
    entries = trades["entry_time"]
    depths = map(depth_usd, trades["ticker"], trades["underlying_price"])
    groups: dict[str, Sequence[str] | pd.Categorical] = {
        "Exit reason": [reason.replace("_", " ") for reason in trades["exit_reason"]],
        "Hour of entry, New York": [f"{moment:%H}:00" for moment in entries],
        "Side of the stretch": [_SIDES[side] for side in trades["side"]],
        "Weekday": pd.Categorical(entries.dt.day_name(), _WEEKDAYS),
        "Moneyness at the signal": [_depth_words(depth) for depth in depths],
    }
    tables = [_table(title, keys, trades["net_pnl_usd"]) for title, keys in groups.items()]
    scale = max(abs(row["net_pnl_usd"]) for table in tables for row in table["rows"]) or 1.0
    return Section(
        id="outcomes",
        title=title,
        context={"tables": tables, "scale": scale},
        figures={"pnl": pnl_figure(trades)},
    )


def _table(title: str, keys: Sequence[str] | pd.Categorical, pnl_usd: pd.Series) -> dict[str, Any]:
    rows = [
        {
            "key": key,
            "n": len(group),
            "win_rate_percent": 100 * (group > 0).mean(),
            "mean_usd": group.mean(),
            "net_pnl_usd": group.sum(),
        }
        for key, group in pnl_usd.groupby(pd.Index(keys))
    ]
    return {"title": title, "rows": rows}


def _depth_words(depth: float | None) -> str:
    """Half-dollar steps in or out of the money."""
    if depth is None:
        return "not known"
    step = abs(depth) // DEPTH_STEP_USD
    low, high = step * DEPTH_STEP_USD, (step + 1) * DEPTH_STEP_USD
    return f"{'in' if depth >= 0 else 'out'} by ${low:.2f} to ${high:.2f}"
