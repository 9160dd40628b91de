"""Plateaus of the surface: how a combination's neighbours do.

A best value among neighbours that do as well is believable; a lone peak is mostly luck. Neighbours
are one step away in one ordered dimension.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strategy.session import FloatArray
from strategy.surface.result import Surface, SurfacePoint


@dataclass(frozen=True, eq=False, kw_only=True)
class Neighbourhoods:
    """What surrounds each combination; arrays over the dimensions, in percent return on risk.

    Only neighbours with enough trades count; NaN where there is none.
    """

    mean_percent: FloatArray  # over the neighbours
    worst_percent: FloatArray  # least of the neighbours
    score_percent: FloatArray  # mean over the combination and its neighbours; NaN if unsupported
    n_valid: npt.NDArray[np.int8]  # neighbours with enough trades
    n_inside: npt.NDArray[np.int8]  # neighbours that the search space has


def neighbourhoods(surface: Surface, min_trades: int) -> Neighbourhoods:
    """Compute mean and worst of every combination's neighbours.

    A combination has a score if it has enough trades and at least half of its neighbours do.
    """
    objective = surface.objective(min_trades)
    valid = ~np.isnan(objective)
    known = np.where(valid, objective, 0.0)
    total = np.zeros(surface.shape)
    worst = np.full(surface.shape, np.inf)
    n_valid = np.zeros(surface.shape, np.int8)
    n_inside = np.zeros(surface.shape, np.int8)
    for axis in surface.space.grid.ordered_axes():
        low = _along(axis, slice(None, -1), len(surface.shape))
        high = _along(axis, slice(1, None), len(surface.shape))
        for here, there in ((low, high), (high, low)):
            total[here] += known[there]
            n_valid[here] += valid[there]
            n_inside[here] += 1
            worst[here] = np.fmin(worst[here], objective[there])
    supported = valid & (2 * n_valid >= n_inside)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(n_valid > 0, total / n_valid, np.nan)
    return Neighbourhoods(
        mean_percent=mean,
        worst_percent=np.where(n_valid > 0, worst, np.nan),
        score_percent=np.where(supported, (total + known) / (n_valid + 1), np.nan),
        n_valid=n_valid,
        n_inside=n_inside,
    )


def best_plateau(
    surface: Surface, min_trades: int, around: Neighbourhoods | None = None
) -> SurfacePoint | None:
    """Return the combination of the best neighbourhood mean, None if none has a score."""
    scores = (around or neighbourhoods(surface, min_trades)).score_percent
    if np.isnan(scores).all():
        return None
    return surface.rank_of(surface.space.combination(int(np.nanargmax(scores))), min_trades)


def _along(axis: int, part: slice, n_axes: int) -> tuple[slice, ...]:
    return tuple(part if row == axis else slice(None) for row in range(n_axes))
