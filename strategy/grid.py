"""Grid: index arithmetic of a finite space; it knows numbers of values and nothing of names."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Index = TypeVar("Index", int, npt.NDArray[np.int64])


@dataclass(frozen=True)
class Grid:
    """Index arithmetic alone: a position is one number a dimension, the last counts fastest."""

    shape: tuple[int, ...]
    ordered: tuple[bool, ...]  # whether one position of a dimension can lie next to another

    @property
    def size(self) -> int:
        """Number of points."""
        return math.prod(self.shape)

    @cached_property
    def strides(self) -> tuple[int, ...]:
        """How far apart in the index two neighbours of each dimension are."""
        return tuple(math.prod(self.shape[axis + 1 :]) for axis in range(len(self.shape)))

    def flat(self, position: Sequence[int]) -> int:
        """The index of a position."""
        return sum(p * stride for p, stride in zip(position, self.strides, strict=True))

    def position(self, flat: Index) -> tuple[Index, ...]:
        """The position of an index, or of an array of them."""
        return tuple(flat // stride % n for stride, n in zip(self.strides, self.shape, strict=True))

    def neighbours(self, flat: int) -> Iterator[int]:
        """One step in an ordered dimension, any other value in an unordered one."""
        for stride, n, ordered in zip(self.strides, self.shape, self.ordered, strict=True):
            here = flat // stride % n
            steps = (here - 1, here + 1) if ordered else range(n)
            for there in steps:
                if 0 <= there < n and there != here:
                    yield flat + (there - here) * stride

    def ordered_axes(self, at_least: int = 2) -> tuple[int, ...]:
        """Axes along which one can step or smooth: ordered, with so many values or more."""
        return tuple(
            axis
            for axis, (n, ordered) in enumerate(zip(self.shape, self.ordered, strict=True))
            if ordered and n >= at_least
        )
