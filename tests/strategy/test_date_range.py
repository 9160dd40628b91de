from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategy.date_range import DateRange, session_times, sessions_between
from strategy.errors import DateRangeError


def test_key_and_back() -> None:
    january = DateRange.parse("2023-01-03_2023-01-31")
    assert january == DateRange(date(2023, 1, 3), date(2023, 1, 31))
    assert str(january) == january.key == "2023-01-03_2023-01-31"


@given(st.dates(date(2004, 1, 1), date(2026, 1, 1)), st.integers(7, 400))
def test_every_range_of_a_week_or_more_reads_back(start: date, days: int) -> None:
    one = DateRange(start, date.fromordinal(start.toordinal() + days))
    assert DateRange.parse(one.key) == one


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2023-01-31_2023-01-03", "start 2023-01-31 is after end 2023-01-03"),
        ("2023-02-30_2023-03-01", "2023-02-30"),
        ("2023-01-01_2023-01-02", "no exchange session in 2023-01-01_2023-01-02"),
        ("2023-01-03", "date range '2023-01-03'"),
        ("2023-01-03_2023-01-31_x", "date range"),
        ("", "date range ''"),
        ("1999-01-04_1999-01-05", "dates 1999-01-04"),
    ],
)
def test_a_bad_range_says_what_was_found(text: str, found: str) -> None:
    with pytest.raises(DateRangeError) as caught:
        DateRange.parse(text)
    assert isinstance(caught.value, ValueError)
    assert found in str(caught.value)
    assert caught.value.remedy


def test_a_moment_is_no_date() -> None:
    with pytest.raises(DateRangeError, match="start_date"):
        DateRange(datetime(2023, 1, 3, tzinfo=UTC), date(2023, 1, 4))


def test_sessions_leave_out_weekends_and_holidays() -> None:
    # Thanksgiving 2023 was Thursday 23 November; the day after closed early but traded
    assert sessions_between(date(2023, 11, 22), date(2023, 11, 27)) == (
        date(2023, 11, 22),
        date(2023, 11, 24),
        date(2023, 11, 27),
    )
    assert len(DateRange.of_month(date(2023, 1, 17)).sessions) == 20


def test_a_full_session_has_23401_seconds() -> None:
    times = session_times(date(2023, 1, 3))
    assert times.n_seconds == 23_401
    assert times.close_shift_seconds == 0
    assert datetime.fromtimestamp(times.open_utc_seconds, UTC).hour == 14  # 09:30 EST


def test_an_early_close_has_12601_seconds_and_shifts_three_hours() -> None:
    times = session_times(date(2023, 11, 24))
    assert times.n_seconds == 12_601
    assert times.close_shift_seconds == 3 * 3600


@pytest.mark.parametrize(
    ("day", "open_hour_utc"),
    [
        (date(2023, 3, 10), 14),  # the Friday before daylight saving time began
        (date(2023, 3, 13), 13),  # the Monday after
        (date(2023, 11, 3), 13),
        (date(2023, 11, 6), 14),
    ],
)
def test_the_open_is_at_0930_new_york_on_both_sides_of_a_clock_change(
    day: date, open_hour_utc: int
) -> None:
    moment = datetime.fromtimestamp(session_times(day).open_utc_seconds, UTC)
    assert (moment.hour, moment.minute) == (open_hour_utc, 30)
    assert session_times(day).n_seconds == 23_401


def test_no_times_on_a_holiday() -> None:
    with pytest.raises(DateRangeError, match="2023-12-25 is no exchange session"):
        session_times(date(2023, 12, 25))
