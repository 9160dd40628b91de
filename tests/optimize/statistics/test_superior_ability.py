import numpy as np
import pytest

from optimize.statistics.superior_ability import superior_ability
from tests.optimize.statistics.builders import trials_of


def naive_p_values(return_on_risk, n_resamples, seed):
    """Hansen (2005) in plain words: (liberal, consistent, conservative), rows are trials."""
    n_blocks = len(return_on_risk[0])
    means = [sum(row) / n_blocks for row in return_on_risk]
    deviations = [
        (sum((x - mean) ** 2 for x in row) / n_blocks) ** 0.5
        for row, mean in zip(return_on_risk, means, strict=True)
    ]
    bound = (2 * np.log(np.log(n_blocks)) / n_blocks) ** 0.5
    recentred = (
        [max(mean, 0) for mean in means],
        [m if m >= -bound * d else 0 for m, d in zip(means, deviations, strict=True)],
        means,
    )
    generator, exceeded = np.random.default_rng(seed), [0, 0, 0]
    for _ in range(n_resamples):
        drawn = generator.integers(0, n_blocks, n_blocks)
        sampled = [sum(row[b] for b in drawn) / n_blocks for row in return_on_risk]
        for kind, centres in enumerate(recentred):
            best = max(s - c for s, c in zip(sampled, centres, strict=True))
            exceeded[kind] += best > max(means)
    return [count / n_resamples for count in exceeded]


@pytest.mark.parametrize(("edge", "seed"), [(0.0, 1), (0.1, 2), (0.2, 3)])
def test_p_values_agree_with_the_paper_in_plain_words(edge, seed):
    pnl = np.random.default_rng(seed).normal(0, 30, (12, 10)) + 100 * edge
    pnl[:4] -= 60  # some trials far below the benchmark
    result = superior_ability(trials_of(pnl), n_resamples=3000)
    expected = naive_p_values((pnl / 100).tolist(), 3000, seed)
    found = [
        result.p_value_lower_fraction,
        result.p_value_fraction,
        result.p_value_upper_fraction,
    ]
    assert found == pytest.approx(expected, abs=0.04)


def test_profits_are_not_taken_for_losses():
    pnl = np.random.default_rng(5).normal(60, 20, (50, 10))
    assert superior_ability(trials_of(pnl)).p_value_fraction < 0.01
    assert superior_ability(trials_of(-pnl)).p_value_fraction > 0.5


def test_trials_are_not_taken_for_blocks():
    pnl = np.full((10, 10), -50.0) + np.random.default_rng(6).normal(0, 1, (10, 10))
    pnl[0] += 120  # one trial that earns in every block: as a row sure, as a column a fluke
    assert superior_ability(trials_of(pnl)).p_value_fraction < 0.01
    assert superior_ability(trials_of(pnl.T)).p_value_fraction > 0.5


def test_the_size_of_a_position_does_not_matter():
    generator = np.random.default_rng(7)
    pnl, size = generator.normal(0, 30, (30, 10)), generator.uniform(1, 50, (30, 1))
    plain, sized = trials_of(pnl), trials_of(pnl * size, 100 * size)
    found = [superior_ability(trials).p_value_fraction for trials in (plain, sized)]
    assert found[0] == pytest.approx(found[1], abs=0.002)


def test_random_trials_rarely_look_superior():
    generator = np.random.default_rng(8)
    p_values = [
        superior_ability(trials_of(generator.normal(0, 30, (100, 10))), n_resamples=200)
        for _ in range(60)
    ]
    assert np.mean([result.p_value_fraction <= 0.05 for result in p_values]) <= 0.1


def test_the_set_is_bounded_and_repeatable():
    pnl = np.random.default_rng(9).normal(0, 30, (60, 10))
    first, again = (superior_ability(trials_of(pnl), max_trials=20, seed=1) for _ in range(2))
    assert first == again
    assert first.n_tested == 20
    assert first.n_blocks == 10


@pytest.mark.parametrize("pnl", [np.zeros((0, 10)), np.ones((3, 5))])
def test_nothing_to_test_gives_no_p_value(pnl):
    result = superior_ability(trials_of(pnl))
    assert result.p_value_fraction is None
    assert result.n_tested == 0
