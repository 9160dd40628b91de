import numpy as np

from optimize.sampler.untried import untried_at_random, untried_nearby
from strategy.grid import Grid


def test_the_nearest_untried_points_are_found_ring_by_ring():
    grid = Grid((9,), (True,))
    assert untried_nearby(grid, 4, {3, 4, 5}) == [2, 6]
    assert untried_nearby(grid, 4, set(range(1, 9))) == [0]
    assert untried_nearby(grid, 4, set(range(9))) == []


def test_a_random_untried_point_is_found_even_if_it_is_the_last():
    grid = Grid((100, 100), (True, True))
    rng = np.random.default_rng(1)
    assert untried_at_random(grid, rng, set(range(10_000)) - {4321}) == 4321
    assert untried_at_random(grid, rng, set(range(10_000))) is None


def test_random_untried_points_are_spread_evenly():
    grid = Grid((10,), (True,))
    rng = np.random.default_rng(1)
    drawn = [untried_at_random(grid, rng, {0, 1}) for _ in range(4000)]
    counts = np.bincount(drawn, minlength=10)
    assert counts[:2].sum() == 0
    assert abs(counts[2:] - 500).max() < 100
