"""A look at the exact surface that is small enough to stand in a report.

The surface has over a million combinations. What is shown are profiles along one dimension and
heatmaps over two, in each cell the best and the median over all other dimensions, among the
combinations with enough trades, and what the cell holds at the chosen parameters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class SurfaceView:
    """Return on risk in percent over one and two dimensions; NaN where no combination is valid."""

    dimensions: Mapping[str, tuple[Any, ...]]  # those with more than one value
    min_trades: int
    n_combinations: int
    n_valid: int
    n_profitable: int  # valid ones with a positive return on risk
    best_by_dimension: Mapping[str, FloatArray]  # (n_values,)
    median_by_dimension: Mapping[str, FloatArray]  # (n_values,)
    chosen_by_dimension: Mapping[str, FloatArray]  # (n_values,), others at the chosen point
    best_by_pair: Mapping[tuple[str, str], FloatArray]  # (n_values of first, n_values of second)
    median_by_pair: Mapping[tuple[str, str], FloatArray]
    chosen_by_pair: Mapping[tuple[str, str], FloatArray]
    histogram_edges_percent: FloatArray  # (n_bins + 1,)
    histogram_counts: FloatArray  # (n_bins,), valid combinations
    chosen_index: Mapping[str, int]  # dimension -> position of the chosen value; may be empty


def surface_view(
    dimensions: Mapping[str, Sequence[Any]],
    return_on_risk_percent: FloatArray,  # (*sizes of dimensions)
    total_trades: npt.NDArray[Any],  # (*sizes of dimensions)
    *,
    min_trades: int,
    chosen: Mapping[str, Any] | None = None,
    n_bins: int = 60,
) -> SurfaceView:
    """Sum up a surface whose arrays have one axis per dimension, in the mapping's order."""
    names = list(dimensions)
    valid = np.where(total_trades >= min_trades, return_on_risk_percent, np.nan).astype(np.float32)
    position = _positions(dimensions, chosen or {})
    shown = [name for name in names if len(dimensions[name]) > 1]
    groups: list[tuple[str, ...]] = [(name,) for name in shown]
    groups += list(combinations(shown, 2))
    best, median, at_chosen = {}, {}, {}
    for group in groups:
        kept = [names.index(name) for name in group]
        best[group], median[group] = _over_others(valid, kept)
        at_chosen[group] = _through_chosen(valid, kept, names, position)
    finite = valid[np.isfinite(valid)]
    edges, counts = _histogram(finite, n_bins)
    return SurfaceView(
        dimensions={name: tuple(dimensions[name]) for name in shown},
        min_trades=min_trades,
        n_combinations=int(valid.size),
        n_valid=int(finite.size),
        n_profitable=int((finite > 0).sum()),
        best_by_dimension={name: best[name,] for name in shown},
        median_by_dimension={name: median[name,] for name in shown},
        chosen_by_dimension={name: at_chosen[name,] for name in shown},
        best_by_pair={(a, b): best[a, b] for a, b in combinations(shown, 2)},
        median_by_pair={(a, b): median[a, b] for a, b in combinations(shown, 2)},
        chosen_by_pair={(a, b): at_chosen[a, b] for a, b in combinations(shown, 2)},
        histogram_edges_percent=edges,
        histogram_counts=counts,
        chosen_index={name: position[name] for name in shown if name in position},
    )


def telling_pair(surface: SurfaceView) -> tuple[str, str]:
    """The pair over which the best return on risk varies most, of those with the finest steps."""

    def spread(pair: tuple[str, str]) -> tuple[bool, float]:
        cells = surface.best_by_pair[pair]
        finite = cells[np.isfinite(cells)]
        return min(cells.shape) > 2, float(finite.std()) if finite.size else 0.0

    return max(surface.best_by_pair, key=spread)


def _positions(
    dimensions: Mapping[str, Sequence[Any]], chosen: Mapping[str, Any]
) -> dict[str, int]:
    return {
        name: list(values).index(chosen[name])
        for name, values in dimensions.items()
        if name in chosen and chosen[name] in values
    }


def _over_others(valid: npt.NDArray[Any], kept: list[int]) -> tuple[FloatArray, FloatArray]:
    """Best and median over every axis that is not kept; NaN where nothing is valid."""
    rows = np.moveaxis(valid, kept, range(len(kept)))
    sizes = rows.shape[: len(kept)]
    # Sorting puts NaN last, so the n valid values of a row are its first n.
    ordered = np.sort(rows.reshape(int(np.prod(sizes)), -1), axis=1)
    n_valid = np.isfinite(ordered).sum(axis=1)
    row = np.arange(len(ordered))
    last = n_valid - 1  # -1 where none is: NaN
    middle = (ordered[row, last // 2] + ordered[row, (last + 1) // 2]) / 2
    best = ordered[row, last]
    return best.reshape(sizes).astype(float), middle.reshape(sizes).astype(float)


def _through_chosen(
    valid: npt.NDArray[Any], kept: list[int], names: list[str], position: Mapping[str, int]
) -> FloatArray:
    """The slice through the chosen point along the kept axes; all NaN without such a point."""
    sizes = tuple(valid.shape[axis] for axis in kept)
    if len(position) < len(names):
        return np.full(sizes, np.nan)
    index = tuple(
        slice(None) if axis in kept else position[name] for axis, name in enumerate(names)
    )
    return np.asarray(valid[index], dtype=float)


def _histogram(finite: npt.NDArray[Any], n_bins: int) -> tuple[FloatArray, FloatArray]:
    """Counts over the middle 99.8 % of the values, what lies beyond counted in the end bins."""
    if not finite.size:
        return np.array([0.0, 1.0]), np.array([0.0])
    low, high = np.quantile(finite, [0.001, 0.999])
    counts, edges = np.histogram(np.clip(finite, low, high), bins=n_bins, range=(low, high))
    return edges.astype(float), counts.astype(float)
