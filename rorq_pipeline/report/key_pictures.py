"""The report's key pictures as PNG, for metadata that shows no HTML."""

import io
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.figures.equity import drawdown_usd, equity_usd
from rorq_pipeline.report.figures.study import completed
from rorq_pipeline.report.formats import parameter, parameter_title
from rorq_pipeline.report.surface_view import SurfaceView, telling_pair

BLUE, VERMILLION, GREY = "#0072B2", "#D55E00", "#6b7178"  # Okabe and Ito's colours
# The page's scale (static/surface.js): losses orange, zero pale, gains blue
_HEAT = LinearSegmentedColormap.from_list(
    "heat",
    [
        (0.0, "#d55e00"), (0.25, "#efb48a"), (0.5, "#f3f1ea"), (0.625, "#c9d9e4"),
        (0.75, "#8bb8d4"), (0.875, "#3f8fc0"), (1.0, "#06304f"),
    ],
)  # fmt: skip
_SIZE_INCHES = (7.2, 3.4)


def key_pictures(data: ReportData) -> dict[str, bytes]:
    """Return PNG bytes by name: equity, optimization_history, surface; what has data."""
    made: dict[str, bytes] = {}
    if not data.trades.empty:
        made["equity"] = _png(lambda axes: _draw_equity(axes, data))
    if completed(data.trials):
        made["optimization_history"] = _png(lambda axes: _draw_history(axes, data))
    surface = None if data.surface is None else surface_picture(data.surface)
    if surface is not None:
        made["surface"] = surface
    return made


def surface_picture(surface: SurfaceView) -> bytes | None:
    """Return the best return on risk over the pair of dimensions that tells most."""
    if not surface.best_by_pair:
        return None
    return _png(lambda axes: _draw_surface(axes, surface))


def _png(draw: Callable[[Axes], None]) -> bytes:
    """Draw on a figure of its own: no global state, so that processes and threads do not meet."""
    figure = Figure(figsize=_SIZE_INCHES, dpi=120, layout="constrained")
    axes = figure.add_subplot()
    draw(axes)
    axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _draw_equity(axes: Axes, data: ReportData) -> None:
    equity = equity_usd(data.trades)
    curve = np.concatenate([[0.0], equity])
    numbers = np.arange(len(curve))
    below = np.concatenate([[0.0], drawdown_usd(equity)])
    axes.fill_between(numbers, curve - below, curve, color=VERMILLION, alpha=0.18, lw=0)
    axes.plot(numbers, curve, color=BLUE, lw=1.8)
    axes.axhline(0, color=GREY, lw=0.7)
    axes.set_title(_title("Equity by trade, drawdown shaded", data), loc="left", fontsize=10)
    axes.set_xlabel("Trades, in the order of their exits")
    axes.set_ylabel("Net P&L, USD")


def _draw_history(axes: Axes, data: ReportData) -> None:
    done = completed(data.trials)
    numbers = [trial.number for trial in done]
    values = np.array([trial.value for trial in done], dtype=float)
    best = np.maximum.accumulate(values)
    axes.plot(numbers, values, "o", color=BLUE, ms=4, alpha=0.55, mew=0)
    axes.step(numbers, best, where="post", color="black", lw=1.8)
    axes.set_title(_title("Trials, and the best so far", data), loc="left", fontsize=10)
    axes.set_xlabel("Trial")
    axes.set_ylabel("Return on risk, %")


def _draw_surface(axes: Axes, surface: SurfaceView) -> None:
    pair = telling_pair(surface)
    cells = surface.best_by_pair[pair]
    limit = float(np.nanmax(np.abs(cells))) if np.isfinite(cells).any() else 1.0
    shown = axes.imshow(cells, cmap=_HEAT, aspect="auto", origin="lower", vmin=-limit, vmax=limit)
    axes.figure.colorbar(shown, ax=axes, label="Best return on risk, %")
    _name_axis(axes.set_yticks, pair[0], surface.dimensions[pair[0]])
    _name_axis(axes.set_xticks, pair[1], surface.dimensions[pair[1]])
    axes.set_ylabel(parameter_title(pair[0]))
    axes.set_xlabel(parameter_title(pair[1]))
    if pair[0] in surface.chosen_index and pair[1] in surface.chosen_index:
        at = surface.chosen_index[pair[1]], surface.chosen_index[pair[0]]
        axes.plot(*at, marker="o", ms=13, mfc="none", mec="white", mew=4)
        axes.plot(*at, marker="o", ms=13, mfc="none", mec="black", mew=1.5)


def _name_axis(set_ticks: Callable[..., object], name: str, values: Sequence[object]) -> None:
    set_ticks(range(len(values)), [parameter(name, value) for value in values], fontsize=8)


def _title(words: str, data: ReportData) -> str:
    marked = ", synthetic data" if data.best.is_synthetic else ""
    return f"{words} ({data.date_range.key}{marked})"
