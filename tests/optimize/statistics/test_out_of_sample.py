from datetime import date

import pytest

from optimize.statistics.out_of_sample import (
    MEASURED,
    NO_TRADES,
    NOT_YET,
    following_sessions,
    kept_fraction,
    out_of_sample,
)
from strategy.backtest import run_backtest
from strategy.date_range import DateRange
from strategy.params import StrategyParams

FIRST_WEEK = DateRange(date(2023, 1, 3), date(2023, 1, 6))  # four sessions
ACTIVE = StrategyParams(stretch_threshold=0.001, reclaim_threshold=0.0005)


def days(*numbers):
    return tuple(date(2023, 1, number) for number in numbers)


def test_as_many_sessions_as_the_range_has():
    cached = days(3, 4, 5, 6, 9, 10, 11, 12, 13, 17)
    found = following_sessions(FIRST_WEEK, cached)
    assert found.cached == days(9, 10, 11, 12)
    assert (found.missing, found.n_wanted, found.n_to_come) == ((), 4, 0)


def test_as_many_as_are_cached():
    found = following_sessions(FIRST_WEEK, days(6, 9, 10))
    assert found.cached == days(9, 10)
    assert found.n_to_come == 2


def test_a_hole_is_named_and_its_place_is_not_given_to_a_later_session():
    found = following_sessions(FIRST_WEEK, days(9, 11, 13))
    assert found.cached == days(9, 11)
    assert found.missing == days(10)
    assert found.n_to_come == 1


def test_sessions_of_the_range_or_before_it_never_follow():
    found = following_sessions(FIRST_WEEK, [date(2022, 12, 30), *days(3, 4, 5, 6)])
    assert found.cached == ()
    assert found.n_to_come == 4


def test_data_from_much_later_is_no_continuation():
    found = following_sessions(FIRST_WEEK, [date(2023, 3, 1)])
    assert (found.cached, found.missing) == ((), ())


def test_no_following_session_is_a_value():
    result = out_of_sample(ACTIVE, [], n_wanted=4)
    assert result.status == NOT_YET
    assert result.metrics is None
    assert result.return_on_risk_percent is None
    assert len(result.sessions) == 0


def test_sessions_without_a_trade_are_another(made_days):
    params = StrategyParams(stretch_threshold=0.9, reclaim_threshold=0.4)
    result = out_of_sample(params, made_days, n_wanted=5)
    assert result.status == NO_TRADES
    assert result.metrics.total_trades == 0
    assert result.intervals == {}


def test_measured_metrics_are_those_of_a_backtest(made_days):
    result = out_of_sample(ACTIVE, made_days, n_wanted=9)
    expected = run_backtest(ACTIVE, made_days).metrics
    assert result.status == MEASURED
    assert result.metrics == expected
    interval = result.intervals["return_on_risk_percent"]
    assert interval.low <= expected.return_on_risk_percent <= interval.high
    assert result.sessions.dates == tuple(session.date for session in made_days)


@pytest.mark.parametrize(
    ("promised", "came", "kept"),
    [
        (40.0, 10.0, 0.25),
        (40.0, -10.0, -0.25),
        (40.0, 0.0, 0.0),
        (0.0, 10.0, None),
        (-3.0, 10.0, None),
        (None, 10.0, None),
        (40.0, None, None),
    ],
)
def test_a_share_of_what_was_promised(promised, came, kept):
    assert kept_fraction(promised, came) == kept
