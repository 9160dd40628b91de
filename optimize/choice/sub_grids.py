"""`smooth` where the whole grid does not fit in memory: on a sub-grid around each good trial.

A sub-grid holds what the kernel reaches from its middle: two values to each side along every
dimension that is smoothed, and the middle's own value along the others. So the middle's smoothed
figures are those that it has on the whole grid, and only the middle is chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from optimize.choice.candidates import Candidate, Selection
from optimize.choice.grid import Grid
from optimize.choice.rules import smooth_percent
from strategy.session import SessionData
from strategy.space import SearchSpace
from strategy.surface.cells import make_session_cell, sum_cells
from strategy.surface.compute import SurfacePlan

_REACH = 2  # of 1/4 1/2 1/4, twice


def compare_trials(
    space: SearchSpace,
    fixed_params: Mapping[str, Any],
    combinations: Sequence[Mapping[str, Any]],
    sessions: Sequence[SessionData],
    *,
    min_trades: int,
) -> dict[Selection, Candidate | None]:
    """Place a study's best, and the one of its best trials with the best smoothed figure.

    Args:
        space: The study's.
        fixed_params: Of the strategy, beside the search.
        combinations: The study's best trials, the best first.
        sessions: What is traded.
        min_trades: Of a combination that `smooth` may choose; it is None where none has them.

    Returns:
        Candidates without rank and neighbours, which the whole grid would tell; `n_valid` counts
        the trials that were compared.
    """
    if not combinations:
        return {}
    found = [_smoothed_trial(space, fixed_params, one, sessions) for one in combinations]
    valid = [one for one in found if one.total_trades >= max(min_trades, 1)]
    best = max(valid, key=lambda one: one.promised_percent, default=None)
    first = replace(
        found[0], selection="study_best", promised_percent=found[0].return_on_risk_percent
    )
    return {
        "study_best": replace(first, n_valid=len(found)),
        "smooth": best and replace(best, n_valid=len(valid)),
    }


def sub_grid(space: SearchSpace, combination: Mapping[str, Any]) -> SearchSpace:
    """What the kernel reaches from a combination."""
    grid = Grid.of(space)
    smoothed = {axis.name for axis in (*grid.set_axes, *grid.exit_axes) if axis.smoothed}
    around = {}
    for name, values in space.items():
        place = space.position(name, combination[name])
        reach = _REACH if name in smoothed else 0
        around[name] = values[max(place - reach, 0) : place + reach + 1]
    return space.replacing(**around)


def _smoothed_trial(
    space: SearchSpace,
    fixed_params: Mapping[str, Any],
    combination: Mapping[str, Any],
    sessions: Sequence[SessionData],
) -> Candidate:
    plan = SurfacePlan.of(sub_grid(space, combination), fixed_params)
    grid = Grid.of(plan.space)
    sums = sum_cells(plan.space, (make_session_cell(plan, session) for session in sessions))
    sets, exits, stops = grid.place_of(np.array(plan.space.index_of(combination)))
    return Candidate(
        selection="smooth",
        combination=dict(combination),
        promised_percent=float(smooth_percent(sums, grid)[sets, exits]),
        return_on_risk_percent=float(
            100.0 * sums.net_pnl_usd[sets, exits] / sums.risk_usd[sets, stops]
        ),
        total_trades=int(sums.total_trades[sets, 0]),
        rank=None,
        n_valid=1,
        neighbours_mean_percent=None,
        neighbours_worst_percent=None,
    )
