"""What the key pictures draw, line by line and by hand, before they become PNG."""

import re
from dataclasses import replace
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.lines import Line2D
from matplotlib.text import Text
from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from rorq_pipeline.report import key_pictures
from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.key_pictures import (
    _draw_equity,
    _draw_history,
    _draw_surface,
    _png,
    surface_picture,
)
from rorq_pipeline.report.surface_view import SurfaceView, surface_view
from tests.rorq_pipeline.report.small import small_data, trade

BLUE, VERMILLION, GREY = "#0072b2", "#d55e00", "#6b7178"
DIMENSIONS = {"take_profit_percent": (25, 50, 80), "stretch_threshold": (0.001, 0.002)}


def drawn(draw: Any, *arguments: Any) -> Axes:
    """The axes that a drawing is made on."""
    kept: list[Axes] = []

    def keep(axes: Axes) -> None:
        draw(axes, *arguments)
        kept.append(axes)

    _png(keep)
    return kept[0]


def points(line: Line2D) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in line.get_xydata()]  # type: ignore[union-attr]


def stroke(line: Line2D) -> tuple[str, float, str, str]:
    """Colour, width, kind of line and kind of steps."""
    drawn_as = line.get_linestyle(), line.get_drawstyle()
    return to_hex(line.get_color()), line.get_linewidth(), *drawn_as


def marker(line: Line2D) -> tuple[Any, ...]:
    """Shape, size, filling, and colour and width of the edge."""
    edge = line.get_markeredgecolor(), line.get_markeredgewidth()
    return line.get_marker(), line.get_markersize(), line.get_markerfacecolor(), *edge


def titles(axes: Axes) -> tuple[tuple[str, float], str, str]:
    """The title on the left with its size, and those of the axes."""
    title = axes.get_title(loc="left")
    (size,) = {text.get_fontsize() for text in axes.findobj(Text) if text.get_text() == title}
    return (title, size), axes.get_xlabel(), axes.get_ylabel()


def trials() -> list[FrozenTrial]:
    """Values of 2, none, 1 and 5."""
    made = []
    for number, value in enumerate((2.0, None, 1.0, 5.0)):
        one = create_trial(
            state=TrialState.PRUNED if value is None else TrialState.COMPLETE,
            value=value,
            params={"take_profit_percent": 25},
            distributions={"take_profit_percent": CategoricalDistribution([25, 50])},
        )
        one.number = number
        made.append(one)
    return made


def surface(**chosen: float) -> SurfaceView:
    """Nothing is valid where both are least."""
    value = np.array([[50.0, 1.0], [7.5, -2.0], [-1.0, -8.0]])
    trades = np.array([[1, 9], [9, 9], [9, 9]])
    return surface_view(DIMENSIONS, value, trades, min_trades=5, chosen=chosen)


@pytest.fixture
def traded() -> ReportData:
    """Four trades; the second is closed before the first."""
    return small_data([
        trade(3, 30.0, seconds=540), trade(3, -12.0, at="10:01:00", seconds=60),
        trade(4, -20.0), trade(6, 5.0),
    ])  # fmt: skip


def test_equity_is_drawn_from_zero_with_the_fall_below_its_peak(traded: ReportData) -> None:
    axes = drawn(_draw_equity, traded)
    curve, zero = axes.lines
    assert points(curve) == [(0, 0), (1, -12), (2, 18), (3, -2), (4, 3)]
    assert stroke(curve) == (BLUE, 1.8, "-", "default")
    assert points(zero) == [(0, 0), (1, 0)]  # from the left edge to the right one
    assert stroke(zero) == (GREY, 0.7, "-", "default")
    (fall,) = axes.collections
    corners = {(float(x), float(y)) for x, y in fall.get_paths()[0].vertices}
    assert corners == {*points(curve), (1, 0), (3, 18), (4, 18)}
    assert fall.get_facecolor().tolist() == [[*to_rgb(VERMILLION), 0.18]]
    assert fall.get_linewidth() == [0]
    assert titles(axes) == (
        ("Equity by trade, drawdown shaded (2023-01-03_2023-01-06)", 10),
        "Trades, in the order of their exits",
        "Net P&L, USD",
    )


def test_the_best_so_far_never_gets_worse() -> None:
    axes = drawn(_draw_history, small_data(trials=trials(), best={"source": "synthetic"}))
    values, best = axes.lines
    assert points(values) == [(0, 2), (2, 1), (3, 5)]
    assert (values.get_linestyle(), values.get_alpha()) == ("None", 0.55)
    assert marker(values) == ("o", 4, "#0072B2", "#0072B2", 0)
    assert points(best) == [(0, 2), (2, 2), (3, 5)]
    assert stroke(best) == ("#000000", 1.8, "-", "steps-post")
    assert titles(axes) == (
        ("Trials, and the best so far (2023-01-03_2023-01-06, synthetic data)", 10),
        "Trial",
        "Return on risk, %",
    )


def test_the_surface_shows_the_best_of_each_pair_and_marks_the_chosen() -> None:
    axes = drawn(_draw_surface, surface(take_profit_percent=80, stretch_threshold=0.002))
    (image,) = axes.images
    cells = np.ma.filled(image.get_array(), 99)
    assert cells.tolist() == [[99, 1], [7.5, -2], [-1, -8]]
    assert image.get_clim() == (-8, 8)  # zero is in the middle
    assert image.origin == "lower"
    assert axes.figure.axes[1].get_ylabel() == "Best return on risk, %"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Stretch from VWAP", "Take profit")
    for axis, words in (
        (axes.yaxis, ["25%", "50%", "80%"]),
        (axes.xaxis, ["0.1%", "0.2%"]),
    ):
        assert [text.get_text() for text in axis.get_ticklabels()] == words
        assert {text.get_fontsize() for text in axis.get_ticklabels()} == {8}
        assert list(axis.get_ticklocs()) == list(range(len(words)))
    assert [points(ring) for ring in axes.lines] == [[(1, 2)], [(1, 2)]]
    assert [marker(ring) for ring in axes.lines] == [
        ("o", 13, "none", "white", 4), ("o", 13, "none", "black", 1.5),
    ]  # fmt: skip


def test_a_choice_that_is_known_on_one_axis_alone_has_no_mark() -> None:
    for view in (surface(take_profit_percent=80), surface(stretch_threshold=0.002)):
        assert list(drawn(_draw_surface, view).lines) == []


def test_a_surface_without_a_valid_cell_is_empty() -> None:
    nothing = surface_view(DIMENSIONS, np.ones((3, 2)), np.ones((3, 2)), min_trades=5)
    (image,) = drawn(_draw_surface, nothing).images
    assert np.ma.getmaskarray(np.ma.masked_invalid(image.get_array())).all()
    assert image.get_clim() == (-1, 1)


def test_gains_and_losses_have_the_colours_of_the_page() -> None:
    static = files("rorq_pipeline.report") / "static"
    scale = (static / "surface.js").read_text(encoding="utf-8").partition("const scale = ")[2]
    stops = re.findall(r'\[([\d.]+), "(--heat-[\w-]+)"\]', scale.partition(";")[0])
    light = (static / "tokens.css").read_text(encoding="utf-8").partition("}")[0]
    (image,) = drawn(_draw_surface, surface()).images
    assert len(stops) == 7
    for at, token in stops:
        (color,) = re.findall(rf"{token}: (#\w+)", light)
        assert image.cmap(float(at))[:3] == pytest.approx(to_rgb(color), abs=0.02)


def test_there_is_a_picture_of_what_has_data(traded: ReportData) -> None:
    assert key_pictures(small_data()) == {}
    assert key_pictures(small_data(trials=trials()[1:2])) == {}
    line = surface_view({"a": (1, 2)}, np.ones(2), np.full(2, 9), min_trades=5)
    assert surface_picture(line) is None
    assert key_pictures(small_data(surface=line)) == {}
    made = key_pictures(replace(traded, trials=trials(), surface=surface()))
    assert list(made) == ["equity", "optimization_history", "surface"]
    for png in made.values():
        assert png.startswith(b"\x89PNG")
        size = [int.from_bytes(png[at : at + 4]) for at in (16, 20)]
        assert size == [864, 408]  # 7.2 by 3.4 inches of 120 points


def test_a_picture_has_no_frame_above_and_on_the_right(traded: ReportData) -> None:
    spines = drawn(_draw_equity, traded).spines
    assert {side: spines[side].get_visible() for side in spines} == {
        "left": True, "right": False, "bottom": True, "top": False,
    }  # fmt: skip


def test_pictures_are_the_same_for_the_same_data(traded: ReportData) -> None:
    assert key_pictures(traded) == key_pictures(traded)
