"""How single trades ended: the distribution of their net P&L."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

MOST_BARS = 36
MOST_SINGLE_TICKS = 8  # trades; up to it each has a tick, beyond it plotly's are whole


def whole_ticks(largest: float) -> dict[str, Any]:
    """Ticks of an axis that counts: there is no half trade."""
    return {"dtick": 1} if largest <= MOST_SINGLE_TICKS else {"tickformat": ",d"}


def pnl_figure(trades: pd.DataFrame) -> dict[str, Any]:
    """Histogram of net P&L a trade, losses and gains in their colours."""
    pnl = trades["net_pnl_usd"].to_numpy(dtype=float)
    edges = _edges(pnl)
    counts, _ = np.histogram(pnl, edges)
    middles = (edges[:-1] + edges[1:]) / 2
    return {
        "data": [
            {
                "type": "bar",
                "x": middles,
                "y": counts,
                "width": np.diff(edges) * 0.94,
                "customdata": [[f"{low:,.0f}", f"{high:,.0f}"] for low, high in pairwise(edges)],
                "marker": {"color": ["--blue" if x > 0 else "--vermillion" for x in middles]},
                "hovertemplate": "from $%{customdata[0]} to $%{customdata[1]}"
                "<br><b>%{y:,}</b> trades<extra></extra>",
            }
        ],
        "layout": {
            "height": 260,
            "xaxis": {"title": {"text": "Net P&L a trade, USD"}, "tickformat": "$,~f"},
            "yaxis": {
                "title": {"text": "Trades"},
                "rangemode": "tozero",
                **whole_ticks(max(counts)),
            },
        },
    }


def _edges(pnl: "np.ndarray[Any, np.dtype[np.float64]]") -> Any:
    """Bins of a round width with an edge at zero, so that no bin mixes gains and losses."""
    low, high = min(pnl.min(), 0.0), max(pnl.max(), 0.0)
    raw = max((high - low) / MOST_BARS, 0.5)
    power = 10.0 ** np.floor(np.log10(raw))
    width = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= raw)
    first = np.floor(low / width)
    last = max(np.ceil(high / width), first + 1)
    return np.arange(first, last + 1) * width
