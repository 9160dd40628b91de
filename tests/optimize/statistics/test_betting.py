"""The account that bets: by hand, bounded, and seldom large where nothing is earned."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.statistics.betting import (
    account,
    gain_p_value,
    loss_p_value,
    most_gained,
    returns_at_stake,
)


def test_accounts_by_hand() -> None:
    # Doubled, then lost: 1.25 * 0.75, 1.5 * 0.5, 1.75 * 0.25 and 1.95 * 0.05.
    returns = np.array([1.0, -1.0])
    assert account(returns) == pytest.approx((0.9375 + 0.75 + 0.4375 + 0.0975) / 4)
    assert gain_p_value(returns) == 1.0
    assert gain_p_value(np.array([1.0, 1.0])) == pytest.approx(
        4 / (1.25**2 + 1.5**2 + 1.75**2 + 1.95**2)
    )
    # Betting on losses half as much: 1.125, 1.25, 1.375 and 1.475 after a total loss.
    assert loss_p_value(np.array([-1.0]), 2.0) == pytest.approx(4 / (1.125 + 1.25 + 1.375 + 1.475))
    # A gain of five times the stake counts as twice, and costs 0.25, 0.5, 0.75 and 0.95 of it.
    lost = 0.75 * 1.125**9 + 0.5 * 1.25**9 + 0.25 * 1.375**9 + 0.05 * 1.475**9
    assert loss_p_value(np.array([5.0] + [-1.0] * 9), 2.0) == pytest.approx(4 / lost)


def test_without_a_session_nothing_is_known() -> None:
    nothing = np.empty(0)
    assert (account(nothing), gain_p_value(nothing), loss_p_value(nothing, 2.0)) == (1.0, 1.0, 1.0)
    assert gain_p_value(np.full(5_000, 2.0)) < 1e-200  # and no overflow


def test_a_return_is_over_premium_and_fees() -> None:
    # 100 USD of premium, stop at 50 percent: risk 50 and 2 of fees. 208 would also pay for itself.
    returns = returns_at_stake(np.array([26.0, 0.0, -102.0]), np.array([52.0, 0.0, 52.0]), -50.0)
    assert returns.tolist() == [0.25, 0.0, -102 / 104]


@given(
    premium=st.floats(0.01, 1e4),
    fees=st.floats(0.0, 20.0),
    stop=st.floats(-100.0, -0.5),
)
def test_no_loss_is_more_than_what_was_at_stake(premium: float, fees: float, stop: float) -> None:
    risk = np.array([premium * -stop / 100 + fees])
    (found,) = returns_at_stake(np.array([-premium - fees]), risk, stop)
    assert -1.0 <= found < 0.0
    assert account(np.array([found])) > 0.0


def test_a_fair_game_with_a_long_tail_seldom_looks_like_more_on_any_day() -> None:
    """Ten small gains to a total loss, on average nothing: ever at 40 in at most 1 of 40."""
    random = np.random.default_rng(3)
    drawn = np.where(random.random((2_000, 250)) < 1 / 11, -1.0, 0.1)
    ever = [any(account(row[:day]) >= 40 for day in range(10, 251, 10)) for row in drawn]
    assert np.mean(ever) <= 0.025
    gains = np.where(random.random((500, 250)) < 1 / 11, -0.1, 1.0 / 100)
    assert np.mean([loss_p_value(row, 2.0) <= 0.025 for row in gains]) <= 0.025


def test_rare_large_gains_that_make_up_for_small_losses_are_no_loss() -> None:
    """One in ten makes 4.5 times the stake, which a take profit of 450 percent tells beforehand."""
    assert [most_gained(percent) for percent in (25.0, 100.0, 450.0)] == [2.0, 2.0, 9.0]
    random = np.random.default_rng(7)
    drawn = np.where(random.random((2_000, 250)) < 0.1, 4.5, -0.5)
    bound = most_gained(450.0)
    ever = [
        any(loss_p_value(row[:day], bound) <= 0.025 for day in range(10, 251, 10)) for row in drawn
    ]
    assert np.mean(ever) <= 0.025


def test_a_weak_edge_is_seen_within_two_years() -> None:
    """Staking 0.95, the logarithm grows by 0.038 - 0.018 = 0.019 a session, with a spread of 0.19.

    After 441 sessions it stands at 8.5 +- 4.0, and has to be above log 40 + log 4 / 2 or so.
    """
    random = np.random.default_rng(5)
    drawn = np.maximum(random.normal(0.04, 0.2, (500, 441)), -1.0)
    assert np.mean([gain_p_value(row) <= 0.025 for row in drawn]) == pytest.approx(0.87, abs=0.06)
    assert np.mean([loss_p_value(-row, 2.0) <= 0.025 for row in drawn]) > 0.8
