"""In sample beside out of sample: one curve over the sessions."""

from collections.abc import Sequence
from datetime import date
from itertools import accumulate
from typing import Any

from rorq_pipeline.report.formats import short_day


def sessions_figure(
    inside: dict[date, float],  # net P&L by session, USD
    outside_dates: Sequence[date],
    outside_pnl_usd: Sequence[float],
) -> dict[str, Any]:
    """Cumulative net P&L by session, going on where the choice was made."""
    before = list(accumulate(inside.values()))
    after = list(accumulate(outside_pnl_usd, initial=before[-1]))
    border = short_day(list(inside)[-1])
    dates_after = [border, *(short_day(day) for day in outside_dates)]
    return {
        "data": [
            _curve("In sample", [short_day(day) for day in inside], before, "--blue", "solid"),
            _curve("Out of sample", dates_after, after, "--blue", "dot"),
        ],
        "layout": {
            "height": 300,
            "legend": {"orientation": "h", "y": 1.14},
            "xaxis": {"type": "category", "nticks": 10},
            "yaxis": {"title": {"text": "Net P&L, USD"}, "tickformat": "$,~f", "zeroline": True},
        },
    }


def _curve(
    name: str, dates: Sequence[str], values_usd: Sequence[float], color: str, dash: str
) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines+markers", "name": name, "x": list(dates),
        "y": list(values_usd), "line": {"color": color, "width": 2, "dash": dash},
        "marker": {"color": color, "size": 5},
        "hovertemplate": f"{name}, %{{x}}<br><b>%{{y:$,.2f}}</b><extra></extra>",
    }  # fmt: skip
