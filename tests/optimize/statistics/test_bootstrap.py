import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from optimize.statistics.bootstrap import bootstrap_intervals
from optimize.statistics.session_sums import SessionSums
from tests.optimize.statistics.builders import sums_of

PNL = np.random.default_rng(0).normal(5, 30, 20).round(2)


def test_the_interval_of_a_ratio_agrees_with_scipy():
    risk = np.random.default_rng(1).uniform(50, 200, 20)
    sums = sums_of(PNL.tolist())
    sums = SessionSums(
        dates=sums.dates,
        trades=sums.trades,
        winners=sums.winners,
        net_pnl_usd=sums.net_pnl_usd,
        risk_usd=risk,
    )
    found = bootstrap_intervals(sums, n_resamples=20_000)["return_on_risk_percent"]
    expected = stats.bootstrap(
        (PNL, risk),
        lambda pnl, risk, axis: 100 * pnl.sum(axis=axis) / risk.sum(axis=axis),
        paired=True,
        confidence_level=0.9,
        method="percentile",
        n_resamples=20_000,
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.4)
    assert found.confidence_fraction == 0.9


def test_equal_days_have_an_interval_without_width():
    intervals = bootstrap_intervals(sums_of([10.0] * 5))
    assert (intervals["expectancy_usd"].low, intervals["expectancy_usd"].high) == (10, 10)
    assert (intervals["win_rate_percent"].low, intervals["win_rate_percent"].high) == (100, 100)
    assert intervals["net_pnl_usd"].high == 50


@pytest.mark.parametrize("pnl", [[], [1.0], [1.0, 2.0]])
def test_too_few_days_have_no_interval(pnl):
    assert bootstrap_intervals(sums_of(pnl)) == {}


@pytest.mark.parametrize(("n_traded", "known"), [(1, False), (2, False), (3, True)])
def test_a_trade_on_one_day_of_many_is_no_interval(n_traded, known):
    traded = np.arange(21) < n_traded
    sums = SessionSums(
        dates=sums_of([0.0] * 21).dates,
        trades=traded.astype(np.int64),
        winners=traded.astype(np.int64),
        net_pnl_usd=np.where(traded, 20.0, 0.0),
        risk_usd=np.where(traded, 50.0, 0.0),
    )
    assert bool(bootstrap_intervals(sums)) is known


def test_days_without_a_trade_have_none_either():
    sums = sums_of([0.0] * 5)
    quiet = SessionSums(
        dates=sums.dates,
        trades=np.zeros(5, np.int64),
        winners=np.zeros(5, np.int64),
        net_pnl_usd=np.zeros(5),
        risk_usd=np.zeros(5),
    )
    assert bootstrap_intervals(quiet) == {}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=25), st.floats(0.5, 0.9))
def test_ends_are_ordered_within_the_values_and_wider_with_confidence(pnl, confidence):
    narrow = bootstrap_intervals(sums_of(pnl), confidence_fraction=confidence, n_resamples=300)
    wide = bootstrap_intervals(sums_of(pnl), confidence_fraction=0.95, n_resamples=300)
    found, outer = narrow["expectancy_usd"], wide["expectancy_usd"]
    assert min(pnl) - 1e-9 <= outer.low <= found.low <= found.high <= outer.high <= max(pnl) + 1e-9


def test_ninety_percent_of_the_intervals_hold_the_truth_or_nearly():
    generator, held = np.random.default_rng(3), 0
    for _ in range(200):
        pnl = generator.normal(5, 30, 21).tolist()
        interval = bootstrap_intervals(sums_of(pnl), n_resamples=500)["expectancy_usd"]
        held += interval.low <= 5 <= interval.high
    assert 0.80 <= held / 200 <= 0.95  # somewhat too narrow on 21 days, as the module says
