import json
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimize.statistics.block_sums import trial_blocks
from optimize.statistics.kernels import (
    count_ranks,
    find_winners,
    plain_count_ranks,
    plain_find_winners,
)
from optimize.statistics.overfitting import (
    MIN_BLOCKS,
    Overfitting,
    probability_of_overfitting,
    split_outcomes,
    symmetric_splits,
)
from strategy.space import SearchSpace
from tests.optimize.statistics.builders import trials_of
from tests.optimize.statistics.naive import naive_overfitting

LIBRARY_VALUES = json.loads((Path(__file__).parent / "library_values.json").read_text())

# Worked by hand, split by split: blocks in the columns, risk 100 everywhere.
HAND = [[4, 3, 1, 0], [1, 2, 3, 5], [2, 1, 2, 1]]
# in-sample {0,1} {0,2} {0,3} {1,2} {1,3} {2,3}: the winner, and its rank among three
HAND_WINNERS = [0, 0, 1, 1, 1, 1]
HAND_RANKS = [1, 2, 3, 3, 1.5, 1.5]


def overfitting_of(trials, **settings) -> Overfitting:
    """Also of matrices that are small enough to be worked by hand."""
    return probability_of_overfitting(trials, min_blocks=2, **settings)


def omegas_of(trials):
    return split_outcomes(trials, symmetric_splits(trials.n_blocks))


def test_the_hand_worked_matrix_gives_its_winners_ranks_and_probability():
    trials = trials_of(HAND)
    outcomes = omegas_of(trials)
    assert outcomes.winner.tolist() == HAND_WINNERS
    assert outcomes.omega.tolist() == pytest.approx([rank / 4 for rank in HAND_RANKS])
    assert outcomes.in_sample_fraction[0] == pytest.approx(7 / 200)
    assert outcomes.out_of_sample_fraction[0] == pytest.approx(1 / 200)
    result = overfitting_of(trials)
    assert result.probability_fraction == pytest.approx(4 / 6)  # lambda = 0 counts
    assert result.loss_fraction == 0
    assert (result.n_splits, result.n_trials, result.n_blocks, result.n_sessions) == (6, 3, 4, 8)


def test_a_square_matrix_is_not_taken_for_its_transpose():
    square = [*HAND, [0, 0, 0, 1]]
    assert overfitting_of(trials_of(square)).probability_fraction == pytest.approx(3 / 6)
    transposed = np.array(square).T
    assert overfitting_of(trials_of(transposed)).probability_fraction == pytest.approx(4 / 6)


def test_splits_are_all_halves_and_complements_are_among_them():
    splits = symmetric_splits(6)
    assert len(splits) == 20
    assert set(splits.in_sample.tolist()) == {
        sum(1 << b for b in half) for half in combinations(range(6), 3)
    }
    assert (splits.in_sample ^ splits.out_of_sample).tolist() == [63] * 20
    assert set(splits.out_of_sample.tolist()) == set(splits.in_sample.tolist())


@pytest.mark.parametrize("case", LIBRARY_VALUES["overfitting"])
def test_return_on_risk_agrees_with_a_library(case):
    pnl, risk = np.array(case["net_pnl_usd"]), np.array(case["risk_usd"])
    blocks = [part.reshape(case["n_blocks"], 2, -1).sum(axis=1) for part in (pnl, risk)]
    trials = trials_of(blocks[0].T, blocks[1].T)
    omega = omegas_of(trials).omega
    assert sorted(np.log(omega / (1 - omega))) == pytest.approx(case["phacker"]["logits"])
    assert overfitting_of(trials).probability_fraction == pytest.approx(
        case["phacker"]["probability"]
    )


@pytest.mark.parametrize("case", LIBRARY_VALUES["overfitting"])
def test_mean_pnl_agrees_with_another_library(case):
    pnl = np.array(case["net_pnl_usd"]).reshape(case["n_blocks"], 2, -1).sum(axis=1)
    omega = omegas_of(trials_of(pnl.T)).omega
    logits = np.sort(np.log(omega / (1 - omega)))
    assert logits == pytest.approx(np.array(case["purgedcv_mean"]["logits"]), abs=1e-12)
    # that library counts lambda < 0, the paper lambda <= 0
    assert np.mean(logits < -1e-12) == pytest.approx(case["purgedcv_mean"]["probability"])


@st.composite
def surfaces(draw):
    n_trials, n_blocks = draw(st.integers(2, 9)), draw(st.sampled_from([2, 4, 6]))
    numbers = st.lists(
        st.lists(st.integers(-3, 3), min_size=n_blocks, max_size=n_blocks),
        min_size=n_trials,
        max_size=n_trials,
    )
    pnl = np.array(draw(numbers))
    trades = np.abs(np.array(draw(numbers)))
    pnl, risk = pnl * (trades > 0), trades * 50
    return pnl, risk, trades, draw(st.integers(1, 8)), draw(st.sampled_from([0, 1, 6.5]))


@settings(max_examples=200, deadline=None)
@given(surfaces())
def test_ties_gaps_and_few_trades_agree_with_the_plain_words(surface):
    pnl, risk, trades, min_trades, cost = surface
    trials = trials_of(pnl, risk, trades, min_trades=min_trades, cost_per_trade_usd=cost)
    result = overfitting_of(trials)
    rows = trials.combination
    if len(rows) < 2:
        assert result.probability_fraction is None
        return
    plain = (pnl[rows].tolist(), risk[rows].tolist(), trades[rows].tolist(), min_trades)
    expected, omegas = naive_overfitting(*plain, cost)
    assert result.probability_fraction == (None if expected is None else pytest.approx(expected))
    after_costs, _ = naive_overfitting(*plain, 0)
    assert result.after_costs_fraction == (
        None if after_costs is None else pytest.approx(after_costs)
    )
    assert result.n_splits == len(omegas)
    found = omegas_of(trials).omega
    assert found[~np.isnan(found)].tolist() == pytest.approx(omegas)


@settings(max_examples=25, deadline=None)
@given(surfaces())
def test_compiled_kernels_equal_their_plain_twins(surface):
    pnl, risk, trades, min_trades, _ = surface
    trials = trials_of(pnl, risk, trades)
    splits = symmetric_splits(trials.n_blocks)
    n_low, n_splits = trials.n_blocks // 2, len(splits)
    low, high = splits.in_sample & ((1 << n_low) - 1), splits.in_sample >> n_low
    args = (trials.net_pnl, trials.risk, trials.trades, n_low, low, high, min_trades)
    results = []
    for winners, ranks in ((find_winners, count_ranks), (plain_find_winners, plain_count_ranks)):
        row, value = np.zeros(n_splits, np.int64), np.zeros(n_splits)
        winners(*args, row, value)
        counts = np.zeros((3, n_splits), np.int64)
        ranks(trials.net_pnl, trials.risk, n_low, high * 0, high, value, *counts)
        results.append((row.tolist(), value.tolist(), counts.tolist()))
    assert results[0] == results[1]


def test_a_winner_needs_the_trades_in_its_half_alone():
    # The first earns most, but seldom trades after the first block.
    pnl, trades = [[50, 50, 50, 50], [5, 6, 7, 8]], [[8, 1, 1, 1], [9, 9, 9, 9]]
    risk = np.array(trades) * 10
    winners = {n: omegas_of(trials_of(pnl, risk, trades, min_trades=n)).winner for n in (2, 3, 10)}
    assert winners[2].tolist() == [0, 0, 0, 0, 0, 0]
    assert winners[3].tolist() == [0, 0, 0, 1, 1, 1]
    assert winners[10].tolist() == [1, 1, 1, 1, 1, 1]


def test_a_winner_without_trades_out_of_sample_was_not_confirmed():
    pnl, trades = [[9, 9, 0, 0], [1, 1, 1, 1], [2, 1, 2, 1]], [[5, 5, 0, 0], [5] * 4, [5] * 4]
    trials = trials_of(pnl, np.array(trades) * 10, trades)
    outcomes = omegas_of(trials)
    assert np.isnan(outcomes.out_of_sample_fraction[0])
    assert outcomes.omega[0] == 0.5
    result = overfitting_of(trials)
    assert result.n_unconfirmed == 1
    assert result.loss_fraction == 0


def test_winners_that_did_not_trade_out_of_sample_neither_lost_nor_earned():
    # Whichever block the choice is made in, its winner trades only there or loses in the other.
    trials = trials_of([[9, 0], [-2, 1]], np.array([[5, 0], [5, 5]]) * 10, [[5, 0], [5, 5]])
    outcomes = omegas_of(trials)
    assert outcomes.winner.tolist() == [0, 1]
    result = overfitting_of(trials)
    assert (result.n_splits, result.n_unconfirmed) == (2, 1)
    assert result.loss_fraction == 1
    only = overfitting_of(
        trials_of([[9, 0], [0, 9]], np.array([[5, 0], [0, 5]]) * 10, [[5, 0], [0, 5]])
    )
    assert (only.n_unconfirmed, only.loss_fraction, only.probability_fraction) == (2, None, 1)


def test_below_six_blocks_there_is_no_estimate():
    pnl = np.random.default_rng(5).normal(0, 30, (50, MIN_BLOCKS))
    assert MIN_BLOCKS == 6
    assert probability_of_overfitting(trials_of(pnl)).probability_fraction is not None
    few = probability_of_overfitting(trials_of(pnl[:, :5]))  # merged to four
    assert (few.probability_fraction, few.loss_fraction, few.n_splits) == (None, None, 0)
    assert (few.n_blocks, few.n_trials) == (4, 50)


def test_costs_choose_the_winner_but_do_not_rank_it():
    # A trade a block, which costs 5; before costs 10 and 1 on a risk of 10, 0 and 5 on one of 100.
    trials = trials_of([[5, -4], [-5, 0]], [[10, 10], [100, 100]], 1, cost_per_trade_usd=5)
    outcomes = omegas_of(trials)
    # By the second block, A lost 0.4 of its risk and B nothing; before costs A would be chosen.
    assert outcomes.winner.tolist() == [0, 1]
    # In the second block A made 0.1 of its risk before costs, B 0.05; after costs A is the worse.
    assert outcomes.omega.tolist() == pytest.approx([2 / 3, 1 / 3])
    assert outcomes.out_of_sample_fraction.tolist() == pytest.approx([-0.4, -0.05])
    result = overfitting_of(trials)
    assert result.probability_fraction == 0.5
    assert result.after_costs_fraction == 1
    assert result.loss_fraction == 1


def test_costs_that_are_the_same_share_of_every_risk_change_nothing():
    pnl = np.random.default_rng(3).integers(-40, 40, (30, 6))
    free, dear = trials_of(pnl), trials_of(pnl - 70, cost_per_trade_usd=7)
    assert omegas_of(dear).omega.tolist() == omegas_of(free).omega.tolist()
    results = [overfitting_of(trials) for trials in (free, dear)]
    assert results[0].probability_fraction == results[1].probability_fraction
    assert {r.after_costs_fraction for r in results} == {results[0].probability_fraction}


def test_the_best_everywhere_is_never_overfit_and_has_no_error():
    pnl = np.add.outer(np.arange(8.0), np.arange(8.0) ** 2)
    result = overfitting_of(trials_of(pnl))
    assert result.probability_fraction == 0
    assert result.standard_error_fraction == 0
    assert (result.interval_low_fraction, result.interval_high_fraction) == (0, 0)


def test_a_winner_that_always_reverses_is_always_overfit():
    # Each trial earns in one block what it loses in all others together.
    pnl = 10 * np.eye(6) - 2
    assert overfitting_of(trials_of(pnl * [1, 1.1, 1.2, 1.3, 1.4, 1.5])).loss_fraction == 1


@pytest.mark.parametrize("pnl", [[[1, 2]], [[1], [2], [3]], np.zeros((0, 4))])
def test_too_few_trials_or_blocks_leave_it_undefined(pnl):
    result = overfitting_of(trials_of(pnl))
    assert result.probability_fraction is None
    assert result.interval_low_fraction is None
    assert result.n_splits == 0


def test_no_half_with_enough_trades_leaves_it_undefined():
    trials = trials_of([[1, 2], [3, 4]], trades=[[1, 1], [1, 1]], min_trades=2)
    assert trials.n_trials == 2
    assert overfitting_of(trials).probability_fraction is None


def test_random_trials_overfit_half_of_the_time_and_the_error_covers_the_spread():
    generator = np.random.default_rng(0)
    results = [overfitting_of(trials_of(generator.normal(0, 30, (150, 8)))) for _ in range(120)]
    found = np.array([result.probability_fraction for result in results])
    assert 0.44 < found.mean() < 0.56
    errors = np.sqrt(np.mean([result.standard_error_fraction**2 for result in results]))
    assert 0.9 * found.std() < errors < 3 * found.std()


def test_results_do_not_depend_on_the_number_of_workers():
    pnl = np.random.default_rng(1).integers(-5, 5, (101, 6))
    one, three = (overfitting_of(trials_of(pnl), workers=n) for n in (1, 3))
    assert one == three


@pytest.mark.slow
def test_the_full_grid_takes_seconds():
    generator = np.random.default_rng(2)
    shape = (10, SearchSpace.seed().size)
    trades = generator.integers(0, 5, shape)
    risk = trades * 100.0
    pnl = np.rint(risk * generator.normal(0, 0.5, shape))
    trials = trial_blocks(trades, pnl, risk, min_trades=10, sessions_per_block=[2] * 10)
    overfitting_of(trials_of(HAND))  # compiled
    started = time.perf_counter()
    result = overfitting_of(trials, workers=2)
    assert result.n_valid > 1_200_000
    assert time.perf_counter() - started < 15  # under 2 s on an idle machine
