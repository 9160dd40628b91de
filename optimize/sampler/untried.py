"""Which points of a grid to try next: near a point, or anywhere, and never twice."""

from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

from strategy.grid import Grid

_DRAWS = 64  # random draws before the untried points are listed instead
_LISTABLE = 20_000_000  # points of a grid that may be listed in memory
_FRONTIER = 4096  # points from which neighbours are sought at most


def untried_nearby(grid: Grid, flat: int, tried: AbstractSet[int]) -> list[int]:
    """The untried points in the fewest steps from `flat`; none if they are far away."""
    reached, frontier = {flat}, [flat]
    while frontier and len(reached) < _FRONTIER:
        ring = {n for point in frontier for n in grid.neighbours(point)} - reached
        untried = sorted(ring - tried)
        if untried:
            return untried
        reached |= ring
        frontier = sorted(ring)
    return []


def untried_at_random(grid: Grid, rng: np.random.Generator, tried: AbstractSet[int]) -> int | None:
    """An untried point, each with the same chance; None if all are tried."""
    if len(tried) >= grid.size:
        return None
    for _ in range(_DRAWS):
        drawn = int(rng.integers(grid.size))
        if drawn not in tried:
            return drawn
    if grid.size > _LISTABLE:
        return untried_at_random(grid, rng, tried)
    free: NDArray[np.bool_] = np.ones(grid.size, dtype=bool)
    free[list(tried)] = False
    return int(rng.choice(np.flatnonzero(free)))
