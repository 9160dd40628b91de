import numpy as np

from optimize.statistics.selection import selection_statistics
from tests.optimize.statistics.builders import trials_of


def test_both_are_given_with_their_roughness():
    generator = np.random.default_rng(0)
    pnl = generator.normal(0, 30, (50, 10))
    found = selection_statistics(trials_of(pnl), generator.normal(3, 20, 20))
    assert 0 <= found.overfitting.probability_fraction <= 1
    assert 0 <= found.deflated_sharpe.probability_fraction <= 1
    assert "20 sessions in 10 blocks" in found.caveat
    assert "rough" in found.caveat
    assert f"{100 * found.overfitting.standard_error_fraction:.0f}%" in found.caveat


def test_longer_ranges_are_no_longer_called_rough():
    pnl = np.random.default_rng(1).normal(0, 30, (20, 10))
    found = selection_statistics(trials_of(pnl, sessions_per_block=25), [1.0, 2.0, 3.0])
    assert "rough" not in found.caveat


def test_nothing_valid_gives_statistics_without_values():
    found = selection_statistics(trials_of([[1, 2, 3, 4]], trades=0), [])
    assert found.overfitting.probability_fraction is None
    assert found.deflated_sharpe.probability_fraction is None
    assert "Too few" in found.caveat
