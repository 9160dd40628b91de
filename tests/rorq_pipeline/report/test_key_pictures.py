"""What the key pictures draw: the lines on their axes, before they become PNG."""

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from rorq_pipeline.report.formats import parameter_title
from rorq_pipeline.report.key_pictures import _draw_equity, _draw_history, _draw_surface, _png
from tests.rorq_pipeline.report.fixtures import (
    MIN_TRADES,
    SPACE,
    complete_data,
    grid,
)


def drawn(draw: Any, *arguments: Any) -> Axes:
    """The axes that a drawing is made on."""
    kept: list[Axes] = []

    def keep(axes: Axes) -> None:
        draw(axes, *arguments)
        kept.append(axes)

    _png(keep)
    return kept[0]


def ends(axes: Axes, line: int = 0) -> list[float]:
    return [float(value) for value in np.asarray(axes.lines[line].get_ydata())]


def test_equity_is_drawn_from_zero_with_the_fall_below_its_peak() -> None:
    data = complete_data()
    axes = drawn(_draw_equity, data)
    by_exit = data.trades.sort_values("exit_time", kind="stable")["net_pnl_usd"]
    curve = [0.0]
    for pnl in by_exit:
        curve.append(curve[-1] + pnl)
    assert ends(axes) == pytest.approx(curve)
    assert list(np.asarray(axes.lines[0].get_xdata())) == list(range(len(curve)))
    assert ends(axes, 1) == [0, 0]
    box = axes.collections[0].get_paths()[0].get_extents()  # from the curve up to its peak
    assert (box.ymin, box.ymax) == pytest.approx((min(curve), max(curve)))
    assert "2023-01-03_2023-01-20, synthetic data" in axes.get_title(loc="left")


def test_the_best_so_far_never_gets_worse() -> None:
    data = complete_data()
    axes = drawn(_draw_history, data)
    done = [(t.number, t.value) for t in data.trials if t.value is not None]
    assert list(np.asarray(axes.lines[0].get_xdata())) == [number for number, _ in done]
    assert ends(axes) == [value for _, value in done]
    best = [max(value for _, value in done[: n + 1]) for n in range(len(done))]
    assert ends(axes, 1) == best


def test_the_surface_shows_the_best_of_each_pair_and_marks_the_chosen() -> None:
    surface = complete_data().surface
    assert surface is not None
    axes = drawn(_draw_surface, surface)
    names = {parameter_title(name): name for name in SPACE.names}
    down, right = names[axes.get_ylabel()], names[axes.get_xlabel()]
    value, trades = grid()
    valid = np.where(trades >= MIN_TRADES, value, -np.inf)
    rows, columns = SPACE.names.index(down), SPACE.names.index(right)
    best = np.moveaxis(valid, (rows, columns), (0, 1)).max(axis=tuple(range(2, valid.ndim)))
    cells = np.ma.filled(axes.images[0].get_array(), -np.inf)
    assert cells == pytest.approx(best, abs=1e-3)
    most = float(np.abs(cells[np.isfinite(cells)]).max())
    assert axes.images[0].get_clim() == pytest.approx((-most, most))  # zero is in the middle
    at = surface.chosen_index[right], surface.chosen_index[down]
    marks = [(line.get_xdata(), line.get_ydata()) for line in axes.lines]
    assert [(int(x[0]), int(y[0])) for x, y in marks] == [at, at]
