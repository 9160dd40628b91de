"""How a surface's sums are laid out: which dimensions the kernel evaluates side by side.

The kernel knows the axes below, and takes them in this order. Any other dimension of the search
space is an outer one, for each of whose values the kernel is called anew: a parameter of the
strategy is searched exactly without a word here, and becomes an axis where that is too slow.

Stored sums are (block, set, choice, exit). A set is C-ordered over the outer and the entry axes, a
choice over the choice axes, an exit over the exit axes. What does not depend on the exit is stored
once. Public arrays have one axis a dimension, in the order of the search space.
"""

from collections.abc import Mapping
from itertools import product
from math import prod
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from strategy.params import StrategyParams
from strategy.space import DIMENSION_NAMES, SearchSpace

ENTRY_AXES = (
    "entry_window",
    "stretch_threshold",
    "reclaim_percentage",
    "cooldown_period_seconds",
)
CHOICE_AXES = ("strikes_depth", "option_selection_mode")
EXIT_AXES = ("take_profit_percent", "stop_loss_percent", "max_trade_duration_seconds")
RISK_AXIS = "stop_loss_percent"  # the only exit axis that a trade's risk depends on
OUTER_AXES = tuple(
    name for name in DIMENSION_NAMES if name not in ENTRY_AXES + CHOICE_AXES + EXIT_AXES
)
SET_AXES = OUTER_AXES + ENTRY_AXES + CHOICE_AXES
_STORED_ORDER = SET_AXES + EXIT_AXES
_STORED_AXIS = [_STORED_ORDER.index(name) for name in DIMENSION_NAMES]
_PUBLIC_AXIS = [DIMENSION_NAMES.index(name) for name in _STORED_ORDER]
Scalar = TypeVar("Scalar", bound=np.generic)


def n_points(space: SearchSpace, axes: tuple[str, ...]) -> int:
    """Number of combinations of some dimensions."""
    return prod(len(space[name]) for name in axes)


def runs_of(space: SearchSpace, fixed_params: Mapping[str, Any] | None) -> list[StrategyParams]:
    """The parameters of each call of the kernel, by the C-ordered outer axes.

    What the kernel's own axes decide has the first of their values.
    """
    first = space.combination(0)
    outer = product(*(space[name] for name in OUTER_AXES))
    return [
        space.strategy_params({**first, **dict(zip(OUTER_AXES, values, strict=True))}, fixed_params)
        for values in outer
    ]


def by_run_and_stop(values: npt.ArrayLike, space: SearchSpace) -> npt.NDArray[Any]:
    """View a value for each of `runs_of` and each stop loss as an array over the dimensions."""
    axes = (*OUTER_AXES, RISK_AXIS)
    places = np.reshape(values, [len(space[name]) for name in axes])
    places = places.transpose([axes.index(name) for name in space if name in axes])
    sizes = [len(space[name]) if name in axes else 1 for name in space]
    return np.broadcast_to(places.reshape(sizes), space.shape)


def stored_shape(space: SearchSpace) -> tuple[int, int, int]:
    """Sizes of (set, choice, exit)."""
    sets, choices, exits = OUTER_AXES + ENTRY_AXES, CHOICE_AXES, EXIT_AXES
    return n_points(space, sets), n_points(space, choices), n_points(space, exits)


def in_public_order(
    stored: npt.NDArray[Scalar],  # (n, set, choice[, exit])
    space: SearchSpace,
    exit_axes: tuple[str, ...] = EXIT_AXES,  # that the last axis of `stored` runs over
) -> npt.NDArray[Scalar]:
    """View stored sums as (n, *space.shape); axes that they do not depend on are repeated."""
    if stored.ndim == 3:
        exit_axes = ()
    exits = [len(space[name]) if name in exit_axes else 1 for name in EXIT_AXES]
    heads = [len(space[name]) for name in SET_AXES]
    axes = stored.reshape(stored.shape[0], *heads, *exits)
    ordered = axes.transpose([0, *(1 + axis for axis in _STORED_AXIS)])
    return np.broadcast_to(ordered, (stored.shape[0], *space.shape))


def in_stored_order(
    public: npt.NDArray[Any],  # (*space.shape)
    space: SearchSpace,
) -> npt.NDArray[Any]:
    """Copy an array over the dimensions into (1, set, choice, *exit axes)."""
    stored = np.ascontiguousarray(public.transpose(_PUBLIC_AXIS))
    sets, choices, _ = stored_shape(space)
    return stored.reshape(1, sets, choices, *(len(space[name]) for name in EXIT_AXES))
