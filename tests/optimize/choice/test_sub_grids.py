"""A trial's smoothed figures on its sub-grid are those of the whole grid."""

from typing import Any

import numpy as np
import pytest

from optimize.choice.grid import Grid
from optimize.choice.rules import smooth_percent
from optimize.choice.sub_grids import compare_trials, sub_grid
from strategy.space import SearchSpace
from strategy.surface.cells import GridSums, make_session_cell, sum_cells
from strategy.surface.compute import SurfacePlan
from tests.optimize.choice.made_grids import SPACE
from tests.strategy.surface.made_surfaces import made_sessions

WHOLE = SearchSpace(SPACE)
FIXED = {"slippage_amount": 0.03}
SESSIONS = made_sessions(3)


@pytest.fixture(scope="module")
def sums() -> GridSums:
    plan = SurfacePlan.of(WHOLE, FIXED)
    return sum_cells(WHOLE, [make_session_cell(plan, session) for session in SESSIONS])


@pytest.fixture(scope="module")
def trials(sums: GridSums) -> list[int]:
    """Indices of combinations: any that traded, and corners, which are the hard places."""
    grid = Grid.of(WHOLE)
    traded = (sums.total_trades[:, 0] > 0)[:, None] & np.ones(grid.n_exits, dtype=bool)
    indices = (grid.set_index[:, None] + grid.exit_index)[traded]
    drawn = np.random.default_rng(5).choice(indices, 12, replace=False).tolist()
    return [int(indices.min()), int(indices.max()), *drawn]


def test_a_trial_promises_what_the_whole_grid_promises(sums: GridSums, trials: list[int]) -> None:
    grid = Grid.of(WHOLE)
    whole = smooth_percent(sums, grid)
    for index in trials:
        sets, exits, stops = grid.place_of(np.array(index))
        combination = WHOLE.combination(index)
        found = compare_trials(WHOLE, FIXED, [combination], SESSIONS, min_trades=1)
        alone, smooth = found["study_best"], found["smooth"]
        assert alone is not None
        assert smooth is not None
        assert smooth.promised_percent == pytest.approx(whole[sets, exits], abs=1e-9)
        assert smooth.total_trades == sums.total_trades[sets, 0]
        own = 100 * sums.net_pnl_usd[sets, exits] / sums.risk_usd[sets, stops]
        assert alone.promised_percent == smooth.return_on_risk_percent == pytest.approx(own)
        assert smooth.rank is None


def test_the_smoothest_of_those_with_the_trades_is_chosen(
    sums: GridSums, trials: list[int]
) -> None:
    grid = Grid.of(WHOLE)
    sets, exits, _ = grid.place_of(np.array(trials))
    promised, n_trades = smooth_percent(sums, grid)[sets, exits], sums.total_trades[sets, 0]
    least = int(np.median(n_trades))
    expected = max(np.flatnonzero(n_trades >= least), key=lambda place: promised[place])
    assert promised.argmax() != expected or (n_trades < least).any()
    combinations = [WHOLE.combination(index) for index in trials]
    found = compare_trials(WHOLE, FIXED, combinations, SESSIONS, min_trades=least)["smooth"]
    assert found is not None
    assert found.combination == combinations[expected]
    assert found.n_valid == (n_trades >= least).sum()
    nothing = compare_trials(WHOLE, FIXED, combinations, SESSIONS, min_trades=10**6)
    assert nothing["smooth"] is None
    assert nothing["study_best"] is not None
    assert compare_trials(WHOLE, FIXED, [], SESSIONS, min_trades=1) == {}


def test_a_sub_grid_holds_two_values_to_each_side_where_the_kernel_goes() -> None:
    middle: dict[str, Any] = {name: values[len(values) // 2] for name, values in SPACE.items()}
    assert dict(sub_grid(WHOLE, middle)) == {
        "entry_window": ("09:30-15:45",),
        "stretch_threshold": (0.001, 0.002, 0.003, 0.004),
        "reclaim_percentage": (0.4, 0.5, 0.6),
        "cooldown_period_seconds": (90,),  # of two values, none is smoothed
        "take_profit_percent": (25, 35, 50, 60),
        "stop_loss_percent": (-25, -35, -50),
        "max_trade_duration_seconds": (60, 120, 180, 240, 300),
        "strikes_depth": (1, 2, 3),
        "option_selection_mode": ("otm",),
    }
    first = sub_grid(WHOLE, WHOLE.combination(0))
    assert first["max_trade_duration_seconds"] == (60, 120, 180)
