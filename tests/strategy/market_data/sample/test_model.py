"""The law of sample prices: fair options without an edge, reversion to VWAP with one."""

import math
from datetime import date

import numpy as np
import pytest

from strategy.date_range import sessions_between
from strategy.market_data.sample.clock import plan_day, seeded_generator
from strategy.market_data.sample.generate import SampleSettings, sample_session
from strategy.market_data.sample.kernels import (
    autoregress,
    autoregress_compiled,
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
