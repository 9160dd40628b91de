import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.statistics.deflated_sharpe import (
    SharpeMoments,
    chance_variance,
    deflated_sharpe,
    expected_maximum,
    probabilistic_sharpe,
    sharpe_moments,
    trial_spread,
    trials_with_expected_maximum,
)
from tests.optimize.statistics.builders import trials_of

LIBRARY_VALUES = json.loads((Path(__file__).parent / "library_values.json").read_text())


def test_ten_trials_have_the_published_expected_maximum():
    assert expected_maximum(10) == pytest.approx(1.575, abs=5e-4)


@pytest.mark.parametrize(
    ("n_trials", "skewness", "kurtosis", "probability"),
    [(100, -3, 10, 0.9004), (46, -3, 10, 0.9505), (88, 0, 3, 0.9505)],
)
def test_the_numerical_example_of_the_paper(n_trials, skewness, kurtosis, probability):
    # Five years of 250 days, annual Sharpe ratio 2.5, variance of the trials' annual ratios 1/2.
    benchmark = np.sqrt(1 / (2 * 250)) * expected_maximum(n_trials)
    moments = SharpeMoments(
        sharpe=2.5 / np.sqrt(250), skewness=skewness, kurtosis=kurtosis, n_sessions=1250
    )
    assert probabilistic_sharpe(moments, benchmark) == pytest.approx(probability, abs=5e-5)
    if n_trials == 100:
        assert benchmark == pytest.approx(0.1132, abs=5e-5)


@pytest.mark.parametrize("case", LIBRARY_VALUES["deflated"])
def test_a_library_gives_the_same_probability_from_the_same_moments(case):
    benchmark = np.sqrt(case["variance"]) * expected_maximum(case["n_trials"])
    assert benchmark == pytest.approx(case["benchmark"])
    moments = SharpeMoments(
        sharpe=case["sharpe"],
        skewness=case["skewness"],
        kurtosis=case["kurtosis"],
        n_sessions=case["n_sessions"],
    )
    assert probabilistic_sharpe(moments, benchmark) == pytest.approx(case["probability"])


def test_moments_worked_by_hand():
    # mean 1, deviations -1 -1 -1 3: squares 12, cubes 24, fourth powers 84
    moments = sharpe_moments([0, 0, 0, 4])
    assert moments.sharpe == pytest.approx(1 / 2)
    assert moments.skewness == pytest.approx(6 / 3**1.5)
    assert moments.kurtosis == pytest.approx(21 / 9)
    assert moments.n_sessions == 4


@pytest.mark.parametrize("pnl", [[], [1, 2, 3], [3, 3, 3, 3]])
def test_no_moments_without_spread_or_sessions(pnl):
    assert sharpe_moments(pnl) is None
    result = deflated_sharpe(pnl, trial_spread(trials_of([[1, 2, 3], [3, 1, 1]])))
    assert result.probability_fraction is None
    assert result.n_sessions == len(pnl)


def test_pnl_of_two_values_has_a_probability_too():
    assert probabilistic_sharpe(sharpe_moments([1, -1, 1, 1]), 0.0) > 0.5
    certain = SharpeMoments(sharpe=1.0, skewness=1.0, kurtosis=1.0, n_sessions=9)
    assert [probabilistic_sharpe(certain, b) for b in (0.5, 1.0, 2.0)] == [1.0, 0.5, 0.0]


@given(st.floats(1, 1e9))
def test_the_inverse_finds_the_number_of_trials(n_trials):
    best = expected_maximum(n_trials)
    found = trials_with_expected_maximum(best)
    assert expected_maximum(found) == pytest.approx(best, abs=1e-9)
    assert found <= n_trials * (1 + 1e-6) + 1


def test_the_inverse_ends_somewhere():
    assert trials_with_expected_maximum(-1) == 1
    assert trials_with_expected_maximum(0) == 1
    assert trials_with_expected_maximum(50) == 1e12


def test_proportional_trials_are_one_and_opposite_ones_are_two():
    pnl = np.array([3.0, -1.0, 2.0, -2.0, 5.0, 1.0])
    assert trial_spread(trials_of([pnl, 2 * pnl, 3 * pnl])).effective_trials == pytest.approx(
        1, abs=0.35
    )
    assert trial_spread(trials_of([pnl, -pnl])).effective_trials == 2


def test_independent_trials_are_counted_as_such():
    pnl = np.random.default_rng(0).normal(0, 30, (40, 60))
    spread = trial_spread(trials_of(pnl))
    assert 28 < spread.effective_trials <= 40
    assert spread.average_correlation == pytest.approx(0, abs=0.03)
    assert spread.trials_by_correlation == pytest.approx(40, rel=0.03)


def test_average_correlation_is_that_of_all_pairs():
    pnl = np.random.default_rng(1).normal(0, 30, (7, 9)) + np.arange(9)
    pairs = np.corrcoef(pnl)[np.triu_indices(7, 1)]
    spread = trial_spread(trials_of(pnl))
    assert spread.average_correlation == pytest.approx(pairs.mean())
    assert spread.trials_by_correlation == pytest.approx(pairs.mean() + (1 - pairs.mean()) * 7)


def test_variance_is_of_one_sessions_sharpe_ratios():
    pnl = np.random.default_rng(2).normal(0, 30, (6, 8))
    by_block = pnl.mean(axis=1) / pnl.std(axis=1, ddof=1)
    spread = trial_spread(trials_of(pnl, sessions_per_block=3))
    assert spread.sharpe_variance == pytest.approx(by_block.var(ddof=1) / 3)


@pytest.mark.parametrize("pnl", [[[1, 2, 3]], [[1, 2], [2, 1]], [[1, 1, 1], [2, 2, 2]]])
def test_no_spread_of_less_than_two_varying_trials_or_three_blocks(pnl):
    assert trial_spread(trials_of(pnl)) is None
    result = deflated_sharpe([1, 2, 3, 4], trial_spread(trials_of(pnl)))
    assert result.probability_fraction is None
    assert result.undeflated_probability_fraction > 0.9


def test_the_variance_of_chance_is_that_of_simulated_sharpe_ratios():
    pnl = np.random.default_rng(5).normal(0, 30, (40_000, 12))
    sharpe = pnl.mean(axis=1) / pnl.std(axis=1, ddof=1)
    assert chance_variance(12) == pytest.approx(sharpe.var(), rel=0.03)
    assert chance_variance(3) == np.inf


def test_more_trials_deflate_more_and_the_published_ratio_most():
    generator = np.random.default_rng(3)
    daily = generator.normal(8, 20, 20)
    few, many = (trial_spread(trials_of(generator.normal(0, 30, (n, 10)))) for n in (5, 3000))
    low, high = deflated_sharpe(daily, few), deflated_sharpe(daily, many)
    assert low.undeflated_probability_fraction == high.undeflated_probability_fraction
    assert (
        high.probability_fraction < low.probability_fraction < low.undeflated_probability_fraction
    )
    assert high.published_probability_fraction < high.probability_fraction
    assert high.n_sessions == 20


def test_the_best_of_random_trials_is_skill_about_half_of_the_time():
    # Undeflated, luck always looks like skill; deflated, it passes 0.95 as rarely as it should.
    generator = np.random.default_rng(4)
    found = []
    for _ in range(60):
        sessions = generator.normal(0, 30, (400, 20))
        best = sessions[np.argmax(sessions.mean(axis=1))]
        trials = trials_of(sessions.reshape(400, 10, 2).sum(axis=2))
        found.append(deflated_sharpe(best, trial_spread(trials)))
    deflated = np.array([result.probability_fraction for result in found])
    assert 0.4 < deflated.mean() < 0.75
    assert np.mean(deflated > 0.95) <= 0.15
    assert np.mean([result.undeflated_probability_fraction for result in found]) > 0.97
