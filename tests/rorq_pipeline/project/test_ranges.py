from datetime import date
from pathlib import Path

import pytest

from rorq_pipeline.project.ranges import RangeRule, range_or_latest_month, ranges_of
from strategy.date_range import DateRange, sessions_between
from strategy.errors import DateRangeError, MissingSessionError

CACHED = sessions_between(date(2023, 1, 3), date(2023, 3, 31))


def keys(day: date, rule: RangeRule, rolling_sessions: int = 3) -> list[str]:
    return [r.key for r in ranges_of(day, CACHED, rule, rolling_sessions)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (RangeRule.MONTH, ["2023-02-01_2023-02-28"]),
        (RangeRule.WEEK, ["2023-02-13_2023-02-17"]),
        (RangeRule.QUARTER, ["2023-01-01_2023-03-31"]),
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
    assert ranges_of(day, [day], RangeRule.ROLLING, 2) == []


@pytest.mark.parametrize("rule", list(RangeRule))
def test_every_range_holds_its_day(rule: RangeRule) -> None:
    for day in CACHED:
        assert all(day in date_range for date_range in ranges_of(day, CACHED, rule, 5))


def test_fourth_quarter_ends_with_the_year() -> None:
    day = date(2023, 11, 22)
    assert ranges_of(day, [day], RangeRule.QUARTER, 1) == [
        DateRange(date(2023, 10, 1), date(2023, 12, 31))
    ]


def test_default_is_the_month_of_the_latest_cached_session(tmp_path: Path) -> None:
    for day in ("2022-12-30", "2023-01-03", "2023-02-06"):
        (tmp_path / "SPY" / day).mkdir(parents=True)
    (tmp_path / "SPY" / ".2023-03-01.building-x").mkdir()
    assert range_or_latest_month(None, tmp_path).key == "2023-02-01_2023-02-28"


def test_a_named_range_is_parsed(tmp_path: Path) -> None:
    assert range_or_latest_month("2023-01-03_2023-01-05", tmp_path).key == "2023-01-03_2023-01-05"
    with pytest.raises(DateRangeError):
        range_or_latest_month("2023-01-07_2023-01-08", tmp_path)


def test_an_empty_cache_has_no_default(tmp_path: Path) -> None:
    with pytest.raises(MissingSessionError, match="rorq sample"):
        range_or_latest_month(None, tmp_path)
