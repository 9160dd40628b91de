"""surface_view: best, median and the chosen slice, against the plainest way of computing them."""

import itertools
import statistics

import numpy as np
import pytest

from rorq_pipeline.report.surface_view import SurfaceView, surface_view, telling_pair

DIMENSIONS = {"a": (1, 2, 3), "fixed": ("x",), "b": (0.1, 0.2), "c": ("u", "v", "w", "z")}
CHOSEN = {"a": 2, "fixed": "x", "b": 0.2, "c": "w"}
MIN_TRADES = 5


@pytest.fixture(scope="module")
def arrays() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    value = np.round(rng.normal(0, 10, (3, 1, 2, 4)), 3)
    trades = rng.integers(0, 12, (3, 1, 2, 4))
    trades[0] = 1  # nothing valid at a = 1
    value[1, 0, 1, 2] = np.nan  # no trade at all
    return value, trades


@pytest.fixture(scope="module")
def view(arrays: tuple[np.ndarray, np.ndarray]) -> SurfaceView:
    return surface_view(DIMENSIONS, *arrays, min_trades=MIN_TRADES, chosen=CHOSEN, n_bins=10)


def cell(arrays: tuple[np.ndarray, np.ndarray], **fixed: int) -> list[float]:
    """Valid values of all combinations at these positions, by a loop."""
    value, trades = arrays
    names = list(DIMENSIONS)
    found = []
    for index in itertools.product(*(range(len(v)) for v in DIMENSIONS.values())):
        at = dict(zip(names, index, strict=True))
        if all(at[name] == row for name, row in fixed.items()):
            known = trades[index] >= MIN_TRADES and not np.isnan(value[index])
            found += [float(value[index])] if known else []
    return found


def test_dimensions_of_one_value_are_left_out(view: SurfaceView) -> None:
    assert list(view.dimensions) == ["a", "b", "c"]
    assert set(view.best_by_pair) == {("a", "b"), ("a", "c"), ("b", "c")}


def test_every_cell_of_every_pair(view: SurfaceView, arrays: tuple[np.ndarray, np.ndarray]) -> None:
    for first, second in view.best_by_pair:
        for i, j in itertools.product(
            range(len(DIMENSIONS[first])), range(len(DIMENSIONS[second]))
        ):
            values = cell(arrays, **{first: i, second: j})
            best, median = (
                view.best_by_pair[first, second][i, j],
                view.median_by_pair[first, second][i, j],
            )
            if values:
                assert best == pytest.approx(max(values), rel=1e-6)
                assert median == pytest.approx(statistics.median(values), rel=1e-5)
            else:
                assert np.isnan(best)
                assert np.isnan(median)


def test_every_value_of_every_dimension(
    view: SurfaceView, arrays: tuple[np.ndarray, np.ndarray]
) -> None:
    assert np.isnan(view.best_by_dimension["a"][0])
    for name in view.dimensions:
        for row in range(len(DIMENSIONS[name])):
            values = cell(arrays, **{name: row})
            if values:
                assert view.best_by_dimension[name][row] == pytest.approx(max(values), rel=1e-6)


def test_the_chosen_slice_holds_the_others_fixed(
    view: SurfaceView, arrays: tuple[np.ndarray, np.ndarray]
) -> None:
    value, trades = arrays
    assert view.chosen_index == {"a": 1, "b": 1, "c": 2}
    for row in range(4):
        known = trades[1, 0, 1, row] >= MIN_TRADES and not np.isnan(value[1, 0, 1, row])
        expected = value[1, 0, 1, row] if known else np.nan
        assert view.chosen_by_dimension["c"][row] == pytest.approx(expected, nan_ok=True, rel=1e-6)


def test_the_counts(view: SurfaceView, arrays: tuple[np.ndarray, np.ndarray]) -> None:
    values = cell(arrays)
    assert view.n_combinations == 24
    assert view.n_valid == len(values)
    assert view.n_profitable == sum(v > 0 for v in values)
    assert view.histogram_counts.sum() == len(values)


def test_without_a_chosen_point_there_is_no_slice(arrays: tuple[np.ndarray, np.ndarray]) -> None:
    view = surface_view(DIMENSIONS, *arrays, min_trades=MIN_TRADES)
    assert view.chosen_index == {}
    assert np.isnan(view.chosen_by_dimension["a"]).all()
    assert len(view.histogram_counts) == 60  # bars, unless others are asked for


def test_a_choice_of_another_space_has_no_slice(arrays: tuple[np.ndarray, np.ndarray]) -> None:
    other = {**CHOSEN, "b": 0.3}
    view = surface_view(DIMENSIONS, *arrays, min_trades=MIN_TRADES, chosen=other)
    assert view.chosen_index == {"a": 1, "c": 2}
    assert np.isnan(view.chosen_by_dimension["b"]).all()
    assert np.isnan(view.chosen_by_pair["a", "c"]).all()


def test_a_surface_without_valid_points(arrays: tuple[np.ndarray, np.ndarray]) -> None:
    view = surface_view(DIMENSIONS, *arrays, min_trades=99)
    assert view.n_valid == 0
    assert np.isnan(view.best_by_pair["a", "b"]).all()
    assert telling_pair(view) == ("a", "c")


def small_view(percent: list[list[list[float]]], b: int) -> SurfaceView:
    """Of three dimensions of 3, `b` and 3 values, one trade in each cell that is not NaN."""
    value = np.array(percent)
    dimensions = {"a": (1, 2, 3), "b": tuple(range(b)), "c": (1, 2, 3)}
    chosen = {"a": 3, "b": 0, "c": 2}
    return surface_view(dimensions, value, np.ones(value.shape), min_trades=1, chosen=chosen)


def test_profiles_and_heatmaps_of_a_small_surface() -> None:
    nan = float("nan")
    view = small_view(
        [
            [[1, 2, 3], [4, 5, 6]],
            [[-1, nan, -3], [-4, 0, -6]],
            [[10, 20, nan], [nan, 50, nan]],
        ],
        b=2,
    )
    assert (view.n_combinations, view.n_valid, view.n_profitable) == (18, 14, 9)
    tell = np.testing.assert_array_equal
    tell(view.best_by_dimension["a"], [6, 0, 50])
    tell(view.median_by_dimension["a"], [3.5, -3, 20])
    tell(view.best_by_dimension["b"], [20, 50])
    tell(view.median_by_dimension["b"], [2, 4])
    tell(view.chosen_by_dimension["a"], [2, nan, 20])
    tell(view.chosen_by_dimension["b"], [20, 50])
    tell(view.chosen_by_dimension["c"], [10, 20, nan])
    tell(view.best_by_pair["a", "b"], [[3, 6], [-1, 0], [20, 50]])
    tell(view.median_by_pair["a", "c"], [[2.5, 3.5, 4.5], [-2.5, 0, -4.5], [10, 35, nan]])
    tell(view.chosen_by_pair["a", "b"], [[2, 5], [nan, 0], [20, 50]])
    tell(view.chosen_by_pair["b", "c"], [[10, 20, nan], [nan, 50, nan]])


def test_the_telling_pair_has_fine_steps_where_there_are_any() -> None:
    # b alone changes much: of pairs with b, the best ones differ by 100, of a with c by 1
    two_of_b = [[[0, 0, 0], [100, 100, 101]]] * 3
    assert telling_pair(small_view(two_of_b, b=2)) == ("a", "c")
    three_of_b = [[[0, 0, 0], [100, 100, 101], [50, 50, 50]]] * 3
    assert telling_pair(small_view(three_of_b, b=3)) == ("a", "b")


def test_values_at_the_ends_fill_the_end_bars() -> None:
    """A thousand and one values from 0 to 1000: a thousandth is cut at either end."""
    value = np.arange(1001.0).reshape(1001, 1)
    trades = np.full(value.shape, MIN_TRADES)
    view = surface_view(
        {"a": tuple(range(1001)), "b": (1,)}, value, trades, min_trades=MIN_TRADES, n_bins=2
    )
    assert view.histogram_edges_percent == pytest.approx([1.0, 500.0, 999.0])
    assert view.histogram_counts.tolist() == [500, 501]
    assert (view.n_valid, view.n_profitable) == (1001, 1000)


def test_one_value_alone_stands_in_the_middle_of_a_percent() -> None:
    value = np.full((2, 1), 7.0)
    trades = np.full((2, 1), MIN_TRADES)
    view = surface_view({"a": (1, 2), "b": (1,)}, value, trades, min_trades=MIN_TRADES, n_bins=4)
    assert view.histogram_edges_percent == pytest.approx([6.5, 6.75, 7.0, 7.25, 7.5])
    assert view.histogram_counts.tolist() == [0, 0, 2, 0]


def test_nothing_valid_is_an_empty_bar() -> None:
    nothing = np.zeros((2, 1))
    view = surface_view({"a": (1, 2), "b": (1,)}, nothing, nothing, min_trades=1, n_bins=4)
    assert view.histogram_edges_percent.tolist() == [0.0, 1.0]
    assert view.histogram_counts.tolist() == [0.0]
