from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategy.backtest_range import BacktestRange
from strategy.date_range import DateRange
from strategy.errors import DateRangeError, ParameterError

JANUARY = BacktestRange(date(2023, 1, 3), date(2023, 1, 31))


@pytest.mark.parametrize(
    ("text", "key", "ticker"),
    [
        ("2023-01-03_2023-01-31", "2023-01-03_2023-01-31", "SPY"),
        ("SPY_2023-01-03_2023-01-31", "2023-01-03_2023-01-31", "SPY"),
        ("QQQ_2023-01-03_2023-01-31", "QQQ_2023-01-03_2023-01-31", "QQQ"),
        ("BRK.B_2023-01-03_2023-01-31", "BRK.B_2023-01-03_2023-01-31", "BRK.B"),
        # 1 January 2023 was a Sunday and its holiday the Monday after
        (" 2023-01-01_2023-01-31 ", "2023-01-03_2023-01-31", "SPY"),
        # Friday 7 April 2023 was Good Friday; 8 and 9 the weekend
        ("QQQ_2023-04-03_2023-04-09", "QQQ_2023-04-03_2023-04-06", "QQQ"),
        ("2023-01", "2023-01-03_2023-01-31", "SPY"),
        ("QQQ_2023-01", "QQQ_2023-01-03_2023-01-31", "QQQ"),
    ],
)
def test_one_set_of_sessions_has_one_key(text: str, key: str, ticker: str) -> None:
    parsed = BacktestRange.parse(text)
    assert (parsed.key, parsed.ticker) == (key, ticker)
    assert BacktestRange.parse(parsed.key) == parsed
    assert str(parsed) == key


@given(
    st.dates(date(2004, 1, 1), date(2025, 1, 1)),
    st.integers(7, 400),
    st.from_regex(r"[A-Z][A-Z0-9.]{0,15}", fullmatch=True),
)
def test_every_range_reads_back_with_its_sessions(start: date, days: int, ticker: str) -> None:
    end = date.fromordinal(start.toordinal() + days)
    made = BacktestRange(start, end, ticker)
    assert BacktestRange.parse(made.key) == made
    assert made.sessions == DateRange(start, end).sessions
    assert (made.start_date, made.end_date) == (made.sessions[0], made.sessions[-1])


@pytest.mark.parametrize(
    "text",
    [
        "../../etc_2023-01-03_2023-01-31",
        "_2023-01-03_2023-01-31",
        "qqq_2023-01-03_2023-01-31",
        "QQQ\n_2023-01-03_2023-01-31",
        "A/B_2023-01-03_2023-01-31",
        ".._2023-01-03_2023-01-31",
        "ABCDEFGHIJKLMNOPQ_2023-01-03_2023-01-31",
        "$(id)_2023-01-03_2023-01-31",
    ],
)
def test_a_hostile_ticker_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(DateRangeError, match=r"ticker .*expected capital letters") as caught:
        BacktestRange.parse(text)
    assert "write the range as" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "QQQ", "QQQ_2023-01-03", "A_B_2023-01-03_2023-01-31"])
def test_a_text_that_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(DateRangeError, match="date range"):
        BacktestRange.parse(text)


def test_ranges_of_two_tickers_differ_and_are_ordered_by_date_first() -> None:
    february = BacktestRange(date(2023, 2, 1), date(2023, 2, 28))
    qqq = BacktestRange(date(2023, 1, 3), date(2023, 1, 31), "QQQ")
    assert qqq != JANUARY
    assert sorted([february, JANUARY, qqq]) == [qqq, JANUARY, february]


@pytest.mark.parametrize(
    ("last", "n_months", "cached", "key"),
    [
        ("2023-03-15", 3, [], "2023-01-03_2023-03-31"),
        ("2023-01-31", 3, [], "2022-11-01_2023-01-31"),  # across a new year
        ("2023-12-01", 12, [], "2023-01-03_2023-12-29"),
        ("2023-03-15", 1, [], "2023-03-01_2023-03-31"),
        # the cache begins in the midst of the second month, and long before
        ("2023-03-15", 3, ["2023-02-10", "2023-03-15"], "2023-02-10_2023-03-31"),
        ("2023-03-15", 3, ["2020-01-02", "2023-01-05", "2023-03-15"], "2023-01-03_2023-03-31"),
        # nothing in January, though the cache begins before it
        ("2023-03-15", 3, ["2020-01-02", "2023-02-10", "2023-03-15"], "2023-02-01_2023-03-31"),
        # a month to be downloaded, before and after what is cached
        ("2023-03-15", 3, ["2023-05-02"], "2023-03-01_2023-03-31"),
        ("2023-03-15", 3, ["2022-05-02"], "2023-03-01_2023-03-31"),
    ],
)
def test_trailing_months(last: str, n_months: int, cached: list[str], key: str) -> None:
    days = [date.fromisoformat(day) for day in cached]
    made = BacktestRange.trailing_months(date.fromisoformat(last), days, n_months=n_months)
    assert made.key == key


def test_the_ticker_comes_from_the_range_alone() -> None:
    qqq = BacktestRange(date(2023, 1, 3), date(2023, 1, 31), "QQQ")
    assert qqq.fixed_params({"latency_seconds": 2}) == {"ticker": "QQQ", "latency_seconds": 2}
    for ticker in ("SPY", "QQQ", "../../etc"):
        with pytest.raises(ParameterError, match="the ticker in the range alone"):
            qqq.fixed_params({"ticker": ticker})
