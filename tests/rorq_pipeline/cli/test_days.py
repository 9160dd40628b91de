"""Whose sessions of which days a command on the cache is for."""

from datetime import date, datetime

import click
import pytest

from rorq_pipeline.cli.days import sessions_by_ticker, ticker_and_days
from strategy.date_range import DateRange
from strategy.errors import ParameterError

FIRST, LAST = datetime(2023, 1, 3), datetime(2023, 1, 5)  # noqa: DTZ001  as click reads days
DAYS = (date(2023, 1, 3), date(2023, 1, 4), date(2023, 1, 5))


def test_days_are_those_of_the_range_or_the_two_that_are_named() -> None:
    months = DateRange(date(2023, 1, 1), date(2023, 3, 31))
    three = DateRange(DAYS[0], DAYS[-1])
    assert ticker_and_days("QQQ_2023-01-03_2023-01-05", None, None, None) == ("QQQ", three)
    ticker, days = ticker_and_days("2023-01..2023-03", None, None, "IWM")
    assert (ticker, days and days.sessions) == ("IWM", months.sessions)
    assert ticker_and_days(None, FIRST, LAST, None) == ("SPY", three)
    assert ticker_and_days(None, FIRST, LAST, "QQQ") == ("QQQ", three)
    assert ticker_and_days(None, None, None, None) == ("SPY", None)


@pytest.mark.parametrize(("start", "end"), [(FIRST, None), (None, LAST)])
def test_one_of_two_days_is_not_enough(start: datetime | None, end: datetime | None) -> None:
    with pytest.raises(click.UsageError, match="RANGE is needed"):
        ticker_and_days(None, start, end, None)


def test_sessions_of_all_ranges_come_once_and_in_order_for_each_ticker() -> None:
    found = sessions_by_ticker(
        ["2023-01-04_2023-01-05", "2023-01-03_2023-01-04"], None, None, "SPY,QQQ"
    )
    assert found == {"SPY": DAYS, "QQQ": DAYS}
    assert list(found) == ["SPY", "QQQ"]
    assert sessions_by_ticker([], FIRST, LAST, None) == {"SPY": DAYS}


def test_sessions_of_no_days_are_refused() -> None:
    with pytest.raises(click.UsageError, match="RANGE is needed"):
        sessions_by_ticker([], None, None, "QQQ")


def test_a_ticker_that_cannot_be_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"^--ticker 'QQQ,spy'; expected capital letters"):
        sessions_by_ticker([], FIRST, LAST, "QQQ,spy")
