"""The law of sample prices: fair options without an edge, reversion to VWAP with one."""

import math
from datetime import date

import numpy as np
import pytest

from strategy.date_range import sessions_between
from strategy.market_data.sample.clock import plan_day, seeded_generator
from strategy.market_data.sample.generate import SampleSettings, sample_path, sample_session
from strategy.market_data.sample.kernels import (
    autoregress,
    autoregress_compiled,
    spend_variance,
    spend_variance_compiled,
    walk_price,
    walk_price_compiled,
)
from strategy.market_data.sample.path import draw_path
from strategy.market_data.sample.pricing import call_values


def _normal_cdf(x):
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def test_call_value_without_jumps_is_black_scholes():
    # At the money with total deviation s the value is spot * (2 N(s / 2) - 1).
    value, delta = call_values(*(np.array([v]) for v in (400.0, 400.0, 0.01**2, 0.0)))
    assert value[0] == pytest.approx(400.0 * (2.0 * _normal_cdf(0.005) - 1.0), rel=1e-9)
    assert delta[0] == pytest.approx(_normal_cdf(0.005), rel=1e-9)


def test_call_value_at_the_close_is_the_payoff():
    spots = np.array([395.0, 400.5, 410.0])
    value, _ = call_values(spots, np.full(3, 400.0), np.zeros(3), np.zeros(3))
    assert value == pytest.approx([0.0, 0.5, 10.0], abs=1e-9)


def test_call_value_with_jumps_is_the_mean_payoff_of_simulated_closes():
    rng = np.random.default_rng(5)
    count = 400_000
    jumps = rng.poisson(0.8, count)
    deviation = np.sqrt(0.004**2 + jumps * 0.002**2)
    closes = 400.0 * np.exp(deviation * rng.standard_normal(count) - deviation**2 / 2)
    for strike in (396.0, 400.0, 404.0):
        payoff = np.maximum(closes - strike, 0.0)
        value, _ = call_values(*(np.array([v]) for v in (400.0, strike, 0.004**2, 0.8)))
        assert abs(value[0] - payoff.mean()) < 4.0 * payoff.std() / math.sqrt(count)


@pytest.mark.parametrize("edge", [0.0, 1.0, 3.0])
def test_compiled_walk_equals_its_plain_twin(edge):
    rng = np.random.default_rng(1)
    moves = 7e-5 * rng.standard_normal(4_000)
    volume = np.where(rng.random(4_000) < 0.1, 0.0, rng.integers(1, 9_999, 4_000).astype(float))
    assert np.array_equal(walk_price_compiled(moves, volume, edge), walk_price(moves, volume, edge))


def test_compiled_autoregression_equals_its_plain_twin():
    shocks = np.random.default_rng(1).standard_normal(500)
    assert np.array_equal(autoregress_compiled(shocks, 0.9), autoregress(shocks, 0.9))


MINUTES, DAYS_DRAWN = 150, 1_000
SECONDS = 60 * MINUTES
NO_JUMPS = np.zeros(0)


def _drawn_day(rng, deviation=0.01, jumps_at=NO_JUMPS, jump_returns=NO_JUMPS):
    """Variance, diffusion and jumps of a day that expects the same variance of every second."""
    expected = np.full(SECONDS, deviation**2 / SECONDS)
    draws = rng.standard_normal((2, SECONDS))
    day_return = deviation * rng.standard_normal()
    return spend_variance_compiled(expected, day_return, *draws, jumps_at, jump_returns)


@pytest.fixture(scope="module")
def drawn_days():
    """Variance and diffusion, each (days, minutes), of days of 1 % volatility without jumps."""
    rng = np.random.default_rng(11)
    days = [_drawn_day(rng)[:2] for _ in range(DAYS_DRAWN)]
    by_minute = [[part.reshape(MINUTES, 60).sum(axis=1) for part in day] for day in days]
    return np.array(by_minute).swapaxes(0, 1)


def test_compiled_spending_equals_its_plain_twin():
    rng = np.random.default_rng(3)
    expected = 1e-9 * rng.random(900)
    inputs = (expected, 0.002, *rng.standard_normal((2, 900)))
    jumps = np.array([0.8, 0.3]), np.array([0.002, -0.001])
    for compiled, plain in zip(
        spend_variance_compiled(*inputs, *jumps), spend_variance(*inputs, *jumps), strict=True
    ):
        np.testing.assert_allclose(compiled, plain, rtol=1e-9, atol=1e-15)


def test_all_variance_is_spent_and_the_planned_return_reached(drawn_days):
    variance, diffusion = drawn_days
    assert (variance > 0.0).all()
    np.testing.assert_allclose(variance.sum(axis=1), 0.01**2, rtol=1e-9)
    assert diffusion.sum(axis=1).std() == pytest.approx(0.01, rel=0.04)
    rng = np.random.default_rng(3)
    expected, draws = np.full(900, 1e-7), rng.standard_normal((2, 900))
    _, moves, _ = spend_variance_compiled(expected, 0.0123, *draws, NO_JUMPS, NO_JUMPS)
    assert moves.sum() == pytest.approx(0.0123, abs=1e-12)


def test_jumps_come_as_variance_is_spent():
    rng = np.random.default_rng(3)
    shares, returns = np.array([0.75, 0.5, 0.1]), np.array([0.001, 0.002, 0.004])
    variance, _, jumps = _drawn_day(rng, jumps_at=shares, jump_returns=returns)
    left = 1.0 - np.cumsum(variance) / variance.sum()
    seconds = np.flatnonzero(jumps)
    assert jumps[seconds].tolist() == returns.tolist()
    assert (left[seconds] <= shares).all()
    assert (left[seconds - 1] > shares).all()


@pytest.mark.parametrize("after", [20, 75, 130])
def test_return_to_come_is_normal_with_the_variance_left_whatever_the_pace_was(drawn_days, after):
    """What makes option values exact: mean 0, variance 1 and fourth moment 3, calm or wild."""
    variance, diffusion = drawn_days
    scaled = diffusion[:, after:].sum(axis=1) / np.sqrt(variance[:, after:].sum(axis=1))
    pace = variance[:, after - 1]
    lately = diffusion[:, after - 20 : after].sum(axis=1)
    for group in (pace < np.median(pace), pace > np.median(pace), lately < 0.0, lately > 0.0):
        returns = scaled[group]
        count = len(returns)
        assert abs(returns.mean()) < 3.5 / math.sqrt(count)
        assert abs((returns**2).mean() - 1.0) < 3.5 * math.sqrt(2.0 / count)
        assert abs((returns**4).mean() - 3.0) < 3.5 * math.sqrt(96.0 / count)


def test_volatility_comes_in_clusters_and_rises_after_falls(drawn_days):
    """One-minute returns of days that expect the same of every minute: all of it is the pace's."""
    _, minutes = drawn_days
    squares = minutes**2
    for lag, least in ((1, 0.05), (5, 0.04), (15, 0.02)):
        assert np.corrcoef(squares[:, :-lag].ravel(), squares[:, lag:].ravel())[0, 1] > least
    starts = range(20, 130)
    lately = np.stack([minutes[:, i - 20 : i].sum(axis=1) for i in starts])
    later = np.stack([squares[:, i : i + 10].mean(axis=1) for i in starts])
    assert np.corrcoef(lately.ravel(), later.ravel())[0, 1] < -0.1
    # The pace tells how much, not which way.
    signs = np.corrcoef(minutes[:, :-1].ravel(), minutes[:, 1:].ravel())[0, 1]
    assert abs(signs) < 0.01


def test_walk_without_edge_adds_nothing():
    moves = 1e-4 * np.random.default_rng(2).standard_normal(1_000)
    walked = walk_price(moves, np.ones(1_000), 0.0)
    assert walked == pytest.approx(np.cumsum(moves), abs=1e-12)


def test_walk_pulls_back_what_has_given_back_a_quarter():
    # Up by 0.4 % at once, down by 0.2 %, then nothing but the pull.
    moves = np.zeros(1_202)
    moves[1], moves[2] = 0.004, -0.002
    volume = np.zeros(1_202)
    volume[0] = 1.0
    walked = walk_price(moves, volume, 1.0)
    # Ten minutes of a pull of 1/600 a second leave (1 - 1/600)^600 of the distance.
    assert walked[602] == pytest.approx(walked[2] * (1.0 - 1.0 / 600.0) ** 600, rel=1e-9)


def test_diffusion_ends_where_the_calendar_says_and_variance_runs_out():
    plan = plan_day("SPY", date(2023, 1, 4), 0)
    path = draw_path(plan, 0.0, seeded_generator("SPY", "test", 0))
    assert path.variance_left[0] == pytest.approx(plan.volatility_fraction**2)
    assert path.variance_left[-1] == pytest.approx(0.0, abs=1e-15)
    assert (np.diff(path.variance_left) <= 0).all()
    assert path.prices_usd[0] == pytest.approx(plan.open_price_usd)


def test_planned_returns_are_standard_normal_in_units_of_volatility():
    days = sessions_between(date(2021, 1, 1), date(2024, 12, 31))
    plans = [plan_day("SPY", day, 0) for day in days[::2]]
    scaled = np.array([plan.diffusive_return / plan.volatility_fraction for plan in plans])
    assert abs(scaled.mean()) < 4.0 / math.sqrt(len(scaled))
    assert scaled.std() == pytest.approx(1.0, abs=0.12)


def _later_changes(session, hold_seconds, stride_seconds, strikes_away):
    """Price changes of the call and put that lie so many strikes from the money at the start.

    The contract is chosen when the holding time starts: a choice by what the day did later, such
    as the most traded contracts, would pick those that end worthless at the money.
    """
    changes = []
    for start in range(600, session.n_seconds - hold_seconds - 60, stride_seconds):
        close = session.underlying_close_usd[start]
        nearest = int(np.argmin(np.abs(session.call_strikes_usd - close))) + strikes_away
        for contract in (nearest, session.n_calls + nearest):
            rows = slice(session.bar_offsets[contract], session.bar_offsets[contract + 1])
            seconds, prices = session.bar_seconds[rows], session.bar_prices_usd[rows]
            before, after = np.searchsorted(seconds, [start, start + hold_seconds], "right") - 1
            if before >= 0:
                changes.append(prices[after] - prices[before])
    return changes


@pytest.fixture(scope="module")
def fair_sessions():
    days = sessions_between(date(2023, 1, 3), date(2023, 2, 15))
    return [sample_session(day, SampleSettings(edge=0.0)) for day in days]


@pytest.mark.parametrize("strikes_away", [-1, 0, 1])
def test_option_prices_without_edge_have_no_drift(fair_sessions, strikes_away):
    by_day = np.array([np.mean(_later_changes(s, 600, 600, strikes_away)) for s in fair_sessions])
    assert abs(by_day.mean()) < 3.0 * by_day.std(ddof=1) / math.sqrt(len(by_day))


def test_fair_values_are_martingales_from_calm_and_from_wild_seconds():
    """Call values in and out of the money against those 40 minutes later, chosen before."""
    settings = SampleSettings(edge=0.0, seed=4)
    gains, paces = [], []
    for day in sessions_between(date(2021, 1, 4), date(2021, 12, 31)):
        plan, path = sample_path(day, settings)
        before = np.arange(1_800, plan.n_seconds - 2_500, 2_400)
        strikes = np.floor(path.prices_usd[before]) + np.array([[-1.0], [2.0]])
        values = [
            call_values(
                *np.broadcast_arrays(
                    path.prices_usd[s], strikes, path.variance_left[s], path.jumps_left[s]
                )
            )[0]
            for s in (before, before + 2_400)
        ]
        gains.append((values[1] - values[0]) / path.prices_usd[before])
        paces.append(path.volatility_ratio[before])
    wild = np.concatenate(paces) > np.median(np.concatenate(paces))
    for gain in np.concatenate(gains, axis=1):  # in the money, then out of it
        for group in (gain, gain[wild], gain[~wild]):
            assert abs(group.mean()) < 2.0 * group.std(ddof=1) / math.sqrt(len(group))


def _reversion(session):
    """Mean log move towards VWAP in five minutes after 0.3 % has come back to 0.2 %."""
    closes, vwaps = session.underlying_close_usd, session.running_vwap_usd
    distance = closes / vwaps - 1.0
    moves, stretched = [], 0.0
    for second in range(session.n_seconds - 300):
        if abs(distance[second]) > 0.003:
            stretched = math.copysign(1.0, distance[second])
        elif stretched and stretched * distance[second] < 0.002:
            moves.append(-stretched * math.log(closes[second + 300] / closes[second]))
            stretched = 0.0
    return moves


@pytest.mark.slow
def test_edge_pulls_prices_back_and_none_does_not():
    days = sessions_between(date(2023, 1, 3), date(2023, 3, 31))
    none, planted = (
        np.concatenate([_reversion(sample_session(d, SampleSettings(edge=edge))) for d in days])
        for edge in (0.0, 1.0)
    )
    assert abs(none.mean()) < 3.0 * none.std() / math.sqrt(len(none))
    assert planted.mean() > 4.0 * planted.std() / math.sqrt(len(planted))
