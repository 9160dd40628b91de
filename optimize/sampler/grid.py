"""A finite grid of positions: flat indices, neighbours, and what is still untried.

Knows numbers only: how many values each dimension has, and which dimensions are ordered.
"""

import math
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

_DRAWS = 64  # random draws before the untried points are listed instead
_LISTABLE = 20_000_000  # points of a grid that may be listed in memory
_FRONTIER = 4096  # points from which neighbours are sought at most


class Grid:
    """Positions are tuples with one number a dimension, the last dimension counts fastest."""

    def __init__(self, shape: Sequence[int], ordered: Sequence[bool]) -> None:
        self.shape = tuple(shape)
        self.ordered = tuple(ordered)
        self.size = math.prod(self.shape)
        self.strides = tuple(
            math.prod(self.shape[dimension + 1 :]) for dimension in range(len(self.shape))
        )

    def flat(self, position: Sequence[int]) -> int:
        """The index of a position."""
        return sum(p * stride for p, stride in zip(position, self.strides, strict=True))

    def position(self, flat: int) -> tuple[int, ...]:
        """The position of an index."""
        return tuple(flat // stride % n for stride, n in zip(self.strides, self.shape, strict=True))

    def neighbours(self, flat: int) -> Iterator[int]:
        """One step in an ordered dimension, any other value in an unordered one."""
        for stride, n, ordered in zip(self.strides, self.shape, self.ordered, strict=True):
            here = flat // stride % n
            steps = (here - 1, here + 1) if ordered else range(n)
            for there in steps:
                if 0 <= there < n and there != here:
                    yield flat + (there - here) * stride

    def untried_nearby(self, flat: int, tried: AbstractSet[int]) -> list[int]:
        """The untried points in the fewest steps from `flat`; none if they are far away."""
        reached, frontier = {flat}, [flat]
        while frontier and len(reached) < _FRONTIER:
            ring = {n for point in frontier for n in self.neighbours(point)} - reached
            untried = sorted(ring - tried)
            if untried:
                return untried
            reached |= ring
            frontier = sorted(ring)
        return []

    def untried_at_random(self, rng: np.random.Generator, tried: AbstractSet[int]) -> int | None:
        """An untried point, each with the same chance; None if all are tried."""
        if len(tried) >= self.size:
            return None
        for _ in range(_DRAWS):
            drawn = int(rng.integers(self.size))
            if drawn not in tried:
                return drawn
        if self.size > _LISTABLE:
            return self.untried_at_random(rng, tried)
        free: NDArray[np.bool_] = np.ones(self.size, dtype=bool)
        free[list(tried)] = False
        return int(rng.choice(np.flatnonzero(free)))
