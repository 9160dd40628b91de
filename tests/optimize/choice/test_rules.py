"""The rules of choice against slow twins that look at one combination after the other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimize.choice.grid import Grid, smoothing_weights
from optimize.choice.rules import (
    RULES,
    Choice,
    exact_best,
    lower_bound,
    min_trades_of,
    plateau,
    smooth,
    smoothed,
)
from tests.optimize.choice.made_grids import (
    SPACE,
    Public,
    naive_smoothed,
    neighbours,
    places,
    public,
    random_sums,
)
from tests.strategy.surface.made_surfaces import FIRST_VALUES

GRID = Grid.of(FIRST_VALUES.replacing(**SPACE))
LEAST = [1, 20, 45, 59, 60]
SEEDS = [1, 2, 3]


def naive_best(values: Public, trades: Public, least: int) -> Choice | None:
    admitted = np.where(trades >= least, values, np.nan)
    if np.isnan(admitted).all():
        return None
    index = int(np.nanargmax(admitted))
    return Choice(index=index, promised_percent=float(admitted.flat[index]))


def ratio(numerator: Public, denominator: Public) -> Public:
    with np.errstate(invalid="ignore"):
        return 100 * numerator / np.where(denominator > 0, denominator, np.nan)


def assert_same(found: Choice | None, expected: Choice | None) -> None:
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert found.index == expected.index
        assert found.promised_percent == pytest.approx(expected.promised_percent, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_exact_best(seed: int) -> None:
    sums = random_sums(seed)
    trades = public(sums.total_trades)
    values = ratio(public(sums.net_pnl_usd), public(sums.risk_usd))
    for least, found in zip(LEAST, exact_best(sums, GRID, LEAST), strict=True):
        assert_same(found, naive_best(values, trades, least))


@pytest.mark.parametrize("seed", SEEDS)
def test_smooth(seed: int) -> None:
    sums = random_sums(seed)
    trades = public(sums.total_trades)
    net_pnl, risk = (naive_smoothed(public(s)) for s in (sums.net_pnl_usd, sums.risk_usd))
    for least, found in zip(LEAST, smooth(sums, GRID, LEAST), strict=True):
        assert_same(found, naive_best(ratio(net_pnl, risk), trades, least))


@pytest.mark.parametrize("seed", SEEDS)
def test_lower_bound(seed: int) -> None:
    sums = random_sums(seed, n_sessions=9)
    trades, total = public(sums.total_trades), public(sums.net_pnl_usd)
    variance = (public(sums.session_pnl_squared) - 9 * (total / 9) ** 2) / 8  # of a session
    bound = total - np.sqrt(9 * variance)
    values = ratio(bound, public(sums.risk_usd))
    for least, found in zip(LEAST, lower_bound(sums, GRID, LEAST), strict=True):
        assert_same(found, naive_best(values, trades, least))


@pytest.mark.parametrize("seed", SEEDS)
def test_plateau(seed: int) -> None:
    sums = random_sums(seed)
    trades = public(sums.total_trades)
    values = ratio(public(sums.net_pnl_usd), public(sums.risk_usd))
    for least, found in zip(LEAST, plateau(sums, GRID, LEAST), strict=True):
        scores = np.full(values.shape, np.nan)
        for at in places():
            inside = list(neighbours(at))
            valid = [values[other] for other in inside if trades[other] >= least]
            if trades[at] >= least and 2 * len(valid) >= len(inside):
                scores[at] = np.mean([values[at], *valid])
        assert_same(found, naive_best(scores, trades, least))


def test_smoothing_of_a_single_peak_by_hand() -> None:
    # twice 1/4 1/2 1/4 is 1 4 6 4 1 sixteenths; at the edge 2/3 1/3 first
    assert smoothing_weights(7)[3] == pytest.approx(np.array([1, 4, 6, 4, 1]) / 16)
    # (2/3 1/3 0) of values that are themselves means: 2/3 (2/3 1/3 0) + 1/3 (1/4 1/2 1/4)
    assert smoothing_weights(3)[0] == pytest.approx([0, 0, 4 / 9 + 1 / 12, 2 / 9 + 1 / 6, 1 / 12])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), constant=st.floats(-100, 100))
def test_smoothing_keeps_constants_and_stays_within_the_values(seed: int, constant: float) -> None:
    values = random_sums(seed).net_pnl_usd
    result = smoothed(values, GRID.exit_axes, GRID.set_axes)
    assert values.min() - 1e-9 <= result.min() <= result.max() <= values.max() + 1e-9
    shifted = smoothed(values + constant, GRID.exit_axes, GRID.set_axes)
    np.testing.assert_allclose(shifted, result + constant, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), least=st.integers(1, 70))
def test_every_choice_has_its_trades_and_no_rule_promises_more_than_the_best(
    seed: int, least: int
) -> None:
    sums = random_sums(seed, sparse=0.6)
    best = exact_best(sums, GRID, [least])[0]
    everything = exact_best(sums, GRID, [1])[0]
    for name, rule in RULES.items():
        found = rule(sums, GRID, [least])[0]
        if found is None:
            assert best is None or name == "plateau"
            continue
        assert best is not None
        assert everything is not None
        at = GRID.place_of(np.array([found.index]))[0]
        assert sums.total_trades[at, 0] >= least
        limit = everything if name == "smooth" else best  # smooth looks at others with less trades
        assert found.promised_percent <= limit.promised_percent + 1e-9


def test_of_equals_the_lowest_index_is_taken() -> None:
    sums = random_sums(1)
    sums.risk_usd[:] = 64.0 * (sums.total_trades > 0)
    sums.net_pnl_usd[:] = sums.risk_usd[:, :1]
    first = int(np.flatnonzero(public(sums.total_trades).ravel() >= 20)[0])
    for rule in (exact_best, smooth):
        assert_same(rule(sums, GRID, [20])[0], Choice(index=first, promised_percent=100.0))


def test_places_of_all_combinations() -> None:
    sums = random_sums(4)
    net_pnl, risk = public(sums.net_pnl_usd).ravel(), public(sums.risk_usd).ravel()
    sets, exits, stops = GRID.place_of(np.arange(len(net_pnl)))
    assert np.array_equal(sums.net_pnl_usd[sets, exits], net_pnl)
    assert np.array_equal(sums.risk_usd[sets, stops], risk)


def test_a_rate_is_the_same_number_of_trades_whatever_its_rounding() -> None:
    assert [min_trades_of(30 / 21, n) for n in (21, 42, 63, 126, 252)] == [30, 60, 90, 180, 360]
    assert min_trades_of(30 / 21, 20) == 29  # 28.57
    assert min_trades_of(0.0, 20) == 1
