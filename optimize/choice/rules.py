"""Rules of choice: each a function of the sums of every combination that says which to trade.

`exact_best` takes the best return on risk; `plateau` the best mean over a combination and its
neighbours; `lower_bound` the best return on risk less standard errors, from the spread of
sessions; `smooth` the best ratio of P&L and risk, each smoothed over the ordered dimensions.
`study_best`, what a search found, needs no surface and stands in `candidates`.

All admit only combinations with enough trades of their own, and of equals take the one with the
lowest index in the search space. The promise is the figure that the rule maximises. Smoothed
figures and means are rounded to 1e-10 percent, so that what is equal but for the order of adding
is a tie.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimize.choice.grid import Axis, Grid, smoothing_weights
from optimize.choice.kernels import (
    add_exit_neighbours,
    best_neighbourhood,
    best_of_values,
    divide_by_risk,
    lower_bounds,
    smooth_axis,
    smooth_columns,
)
from strategy.session import FloatArray
from strategy.surface.cells import GridSums

DEFAULT_MIN_TRADES_PER_SESSION = 30 / 21
LOWER_BOUND_ERRORS = 1.0  # standard errors below: one-sided 84 percent, if sessions are normal
_TIE_PERCENT = 1e-10
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A combination and what the rule promises of it."""

    index: int  # in the search space
    promised_percent: float  # return on risk


Rule = Callable[[GridSums, Grid, Sequence[int]], list[Choice | None]]


def min_trades_of(min_trades_per_session: float, n_sessions: int) -> int:
    """Least trades over some sessions, at least one."""
    exact = min_trades_per_session * n_sessions
    return max(1, math.ceil(exact - 1e-9))  # 30 / 21 * 63 is 90, and no more


def exact_best(sums: GridSums, grid: Grid, min_trades: Sequence[int]) -> list[Choice | None]:
    """The best return on risk, for each number of least trades."""
    return _best(sums, grid, min_trades, sums.net_pnl_usd, sums.risk_usd)


def lower_bound(sums: GridSums, grid: Grid, min_trades: Sequence[int]) -> list[Choice | None]:
    """The best return on risk less a standard error; none from a single session."""
    if sums.n_sessions < 2:
        return [None] * len(min_trades)
    bounds = np.empty_like(sums.net_pnl_usd)
    lower_bounds(
        sums.net_pnl_usd, sums.session_pnl_squared, sums.n_sessions, LOWER_BOUND_ERRORS, bounds
    )
    return _best(sums, grid, min_trades, bounds, sums.risk_usd)


def smooth(sums: GridSums, grid: Grid, min_trades: Sequence[int]) -> list[Choice | None]:
    """The best ratio of smoothed P&L and smoothed risk."""
    return _best_of(smooth_percent(sums, grid), sums, grid, min_trades)


def plateau(sums: GridSums, grid: Grid, min_trades: Sequence[int]) -> list[Choice | None]:
    """The best mean return on risk over a combination and its neighbours with enough trades.

    At least half of the neighbours that the space has must have the trades.
    """
    values = _returns(sums.net_pnl_usd, sums.risk_usd, grid)
    exit_neighbours = _neighbours(grid.exit_axes, grid.n_exits)
    exit_sums = np.empty_like(values)
    add_exit_neighbours(values, exit_neighbours, exit_sums)
    exit_counts = (exit_neighbours >= 0).sum(axis=1)
    set_neighbours = _neighbours(grid.set_axes, grid.n_sets)
    found = [
        best_neighbourhood(
            values,
            exit_sums,
            exit_counts,
            set_neighbours,
            sums.total_trades[:, 0],
            max(least, 1),
            grid.set_index,
            grid.exit_index,
            _TIE_PERCENT,
        )
        for least in min_trades
    ]
    return [_choice(index, value) for index, value in found]


RULES: dict[str, Rule] = {
    "exact_best": exact_best,
    "plateau": plateau,
    "lower_bound": lower_bound,
    "smooth": smooth,
}


def smooth_percent(sums: GridSums, grid: Grid) -> FloatArray:
    """Smoothed P&L by smoothed risk of every combination, (n_sets, n_exits)."""
    net_pnl = smoothed(sums.net_pnl_usd, grid.exit_axes, grid.set_axes)
    risk = smoothed(sums.risk_usd, (grid.stop_axis,), grid.set_axes)
    return _returns(net_pnl, risk, grid, quantum=_TIE_PERCENT)


def smoothed(
    values: FloatArray,  # (n_sets, n_columns)
    column_axes: Sequence[Axis],
    set_axes: Sequence[Axis],
) -> FloatArray:
    """Apply 1/4 1/2 1/4 twice along every ordered dimension of three or more values."""
    here, there = np.empty_like(values), np.empty_like(values)
    columns = [axis for axis in column_axes if axis.smoothed]
    weights = np.zeros((len(columns), max((axis.size for axis in columns), default=0), 5))
    for row, axis in enumerate(columns):
        weights[row, : axis.size] = smoothing_weights(axis.size)
    shapes = np.array([(a.outer, a.size, a.inner) for a in columns], dtype=np.int64).reshape(-1, 3)
    smooth_columns(values, shapes, weights, here)
    for axis in set_axes:
        if axis.smoothed:
            shape = (axis.outer, axis.size, axis.inner * values.shape[1])
            smooth_axis(here.reshape(shape), smoothing_weights(axis.size), there.reshape(shape))
            here, there = there, here
    return here


def _best(
    sums: GridSums,
    grid: Grid,
    min_trades: Sequence[int],
    net_pnl: FloatArray,
    risk: FloatArray,
) -> list[Choice | None]:
    return _best_of(_returns(net_pnl, risk, grid), sums, grid, min_trades)


def _best_of(
    values: FloatArray, sums: GridSums, grid: Grid, min_trades: Sequence[int]
) -> list[Choice | None]:
    least = np.maximum(np.asarray(min_trades, dtype=np.int64), 1)
    index, value = np.empty(len(least), dtype=np.int64), np.empty(len(least))
    trades = sums.total_trades[:, 0]
    best_of_values(values, trades, least, grid.set_index, grid.exit_index, index, value)
    return [_choice(int(place), float(best)) for place, best in zip(index, value, strict=True)]


def _choice(index: int, value: float) -> Choice | None:
    return None if index < 0 else Choice(index=index, promised_percent=value)


def _returns(
    net_pnl: FloatArray, risk: FloatArray, grid: Grid, *, quantum: float = 0.0
) -> FloatArray:
    values = np.empty_like(net_pnl)
    divide_by_risk(net_pnl, risk, grid.n_durations, quantum, values)
    return values


def _neighbours(axes: Sequence[Axis], n_places: int) -> IntArray:
    """Places one step away in each ordered dimension, (n_places, 2 * n_axes), -1 for none."""
    columns = []
    places = np.arange(n_places)
    for axis in axes:
        if not axis.ordered:
            continue
        row = places // axis.inner % axis.size
        columns.append(np.where(row > 0, places - axis.inner, -1))
        columns.append(np.where(row < axis.size - 1, places + axis.inner, -1))
    return np.ascontiguousarray(np.stack(columns, axis=1))
