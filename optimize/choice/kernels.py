"""Kernels of the rules of choice: arrays and numbers alone; the plain twins are `.py_func`.

Values lie as (n_sets, n_exits), what depends on the stop loss alone as (n_sets, n_stops); the stop
loss of an exit is `exit // n_durations % n_stops`.
"""

from typing import Any

import numba
import numpy as np

_compile: Any = numba.njit(cache=True, nogil=True, error_model="numpy")
_LANES = 16  # sets that are smoothed side by side over their columns: they stay in the cache


@_compile
def smooth_axis(  # type: ignore[no-untyped-def]
    values,  # (outer, size, inner)
    weights,  # (size, 5), of the values two below to two above
    smoothed,  # (outer, size, inner), overwritten
):
    """Average along the middle axis."""
    outer, size, inner = values.shape
    for group in range(outer):
        for row in range(size):
            here, above = values[group, row], smoothed[group, row]
            two_down, down, middle, up, two_up = weights[row]
            if 2 <= row < size - 2:  # at once, in the order of the steps below
                a, b = values[group, row - 2], values[group, row - 1]
                c, d = values[group, row + 1], values[group, row + 2]
                for column in range(inner):
                    above[column] = (
                        ((middle * here[column] + two_down * a[column]) + down * b[column])
                        + up * c[column]
                    ) + two_up * d[column]
                continue
            for column in range(inner):
                above[column] = middle * here[column]
            for step in (-2, -1, 1, 2):
                other = row + step
                if other < 0 or other >= size:
                    continue
                weight, beside = weights[row, step + 2], values[group, other]
                for column in range(inner):
                    above[column] += weight * beside[column]


@_compile
def smooth_columns(  # type: ignore[no-untyped-def]
    values,  # (n_sets, n_columns)
    shapes,  # (n_axes, 3): outer, size and inner of each axis that the columns run over
    weights,  # (n_axes, largest size, 5)
    smoothed,  # (n_sets, n_columns), overwritten
):
    """Average along axes of the columns, one after the other."""
    n_sets, n_columns = values.shape
    here, there = np.zeros((n_columns, _LANES)), np.empty((n_columns, _LANES))
    for first in range(0, n_sets, _LANES):
        n_lanes = min(_LANES, n_sets - first)
        for lane in range(n_lanes):
            for column in range(n_columns):
                here[column, lane] = values[first + lane, column]
        for axis in range(shapes.shape[0]):
            outer, size, inner = shapes[axis]
            shape = (outer, size, inner * _LANES)
            smooth_axis(here.reshape(shape), weights[axis, :size], there.reshape(shape))
            here, there = there, here
        for lane in range(n_lanes):
            for column in range(n_columns):
                smoothed[first + lane, column] = here[column, lane]


@_compile
def divide_by_risk(  # type: ignore[no-untyped-def]
    net_pnl,  # (n_sets, n_exits), USD
    risk,  # (n_sets, n_stops), USD
    n_durations,
    quantum,  # values are rounded to multiples of it, 0 for none
    values,  # (n_sets, n_exits), overwritten: percent, -inf without risk
):
    """Return on risk in percent."""
    n_sets, n_exits = net_pnl.shape
    n_stops = risk.shape[1]
    for index in range(n_sets):
        for exit_ in range(0, n_exits, n_durations):
            risked = risk[index, exit_ // n_durations % n_stops]
            for column in range(exit_, exit_ + n_durations):
                if risked > 0.0:
                    value = 100.0 * net_pnl[index, column] / risked
                    values[index, column] = (
                        np.rint(value / quantum) * quantum if quantum > 0.0 else value
                    )
                else:
                    values[index, column] = -np.inf


@_compile
def lower_bounds(  # type: ignore[no-untyped-def]
    net_pnl,  # (n_sets, n_exits), USD
    squared,  # (n_sets, n_exits), sum of the sessions' squares, USD squared
    n_sessions,
    n_errors,  # standard errors below
    bounds,  # (n_sets, n_exits), overwritten: USD
):
    """Net P&L less some standard errors of it, from the spread of the sessions."""
    scale = n_sessions / (n_sessions - 1.0)
    for index in range(net_pnl.shape[0]):
        for column in range(net_pnl.shape[1]):
            total = net_pnl[index, column]
            variance = scale * (squared[index, column] - total * total / n_sessions)
            bounds[index, column] = total - n_errors * np.sqrt(max(variance, 0.0))


@_compile
def best_of_values(  # type: ignore[no-untyped-def]
    values,  # (n_sets, n_exits), -inf where there is none
    total_trades,  # (n_sets,)
    min_trades,  # (n_rates,)
    set_index,  # (n_sets,), part of a combination's index in the search space
    exit_index,  # (n_exits,), the other part, ascending
    best_index,  # (n_rates,), overwritten: index in the search space, -1 for none
    best_value,  # (n_rates,), overwritten
):
    """Find the best combination for each number of least trades; of equals the lowest index."""
    n_sets, n_exits = values.shape
    best_index[:] = -1
    best_value[:] = -np.inf
    for index in range(n_sets):
        if total_trades[index] < min_trades.min():
            continue
        column = 0
        for other in range(1, n_exits):
            if values[index, other] > values[index, column]:
                column = other
        value = values[index, column]
        if value == -np.inf:
            continue
        place = set_index[index] + exit_index[column]
        for rate in range(min_trades.shape[0]):
            if total_trades[index] < min_trades[rate]:
                continue
            is_tie = value == best_value[rate] and place < best_index[rate]
            if value > best_value[rate] or is_tie:
                best_value[rate] = value
                best_index[rate] = place


@_compile
def add_exit_neighbours(  # type: ignore[no-untyped-def]
    values,  # (n_sets, n_exits), -inf where there is none
    neighbours,  # (n_exits, 6), columns one step away, -1 for none
    sums,  # (n_sets, n_exits), overwritten: a value and its neighbours among the exits
):
    """Add up each combination with those that differ by one step in an exit dimension."""
    for index in range(values.shape[0]):
        if values[index, 0] == -np.inf:
            continue
        for column in range(values.shape[1]):
            total = values[index, column]
            for step in range(neighbours.shape[1]):
                other = neighbours[column, step]
                if other >= 0:
                    total += values[index, other]
            sums[index, column] = total


@_compile
def best_neighbourhood(  # type: ignore[no-untyped-def]
    values,  # (n_sets, n_exits), -inf where there is none
    exit_sums,  # (n_sets, n_exits), of `add_exit_neighbours`
    exit_counts,  # (n_exits,), neighbours among the exits
    neighbours,  # (n_sets, n_steps), sets one step away, -1 for none
    total_trades,  # (n_sets,)
    min_trades,
    set_index,  # (n_sets,), part of a combination's index in the search space
    exit_index,  # (n_exits,), the other part
    quantum,  # scores are rounded to multiples of it
):
    """Find the best mean over a combination and its neighbours, at least half of them valid.

    Returns:
        Index in the search space, -1 for none, and the mean in percent.
    """
    n_sets, n_exits = values.shape
    best_index, best_value = -1, -np.inf
    totals = np.empty(n_exits)
    for index in range(n_sets):
        if total_trades[index] < min_trades or values[index, 0] == -np.inf:
            continue
        totals[:] = exit_sums[index]
        n_valid, n_inside = 0, 0
        for step in range(neighbours.shape[1]):
            other = neighbours[index, step]
            if other < 0:
                continue
            n_inside += 1
            if total_trades[other] >= min_trades and values[other, 0] != -np.inf:
                n_valid += 1
                for column in range(n_exits):
                    totals[column] += values[other, column]
        for column in range(n_exits):
            valid = n_valid + exit_counts[column]
            if 2 * valid < n_inside + exit_counts[column]:
                continue
            value = np.rint(totals[column] / (valid + 1) / quantum) * quantum
            place = set_index[index] + exit_index[column]
            if value > best_value or (value == best_value and place < best_index):
                best_index, best_value = place, value
    return best_index, best_value


@_compile
def raise_to_maxima(  # type: ignore[no-untyped-def]
    values,  # (n_rows, n_blocks), float32
    weights,  # (n_blocks, n_draws), float32
    offset,  # (n_rows,), float32
    maxima,  # in and out, (n_draws,), float32
):
    """Raise each draw's maximum to the largest of the rows' weighted sums, where one is above."""
    n_blocks, n_draws = weights.shape
    sums = np.empty(n_draws, np.float32)
    for row in range(values.shape[0]):
        sums[:] = offset[row]
        for block in range(n_blocks):
            value = values[row, block]
            weight = weights[block]
            for draw in range(n_draws):
                sums[draw] += value * weight[draw]
        for draw in range(n_draws):
            if sums[draw] > maxima[draw]:
                maxima[draw] = sums[draw]
