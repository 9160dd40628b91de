"""The selection test against slow twins, by hand, and its level where nothing pays."""

import itertools

import numpy as np
import pytest
from arch.bootstrap import SPA
from hypothesis import given, settings
from hypothesis import strategies as st

from optimize.choice import selection_test as module
from optimize.choice.grid import Grid
from optimize.choice.rules import exact_best, smooth
from optimize.choice.selection_test import (
    BlockValues,
    block_values,
    null_maxima,
    p_value,
    selection_test,
)
from strategy.costs import CostWeights
from strategy.space import SearchSpace
from strategy.surface.cells import sum_cells
from tests.optimize.choice.made_grids import SPACE as VALUES
from tests.optimize.choice.made_grids import random_cells

SPACE = SearchSpace.from_mapping(VALUES)
GRID = Grid.of(SPACE)
FREE = CostWeights(
    per_trade_usd=np.zeros(GRID.n_stops),
    of_net_pnl_fraction=0.0,
    of_risk_fraction=np.zeros(GRID.n_stops),
)


def blocks_of(values: np.ndarray, costs: float = 0.0) -> BlockValues:
    values = values.astype(np.float32)
    shares = np.full_like(values, costs / values.shape[1])
    return BlockValues(
        combination=np.arange(len(values)),
        values=values,
        costs=shares.sum(axis=1),
        cost_shares=shares,
        n_sessions=values.shape[1],
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n_valid=st.integers(1, 400), n_blocks=st.integers(1, 8))
def test_maxima_are_those_of_the_plain_product(seed: int, n_valid: int, n_blocks: int) -> None:
    random = np.random.default_rng(seed)
    values = random.standard_t(2, (n_valid, n_blocks)).astype(np.float32)
    weights = random.choice(np.array([-1, 1, 2], np.float32), (n_blocks, 50))
    offset = random.normal(0, 3, n_valid).astype(np.float32)
    expected = (values @ weights + offset[:, None]).max(axis=0)
    np.testing.assert_allclose(null_maxima(values, weights, offset), expected, rtol=1e-4, atol=1e-5)


def test_rows_that_cannot_matter_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 10)
    random = np.random.default_rng(1)
    values = np.concatenate([random.normal(0, 10, (20, 6)), random.normal(0, 0.1, (5000, 6))])
    values = values.astype(np.float32)
    weights = random.choice(np.array([-1, 1], np.float32), (6, 200))
    seen: list[int] = []
    plain = module.raise_to_maxima

    def counting(rows: np.ndarray, *rest: np.ndarray) -> None:
        seen.append(len(rows))
        plain(rows, *rest)

    monkeypatch.setattr(module, "raise_to_maxima", counting)
    found = null_maxima(values, weights)
    np.testing.assert_allclose(found, (values @ weights).max(axis=0), rtol=1e-4)
    assert sum(seen) < 100


def test_p_value_of_one_combination_is_its_share_of_all_sign_patterns() -> None:
    values = np.array([[3.0, 1.0, 2.0, -1.0, 4.0, 2.0]])
    sums = [np.dot(signs, values[0]) for signs in itertools.product((-1, 1), repeat=6)]
    exact = np.mean(np.array(sums) >= 11 - 1e-9)
    found = selection_test(blocks_of(values), n_draws=20_000)
    assert found.p_value_fraction == pytest.approx(exact, abs=0.01)
    assert found.t_p_value_fraction == pytest.approx(exact, abs=0.01)  # the same spread in each
    assert found.best_value_percent == pytest.approx(11.0)


def test_an_observation_counts_as_one_of_the_draws() -> None:
    assert p_value(5.0, np.array([1, 2, 5, 6], np.float32)) == pytest.approx(3 / 5)
    assert p_value(9.0, np.array([1, 2, 5, 6], np.float32)) == pytest.approx(1 / 5)


@pytest.mark.parametrize("rule", ["exact_best", "smooth"])
def test_the_best_value_is_the_promise_of_the_rule(rule: str) -> None:
    cells = random_cells(3, n_sessions=13)
    choose = {"exact_best": exact_best, "smooth": smooth}[rule]
    choice = choose(sum_cells(SPACE, cells), GRID, [20])[0]
    blocks = block_values(cells, GRID, rule=rule, min_trades=20, costs=FREE)
    assert blocks.n_blocks == 13
    total = blocks.values.sum(axis=1)
    assert choice is not None
    assert total.max() == pytest.approx(choice.promised_percent, rel=1e-5)
    assert choice.index in blocks.combination[total >= total.max() * (1 - 1e-5)]
    joined = block_values(cells, GRID, rule=rule, min_trades=20, costs=FREE, max_blocks=4)
    np.testing.assert_allclose(joined.values.sum(axis=1), total, rtol=1e-3, atol=1e-3)


def test_costs_are_those_of_the_trades() -> None:
    cells = random_cells(3, n_sessions=8)
    costs = CostWeights(
        per_trade_usd=5.0 + np.arange(GRID.n_stops),
        of_net_pnl_fraction=0.25,
        of_risk_fraction=0.5 / (1 + np.arange(GRID.n_stops)),
    )
    blocks = block_values(cells, GRID, rule="exact_best", min_trades=20, costs=costs)
    sums = sum_cells(SPACE, cells)
    sets, exits, stops = GRID.place_of(blocks.combination)
    risk = sums.risk_usd[sets, stops]
    spent = (5.0 + stops) * sums.total_trades[sets, 0] + 0.25 * sums.net_pnl_usd[sets, exits]
    expected = 100 * (spent + 0.5 / (1 + stops) * risk) / risk
    np.testing.assert_allclose(blocks.costs, expected, rtol=1e-5)
    np.testing.assert_allclose(blocks.cost_shares.sum(axis=1), expected, rtol=1e-5)


@pytest.mark.parametrize(("edge", "seed"), [(0.0, 1), (0.3, 2), (0.5, 3)])
def test_superior_ability_is_that_of_arch(edge: float, seed: int) -> None:
    values = np.random.default_rng(seed).normal(0, 1, (12, 21)) + edge
    values[:4] -= 2.0  # plainly worse than not trading
    other = SPA(np.zeros(21), -values.T, block_size=1, reps=4_000, seed=seed)
    other.compute()
    found = selection_test(blocks_of(values), n_draws=4_000).superior_ability_p_value_fraction
    assert found == pytest.approx(other.pvalues["consistent"], abs=0.03)


def test_few_blocks_are_not_tested() -> None:
    found = selection_test(blocks_of(np.ones((3, 5))))
    assert found.p_value_fraction is None
    assert found.n_draws == 0


def rejected_fraction(name: str, edge: float, costs: float, n_repeats: int = 200) -> float:
    random = np.random.default_rng(7)
    n_rejected = 0
    for repeat in range(n_repeats):
        shared = random.normal(0, 1, (1, 15))  # combinations trade much the same
        values = 0.6 * shared + 0.8 * random.normal(0, 1, (60, 15)) - costs / 15
        values[:3] += edge
        found = selection_test(blocks_of(values, costs), n_draws=200, seed=repeat)
        n_rejected += getattr(found, name) <= 0.05
    return n_rejected / n_repeats


@pytest.mark.parametrize(
    "name", ["p_value_fraction", "t_p_value_fraction", "before_costs_p_value_fraction"]
)
def test_the_level_is_kept_and_an_edge_is_found(name: str) -> None:
    # two standard errors of a share of 0.05 over 200 repeats are 0.03
    assert rejected_fraction(name, edge=0.0, costs=0.0) < 0.05 + 0.03
    assert rejected_fraction(name, edge=2.0, costs=0.0) > 0.9


def test_costs_make_the_test_conservative_and_centring_at_them_does_not() -> None:
    assert rejected_fraction("p_value_fraction", edge=0.0, costs=15.0) < 0.01
    level = rejected_fraction("before_costs_p_value_fraction", edge=0.0, costs=15.0)
    assert 0.02 <= level <= 0.08
