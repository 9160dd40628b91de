import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from strategy.grid import Grid

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


def test_ordered_axes_are_those_along_which_there_is_a_next_value():
    grid = Grid((3, 4, 2, 1, 2), (True, False, True, True, True))
    assert grid.ordered_axes() == (0, 2, 4)
    assert grid.ordered_axes(at_least=3) == (0,)
