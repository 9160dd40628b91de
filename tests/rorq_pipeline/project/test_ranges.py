from datetime import date
from pathlib import Path

import pytest

from rorq_pipeline.project.ranges import Grouping, RangeRule, range_or_latest, ranges_from
from strategy.backtest_range import BacktestRange
from strategy.date_range import sessions_between
from strategy.errors import DateRangeError, MissingSessionError

CACHED = sessions_between(date(2023, 1, 3), date(2023, 3, 31))


def keys(day: date, rule: RangeRule, rolling_sessions: int = 3) -> list[str]:
    grouping = Grouping(rule=rule, rolling_sessions=rolling_sessions)
    return [r.key for r in grouping.ranges_of(day, CACHED)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (RangeRule.TRAILING_MONTHS, ["2023-01-03_2023-02-28", "2023-01-03_2023-03-31"]),
        (RangeRule.MONTH, ["2023-02-01_2023-02-28"]),
        (RangeRule.WEEK, ["2023-02-13_2023-02-17"]),
        (RangeRule.QUARTER, ["2023-01-03_2023-03-31"]),
        (
            RangeRule.ROLLING,
            ["2023-02-13_2023-02-15", "2023-02-14_2023-02-16", "2023-02-15_2023-02-17"],
        ),
    ],
)
def test_ranges_of_a_day_in_the_middle(rule: RangeRule, expected: list[str]) -> None:
    assert keys(date(2023, 2, 15), rule) == expected


def test_the_newest_session_ends_one_rolling_window() -> None:
    assert keys(date(2023, 3, 31), RangeRule.ROLLING) == ["2023-03-29_2023-03-31"]


def test_too_few_sessions_make_no_rolling_window() -> None:
    day = date(2023, 1, 3)
    assert Grouping(rule=RangeRule.ROLLING, rolling_sessions=2).ranges_of(day, [day]) == []


@pytest.mark.parametrize("rule", list(RangeRule))
def test_every_range_holds_its_day(rule: RangeRule) -> None:
    grouping = Grouping(ticker="QQQ", rule=rule, rolling_sessions=5)
    for day in CACHED:
        found = grouping.ranges_of(day, CACHED)
        assert found
        assert all(day in date_range and date_range.ticker == "QQQ" for date_range in found)


def test_fourth_quarter_ends_with_the_year() -> None:
    day = date(2023, 11, 22)
    assert Grouping(rule=RangeRule.QUARTER).ranges_of(day, [day]) == [
        BacktestRange(date(2023, 10, 1), date(2023, 12, 31))
    ]


def test_a_folder_named_like_a_day_beyond_the_calendar_stops_no_other_range() -> None:
    grouping = Grouping()
    day = date(1999, 1, 4)
    assert grouping.ranges_of(day, [day, *CACHED]) == []
    assert grouping.ranges_of(CACHED[-1], [day, *CACHED]) == [grouping.latest_range(CACHED)]


def put(cache: Path, ticker: str, *days: str) -> None:
    for day in days:
        (cache / ticker / day).mkdir(parents=True)


def test_default_is_three_months_up_to_that_of_the_latest_cached_session(tmp_path: Path) -> None:
    put(tmp_path, "SPY", "2022-10-03", "2022-11-01", "2022-12-30", "2023-01-03")
    put(tmp_path, "SPY", ".2023-03-01.building-x")
    put(tmp_path, "QQQ", "2023-02-14")
    assert range_or_latest(None, tmp_path, Grouping()).key == "2022-11-01_2023-01-31"
    qqq = Grouping(ticker="QQQ")
    assert range_or_latest(None, tmp_path, qqq).key == "QQQ_2023-02-14_2023-02-28"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (RangeRule.MONTH, "2023-03-01_2023-03-31"),
        (RangeRule.WEEK, "2023-03-27_2023-03-31"),
        (RangeRule.QUARTER, "2023-01-03_2023-03-31"),
        (RangeRule.ROLLING, "2023-03-30_2023-03-31"),
    ],
)
def test_default_follows_the_rule(rule: RangeRule, expected: str) -> None:
    assert Grouping(rule=rule, rolling_sessions=2).latest_range(CACHED).key == expected
    alone = Grouping(rule=RangeRule.ROLLING).latest_range(CACHED[:2])
    assert alone.key == "2023-01-03_2023-01-04"  # fewer sessions than a window has


def test_a_named_range_is_parsed(tmp_path: Path) -> None:
    named = range_or_latest("QQQ_2023-01-01_2023-01-05", tmp_path, Grouping())
    assert named.key == "QQQ_2023-01-03_2023-01-05"
    with pytest.raises(DateRangeError):
        range_or_latest("2023-01-07_2023-01-08", tmp_path, Grouping())


def test_an_empty_cache_has_no_default(tmp_path: Path) -> None:
    with pytest.raises(MissingSessionError, match="rorq sample --ticker QQQ"):
        range_or_latest(None, tmp_path, Grouping(ticker="QQQ"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-01", ["2023-01-03_2023-01-31"]),
        ("QQQ_2023-02", ["QQQ_2023-02-01_2023-02-28"]),
        (
            "2022-11..2023-02",
            [
                "2022-11-01_2022-11-30",
                "2022-12-01_2022-12-30",
                "2023-01-03_2023-01-31",
                "2023-02-01_2023-02-28",
            ],
        ),
        ("2023-01-01_2023-01-31", ["2023-01-03_2023-01-31"]),
        ("2023", ["2023-01-03_2023-12-29"]),
        ("QQQ_2022..2023", ["QQQ_2022-01-03_2022-12-30", "QQQ_2023-01-03_2023-12-29"]),
    ],
)
def test_months_and_years_stand_for_their_ranges(text: str, expected: list[str]) -> None:
    assert [r.key for r in ranges_from(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "2023-02..2023-01",
        "2023-13",
        "2023-00..2023-02",
        "2023-01..2023",
        "2022..2023-06",
        "2023..2022",
        "20233",
        "a_b",
        "2023-01..2023-02-03",
        "2023-01-03_2023-01-31..2023-02",
        "2023-01..",
    ],
)
def test_months_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(DateRangeError):
        ranges_from(text)
