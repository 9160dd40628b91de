import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from optimize.sampler.grid import Grid

GRID = Grid((3, 4, 2), (True, True, False))


@given(st.integers(0, GRID.size - 1))
def test_position_and_index_are_inverse(flat):
    assert GRID.flat(GRID.position(flat)) == flat
    assert np.ravel_multi_index(GRID.position(flat), GRID.shape) == flat


@given(st.integers(0, GRID.size - 1), st.integers(0, GRID.size - 1))
def test_neighbours_differ_in_one_dimension_by_one_step_or_another_value(a, b):
    steps = [abs(x - y) for x, y in zip(GRID.position(a), GRID.position(b), strict=True)]
    is_neighbour = sorted(steps)[-2] == 0 and sum(steps) == 1
    assert (b in set(GRID.neighbours(a))) == is_neighbour


def test_an_unordered_dimension_reaches_every_other_value_in_one_step():
    grid = Grid((5,), (False,))
    assert sorted(grid.neighbours(1)) == [0, 2, 3, 4]


def test_the_nearest_untried_points_are_found_ring_by_ring():
    grid = Grid((9,), (True,))
    assert grid.untried_nearby(4, {3, 4, 5}) == [2, 6]
    assert grid.untried_nearby(4, set(range(1, 9))) == [0]
    assert grid.untried_nearby(4, set(range(9))) == []


def test_a_random_untried_point_is_found_even_if_it_is_the_last():
    grid = Grid((100, 100), (True, True))
    rng = np.random.default_rng(1)
    assert grid.untried_at_random(rng, set(range(10_000)) - {4321}) == 4321
    assert grid.untried_at_random(rng, set(range(10_000))) is None


def test_random_untried_points_are_spread_evenly():
    grid = Grid((10,), (True,))
    rng = np.random.default_rng(1)
    drawn = [grid.untried_at_random(rng, {0, 1}) for _ in range(4000)]
    counts = np.bincount(drawn, minlength=10)
    assert counts[:2].sum() == 0
    assert abs(counts[2:] - 500).max() < 100
