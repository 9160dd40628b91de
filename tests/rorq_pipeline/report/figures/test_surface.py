"""Profiles, distribution and heatmaps of a surface of six values, by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rorq_pipeline.report.figures.surface import (
    distribution_figure,
    heatmap_values,
    profile_figure,
)
from rorq_pipeline.report.surface_view import SurfaceView

NAN = float("nan")


@pytest.fixture
def surface() -> SurfaceView:
    """Nothing is valid at a take profit of 25 %."""
    return SurfaceView(
        dimensions={"take_profit_percent": (25, 50, 80), "stretch_threshold": (0.001, 0.002)},
        min_trades=5, n_combinations=6, n_valid=4, n_profitable=2,
        best_by_dimension={"take_profit_percent": np.array([NAN, 7.5, -1.0])},
        median_by_dimension={"take_profit_percent": np.array([NAN, 2.5, -3.0])},
        chosen_by_dimension={"take_profit_percent": np.array([NAN, -2.0, -1.5])},
        best_by_pair={
            ("take_profit_percent", "stretch_threshold"): np.array(
                [[0.0, 1.004], [7.5, -2.006], [-1.0, -5.0]]
            )
        },
        median_by_pair={
            ("take_profit_percent", "stretch_threshold"): np.array(
                [[0.0, 0.5], [1.5, -3.0], [-2.0, -6.0]]
            )
        },
        chosen_by_pair={
            ("take_profit_percent", "stretch_threshold"): np.array(
                [[0.0, 0.25], [3.0, -4.0], [-3.5, -7.0]]
            )
        },
        histogram_edges_percent=np.array([-0.75, -0.25, 0.25, 0.75, 1.25]),
        histogram_counts=np.array([1.0, 1.0, 0.0, 2.0]),
        chosen_index={"take_profit_percent": 1, "stretch_threshold": 0},
    )  # fmt: skip


def plain(figure: dict[str, Any]) -> dict[str, Any]:
    """The figure with its arrays as lists."""
    lists = [
        {key: value.tolist() if isinstance(value, np.ndarray) else value
         for key, value in trace.items()}
        for trace in figure["data"]
    ]  # fmt: skip
    return {**figure, "data": lists}


def line(words: str, color: str, dash: str, values: list[float]) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines+markers", "name": words, "x": ["50%", "80%"], "y": values,
        "line": {"color": color, "width": 1.8, "dash": dash}, "marker": {"size": 4, "color": color},
        "hovertemplate": "%{x}, " + words + "<br><b>%{y:.1f}%</b><extra></extra>",
    }  # fmt: skip


def test_a_profile_has_three_lines_over_the_valid_values_and_the_choice(
    surface: SurfaceView,
) -> None:
    assert plain(profile_figure(surface, "take_profit_percent")) == {
        "data": [
            line("best of all others", "--blue", "solid", [7.5, -1.0]),
            line("others as chosen", "--purple", "dot", [-2.0, -1.5]),
            line("median of all others", "--grey", "dash", [2.5, -3.0]),
            {
                "type": "scatter", "mode": "markers", "x": ["50%"], "y": [-2.0],
                "marker": {"size": 11, "color": "--ink", "symbol": "diamond",
                           "line": {"color": "--paper", "width": 1.5}},
                "hovertemplate": "chosen: %{x}<br><b>%{y:.1f}%</b><extra></extra>",
            },
        ],
        "layout": {
            "height": 210,
            "title": {"text": "Take profit", "x": 0, "font": {"size": 12.5}},
            "xaxis": {"type": "category", "tickangle": "auto"},
            "yaxis": {"ticksuffix": "%", "zeroline": True, "nticks": 5},
            "margin": {"t": 34, "b": 30, "l": 46},
        },
    }  # fmt: skip


@pytest.mark.parametrize("chosen", [{}, {"take_profit_percent": 0}])
def test_a_choice_that_is_not_on_the_axis_has_no_mark(
    surface: SurfaceView, chosen: dict[str, int]
) -> None:
    """Not known, or at a value where nothing is valid."""
    figure = profile_figure(replace(surface, chosen_index=chosen), "take_profit_percent")
    assert [trace["mode"] for trace in figure["data"]] == ["lines+markers"] * 3


def test_the_distribution_is_bars_with_losses_in_their_colour(surface: SurfaceView) -> None:
    assert plain(distribution_figure(surface, None)) == {
        "data": [
            {
                "type": "bar", "x": [-0.5, 0, 0.5, 1], "y": [1, 1, 0, 2],
                "width": [pytest.approx(0.47)] * 4,
                "marker": {"color": ["--vermillion", "--vermillion", "--blue", "--blue"]},
                "hovertemplate": "around %{x:.1f}%<br><b>%{y:,}</b> combinations<extra></extra>",
            }
        ],
        "layout": {
            "height": 250,
            "xaxis": {"title": {"text": "Return on risk, %"}, "zeroline": True},
            "yaxis": {"title": {"text": "Combinations"}, "tickformat": ",~s"},
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("chosen", "x", "words", "side", "shift"),
    [
        (-0.8, -0.75, "chosen, beyond the scale at \u22120.8%", "left", 6),
        (-0.75, -0.75, "chosen", "left", 6),
        (0.25, 0.25, "chosen", "left", 6),
        (0.5, 0.5, "chosen", "right", -6),
        (1.25, 1.25, "chosen", "right", -6),
        (1234.5, 1.25, "chosen, beyond the scale at 1,234.5%", "right", -6),
    ],
)
def test_the_choice_is_a_line_with_words_on_the_side_that_has_room(
    surface: SurfaceView, chosen: float, x: float, words: str, side: str, shift: int
) -> None:
    layout = distribution_figure(surface, chosen)["layout"]
    assert layout["height"] == 250
    assert layout["shapes"] == [
        {"type": "line", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1,
         "line": {"color": "--ink", "width": 1.5, "dash": "dot"}}
    ]  # fmt: skip
    assert layout["annotations"] == [
        {"x": x, "y": 1, "yref": "paper", "showarrow": False, "text": words,
         "xanchor": side, "xshift": shift, "font": {"size": 12, "color": "--ink"}}
    ]  # fmt: skip


def test_the_heatmaps_have_every_pair_rounded_to_hundredths(surface: SurfaceView) -> None:
    assert heatmap_values(surface) == {
        "names": {
            "take_profit_percent": "Take profit", "stretch_threshold": "Stretch from VWAP",
        },
        "labels": {
            "take_profit_percent": ["25%", "50%", "80%"], "stretch_threshold": ["0.1%", "0.2%"],
        },
        "chosen": {"take_profit_percent": 1, "stretch_threshold": 0},
        "pairs": [
            {
                "pair": ("take_profit_percent", "stretch_threshold"),
                "best": [[0.0, 1.0], [7.5, -2.01], [-1.0, -5.0]],
                "median": [[0.0, 0.5], [1.5, -3.0], [-2.0, -6.0]],
                "chosen": [[0.0, 0.25], [3.0, -4.0], [-3.5, -7.0]],
            }
        ],
    }  # fmt: skip
