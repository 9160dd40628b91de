"""How the trades ended, by exit reason, hour, side, weekday and moneyness."""

import math
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
        return Section(id="outcomes", title=title, absent=absent, printed=False)
    trades = data.trades
    entries = [pd.Timestamp(moment) for moment in trades["entry_time"]]
    groups = [
        ("Exit reason", [str(r).replace("_", " ") for r in trades["exit_reason"]]),
        ("Hour of entry, New York", [f"{t.hour:02d}:00" for t in entries]),
        ("Weekday", [_WEEKDAYS[t.weekday()] for t in entries]),
    ]
    if "side" in trades:
        sides = [_SIDES.get(str(side), str(side)) for side in trades["side"]]
        groups.insert(2, ("Side of the stretch", sides))
    if "underlying_price" in trades:
        groups.append(("Moneyness at the signal", _depths(trades)))
    tables = [_table(title, keys, trades["net_pnl_usd"].tolist()) for title, keys in groups]
    scale = max(abs(row["net_pnl_usd"]) for table in tables for row in table["rows"]) or 1.0
    return Section(
        id="outcomes",
        title=title,
        context={"tables": tables, "scale": scale},
        figures={"pnl": pnl_figure(trades)},
        printed=False,
    )


def _table(title: str, keys: Sequence[str], pnl_usd: Sequence[float]) -> dict[str, Any]:
    frame = pd.DataFrame({"key": keys, "pnl": pnl_usd})
    rows = [
        {
            "key": str(key),
            "n": len(group),
            "win_rate_percent": 100 * float((group["pnl"] > 0).mean()),
            "mean_usd": float(group["pnl"].mean()),
            "net_pnl_usd": float(group["pnl"].sum()),
        }
        for key, group in frame.groupby("key", sort=False)
    ]
    return {"title": title, "rows": sorted(rows, key=lambda row: _place(str(row["key"])))}


def _place(key: str) -> tuple[int, str]:
    """Weekdays in their order, everything else by its text."""
    return (_WEEKDAYS.index(key), "") if key in _WEEKDAYS else (0, key)


def _depths(trades: pd.DataFrame) -> list[str]:
    pairs = zip(trades["ticker"], trades["underlying_price"], strict=True)
    return [_depth_words(depth_usd(str(ticker), price)) for ticker, price in pairs]


def _depth_words(depth: float | None) -> str:
    """Half-dollar steps in or out of the money."""
    if depth is None:
        return "not known"
    step = math.floor(abs(depth) / DEPTH_STEP_USD)
    low, high = step * DEPTH_STEP_USD, (step + 1) * DEPTH_STEP_USD
    return f"{'in' if depth >= 0 else 'out'} by ${low:.2f} to ${high:.2f}"
