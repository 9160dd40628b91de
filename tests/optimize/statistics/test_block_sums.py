from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from optimize.statistics.block_sums import QUANTUM_USD, surface_trials, trial_blocks
from strategy.errors import ParameterError
from strategy.market_data.sample.generate import SampleSettings, sample_session
from strategy.surface.compute import compute_surface
from tests.optimize.statistics.builders import trials_of
from tests.spaces import holding, space_of


def test_equal_sums_in_every_block_are_one_trial_and_the_first_stands_for_it():
    trials = trials_of([[5, 6], [1, 2], [5, 6], [6, 5]])
    assert trials.combination.tolist() == [0, 1, 3]
    assert (trials.n_combinations, trials.n_valid, trials.n_trials) == (4, 4, 3)
    assert (trials.net_pnl * QUANTUM_USD).tolist() == pytest.approx(
        np.array([[5, 6], [1, 2], [6, 5]])
    )


def test_equal_pnl_with_other_risk_is_another_trial():
    assert trials_of([[5, 6], [5, 6]], risk_usd=[[1, 1], [1, 2]]).n_trials == 2


def test_trades_are_counted_over_all_blocks():
    trials = trials_of([[1, 2], [3, 4], [5, 6]], trades=[[4, 5], [0, 10], [20, 0]], min_trades=10)
    assert trials.combination.tolist() == [1, 2]
    assert trials.trades.tolist() == [[0, 10], [20, 0]]


def test_a_combination_without_trades_is_no_trial_even_if_none_are_needed():
    trials = trials_of([[1, 2], [0, 0]], trades=[[4, 5], [0, 0]], min_trades=0)
    assert trials.combination.tolist() == [0]


def test_dimensions_are_flattened_in_c_order_behind_the_blocks():
    pnl = np.arange(2 * 3 * 4, dtype=float).reshape(2, 3, 4)
    ones = np.ones_like(pnl)
    trials = trial_blocks(ones, pnl, ones, min_trades=1, sessions_per_block=[1, 1])
    row = np.ravel_multi_index((1, 2), (3, 4))
    assert trials.combination[row] == row
    assert (trials.net_pnl[row] * QUANTUM_USD).tolist() == pytest.approx(
        [pnl[0, 1, 2], pnl[1, 1, 2]]
    )


@pytest.mark.parametrize("slippage_fraction", [0.0, 0.04])
def test_pnl_before_costs_is_that_of_a_surface_without_costs(slippage_fraction):
    space = space_of(
        stretch_threshold=[0.001, 0.002],
        max_trade_duration_seconds=[60, 300],
        cooldown_period_seconds=[60],
        take_profit_percent=[25, 100],
        stop_loss_percent=[-25, -100],
    )
    costs = {
        "slippage_amount": 0.02,
        "slippage_fraction": slippage_fraction,
        "brokerage_fee_per_contract": 0.65,
        "exchange_fee_per_contract": 0.65,
    }
    sessions = [sample_session(date(2023, 1, day), SampleSettings()) for day in (3, 4)]
    dear, cheap = (
        surface_trials(compute_surface(*holding(space, contracts_per_trade=2, **each), sessions), 1)
        for each in (costs, dict.fromkeys(costs, 0.0))
    )
    rows = np.searchsorted(cheap.combination, dear.combination)
    if slippage_fraction == 0:
        assert (dear.cost_per_trade * QUANTUM_USD).ravel() == pytest.approx(13.2)
    assert not cheap.cost_per_trade.any()
    assert (dear.pnl_before_costs > dear.net_pnl).any()
    assert dear.combination.tolist() == cheap.combination[rows].tolist()
    # A contract sold for less than the slippage pays less of it: at most 2 of 4 USD here.
    excess = np.rint((dear.pnl_before_costs - cheap.net_pnl[rows]) * QUANTUM_USD * 100) / 100
    assert np.mean(excess == 0) > 0.9
    assert ((excess >= 0) & (excess <= 2 * dear.trades)).all()


def test_a_transposed_surface_is_refused():
    pnl = np.zeros((5, 2))
    with pytest.raises(ParameterError, match="n_blocks"):
        trial_blocks(pnl, pnl, pnl, min_trades=1, sessions_per_block=[1, 1])


def test_sums_that_are_not_finite_are_refused():
    with pytest.raises(ParameterError, match="not finite"):
        trials_of([[1, np.nan]])


def test_nothing_valid_gives_no_trials():
    trials = trials_of([[1, 2]], trades=0)
    assert trials.n_trials == 0
    assert trials.n_blocks == 2


@given(
    hnp.arrays(
        np.int64, st.tuples(st.integers(1, 40), st.integers(1, 5)), elements=st.integers(-2, 2)
    )
)
def test_distinct_trials_are_those_of_a_plain_set(pnl):
    trials = trials_of(pnl)
    assert {tuple(row) for row in pnl.tolist()} == {
        tuple(row) for row in np.rint(trials.net_pnl * QUANTUM_USD).astype(int).tolist()
    }
    assert trials.n_trials == len({tuple(row) for row in pnl.tolist()})
    assert trials.combination.tolist() == sorted(trials.combination.tolist())


@pytest.mark.parametrize(
    ("n_blocks", "max_blocks", "expected"),
    [(10, 12, 10), (11, 12, 10), (16, 12, 12), (16, 9, 8), (3, 12, 2), (1, 12, 1)],
)
def test_merged_blocks_are_even_and_keep_every_sum(n_blocks, max_blocks, expected):
    pnl = np.arange(3.0 * n_blocks).reshape(3, n_blocks) ** 2
    trials = trials_of(pnl)
    merged = trials.merged(max_blocks)
    assert merged.n_blocks == expected
    assert merged.n_sessions == trials.n_sessions == 2 * n_blocks
    assert merged.net_pnl.sum(axis=1).tolist() == trials.net_pnl.sum(axis=1).tolist()
    assert merged.trades.sum() == trials.trades.sum()


def test_merging_joins_neighbours_in_the_order_of_time():
    for pnl, max_blocks, expected in (
        ([1, 2, 3, 4], 2, [3, 7]),
        ([1, 2, 3, 4, 5], 4, [1, 2, 3, 9]),
    ):
        merged = trials_of([pnl]).merged(max_blocks)
        assert (merged.net_pnl[0] * QUANTUM_USD).tolist() == pytest.approx(expected)


def test_a_sample_is_a_repeatable_subset():
    trials = trials_of(np.arange(40.0).reshape(20, 2))
    drawn = trials.sample(5, seed=3)
    assert drawn.n_trials == 5
    assert drawn.combination.tolist() == trials.sample(5, seed=3).combination.tolist()
    assert set(drawn.combination) < set(trials.combination)
    assert trials.sample(20, seed=3) is trials
