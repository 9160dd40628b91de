"""Profiles and the distribution of the exact surface; heatmaps are drawn by the page's script."""

from typing import Any

import numpy as np

from rorq_pipeline.report.formats import parameter, parameter_title, percent
from rorq_pipeline.report.surface_view import FloatArray, SurfaceView


def profile_figure(surface: SurfaceView, name: str) -> dict[str, Any]:
    """Best, median and through the chosen point, along one dimension."""
    # Values without a single valid combination would only lengthen the axis.
    shown = np.flatnonzero(np.isfinite(surface.best_by_dimension[name])).tolist()
    labels = [parameter(name, surface.dimensions[name][row]) for row in shown]
    lines = [
        ("best of all others", surface.best_by_dimension[name], "--blue", "solid"),
        ("others as chosen", surface.chosen_by_dimension[name], "--purple", "dot"),
        ("median of all others", surface.median_by_dimension[name], "--grey", "dash"),
    ]
    data = [
        _line(words, labels, values[shown], color, dash) for words, values, color, dash in lines
    ]
    at = surface.chosen_index.get(name)
    if at in shown:
        label = parameter(name, surface.dimensions[name][at])
        data.append(_chosen_mark(label, surface.chosen_by_dimension[name][at]))
    return {
        "data": data,
        "layout": {
            "height": 210,
            "title": {"text": parameter_title(name), "x": 0, "font": {"size": 12.5}},
            "xaxis": {"type": "category", "tickangle": "auto"},
            "yaxis": {"ticksuffix": "%", "zeroline": True, "nticks": 5},
            "margin": {"t": 34, "b": 30, "l": 46},
        },
    }


def distribution_figure(surface: SurfaceView, chosen_percent: float | None) -> dict[str, Any]:
    """How many valid combinations reach which return on risk."""
    edges = surface.histogram_edges_percent
    middles = (edges[:-1] + edges[1:]) / 2
    layout: dict[str, Any] = {
        "height": 250,
        "xaxis": {"title": {"text": "Return on risk, %"}, "zeroline": True},
        "yaxis": {"title": {"text": "Combinations"}, "tickformat": ",~s"},
    }
    if chosen_percent is not None:
        layout |= _chosen_line(chosen_percent, float(edges[0]), float(edges[-1]))
    return {
        "data": [
            {
                "type": "bar",
                "x": middles,
                "y": surface.histogram_counts,
                "width": np.diff(edges) * 0.94,
                "marker": {"color": ["--blue" if x > 0 else "--vermillion" for x in middles]},
                "hovertemplate": "around %{x:.1f}%<br><b>%{y:,}</b> combinations<extra></extra>",
            }
        ],
        "layout": layout,
    }


def heatmap_values(surface: SurfaceView) -> dict[str, Any]:
    """What surface.js needs to draw any pair of dimensions in any of three measures."""
    return {
        "names": {name: parameter_title(name) for name in surface.dimensions},
        "labels": {
            name: [parameter(name, value) for value in values]
            for name, values in surface.dimensions.items()
        },
        "chosen": dict(surface.chosen_index),
        "pairs": [
            {
                "pair": pair,
                "best": _rounded(surface.best_by_pair[pair]),
                "median": _rounded(surface.median_by_pair[pair]),
                "chosen": _rounded(surface.chosen_by_pair[pair]),
            }
            for pair in surface.best_by_pair
        ],
    }


def _rounded(cells: FloatArray) -> list[list[float]]:
    rounded: list[list[float]] = np.round(cells, 2).tolist()
    return rounded


def _line(
    words: str, labels: list[str], values: FloatArray, color: str, dash: str
) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines+markers", "name": words, "x": labels, "y": values,
        "line": {"color": color, "width": 1.8, "dash": dash}, "marker": {"size": 4, "color": color},
        "hovertemplate": f"%{{x}}, {words}<br><b>%{{y:.1f}}%</b><extra></extra>",
    }  # fmt: skip


def _chosen_mark(label: str, value: float) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "markers", "x": [label], "y": [value],
        "marker": {"size": 11, "color": "--ink", "symbol": "diamond",
                   "line": {"color": "--paper", "width": 1.5}},
        "hovertemplate": "chosen: %{x}<br><b>%{y:.1f}%</b><extra></extra>",
    }  # fmt: skip


def _chosen_line(at_percent: float, low: float, high: float) -> dict[str, Any]:
    """A line at the chosen value, or at the end beyond which it lies, said in words."""
    inside = low <= at_percent <= high
    x = min(max(at_percent, low), high)
    on_the_right = x > (low + high) / 2
    return {
        "shapes": [
            {"type": "line", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1,
             "line": {"color": "--ink", "width": 1.5, "dash": "dot"}}
        ],
        "annotations": [
            {"x": x, "y": 1, "yref": "paper", "showarrow": False,
             "text": "chosen" if inside else f"chosen, beyond the scale at {percent(at_percent)}",
             "xanchor": "right" if on_the_right else "left", "xshift": -6 if on_the_right else 6,
             "font": {"size": 12, "color": "--ink"}}
        ],
    }  # fmt: skip
