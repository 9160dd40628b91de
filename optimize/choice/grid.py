"""How the combinations of a search space lie in the arrays of sums, for rules that look around.

A set is an entry set with a choice of contract, a row of `GridSums`; an exit is a column. Both are
C-ordered over their dimensions, so that a dimension is an axis of the flat array: `outer` rows of
`size` values, each `inner` numbers long.
"""

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from strategy.session import FloatArray, IntArray
from strategy.space import SearchSpace
from strategy.surface.layout import EXIT_AXES, RISK_AXIS, SET_AXES, n_points

_SMOOTHED_FROM = 3  # values of a dimension; of two, each is the other's only neighbour


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One dimension in a flat C-ordered array."""

    name: str
    outer: int
    size: int
    inner: int
    ordered: bool  # one value can lie next to another

    @property
    def smoothed(self) -> bool:
        """Whether values are averaged along it."""
        return self.ordered and self.size >= _SMOOTHED_FROM


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The two sides of the grid."""

    space: SearchSpace
    set_axes: tuple[Axis, ...]
    exit_axes: tuple[Axis, ...]

    @classmethod
    def of(cls, space: SearchSpace) -> "Grid":
        """Lay out a search space."""
        return cls(space=space, set_axes=_axes(space, SET_AXES), exit_axes=_axes(space, EXIT_AXES))

    @property
    def n_sets(self) -> int:
        """Rows."""
        return prod(axis.size for axis in self.set_axes)

    @property
    def n_exits(self) -> int:
        """Columns."""
        return prod(axis.size for axis in self.exit_axes)

    @property
    def n_stops(self) -> int:
        """Stop losses, the columns of the risk."""
        return self._exit_axis(RISK_AXIS).size

    @property
    def n_durations(self) -> int:
        """Durations, the fastest of the exits."""
        return self._exit_axis("max_trade_duration_seconds").size

    @property
    def stop_axis(self) -> Axis:
        """The stop losses as columns of the risk."""
        return Axis(name=RISK_AXIS, outer=1, size=self.n_stops, inner=1, ordered=True)

    @cached_property
    def set_index(self) -> IntArray:
        """What each set contributes to a combination's index in the search space, (n_sets,)."""
        return self._index_part(self.set_axes, self.n_sets)

    @cached_property
    def exit_index(self) -> IntArray:
        """What each exit contributes to it, (n_exits,)."""
        return self._index_part(self.exit_axes, self.n_exits)

    def place_of(self, index: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """Set, exit and stop loss of combinations' indices in the search space."""
        positions = dict(zip(self.space, self.space.grid.position(index), strict=True))
        sets, exits = (
            np.add.reduce([positions[axis.name] * axis.inner for axis in axes])
            for axes in (self.set_axes, self.exit_axes)
        )
        return sets, exits, positions[RISK_AXIS]

    def _index_part(self, axes: tuple[Axis, ...], n_places: int) -> IntArray:
        places = np.arange(n_places)
        strides = dict(zip(self.space, self.space.grid.strides, strict=True))
        part: IntArray = np.add.reduce(
            [places // axis.inner % axis.size * strides[axis.name] for axis in axes]
        )
        return part

    def _exit_axis(self, name: str) -> Axis:
        return next(axis for axis in self.exit_axes if axis.name == name)


def smoothing_weights(size: int) -> FloatArray:
    """1/4 1/2 1/4 applied twice, (size, 5): the weight of the value two below to two above.

    At an edge the weights are those of what is there, made to sum to one, each time.
    """
    once = 0.5 * np.eye(size) + 0.25 * (np.eye(size, k=1) + np.eye(size, k=-1))
    once /= once.sum(axis=1, keepdims=True)
    twice = np.pad(once @ once, ((0, 0), (2, 2)))
    return np.stack([twice[row, row : row + 5] for row in range(size)])


def _axes(space: SearchSpace, names: tuple[str, ...]) -> tuple[Axis, ...]:
    return tuple(
        Axis(
            name=name,
            outer=n_points(space, names[:row]),
            size=len(space[name]),
            inner=n_points(space, names[row + 1 :]),
            ordered=space.is_ordered(name),
        )
        for row, name in enumerate(names)
    )
