from collections.abc import Sequence
from datetime import date

from rorq_pipeline.automation.changes import Cursor, Plan, Planner
from rorq_pipeline.project.ranges import RangeRule, ranges_of
from strategy.date_range import DateRange, sessions_between

JANUARY = sessions_between(date(2023, 1, 3), date(2023, 1, 31))
FEBRUARY = sessions_between(date(2023, 2, 1), date(2023, 2, 28))


class Cache:
    """Sessions with content; counts what is hashed."""

    def __init__(self, days: Sequence[date]) -> None:
        self.content = dict.fromkeys(days, "1")
        self.touched = dict.fromkeys(days, 0)
        self.hashed: list[date] = []

    def plan(self, cursor: Cursor, max_ranges: int = 10, rule: RangeRule = RangeRule.MONTH) -> Plan:
        days = sorted(self.content)

        def fingerprint(day: date) -> str:
            self.hashed.append(day)
            return f"hash of {self.content[day]}"

        def ranges(day: date) -> list[DateRange]:
            return ranges_of(day, days, rule, 3)

        signatures = {day: f"{self.content[day]} {self.touched[day]}" for day in days}
        planner = Planner(cursor, signatures, fingerprint, ticker="SPY", ranges_of_session=ranges)
        return planner.plan(max_ranges)


def keys(plan: Plan) -> list[str]:
    return [request.date_range.key for request in plan.requests]


def test_new_sessions_request_their_month_once() -> None:
    cache = Cache(JANUARY)
    plan = cache.plan(Cursor())
    assert keys(plan) == ["2023-01-01_2023-01-31"]
    again = cache.plan(plan.cursor)
    assert keys(again) == []
    assert len(cache.hashed) == len(JANUARY)


def test_a_grown_month_is_requested_again_under_another_run_key() -> None:
    cache = Cache(JANUARY[:-1])
    first = cache.plan(Cursor())
    cache.content[JANUARY[-1]] = "1"
    cache.touched[JANUARY[-1]] = 0
    cache.hashed.clear()
    second = cache.plan(first.cursor)
    assert keys(second) == keys(first)
    assert second.requests[0].run_key != first.requests[0].run_key
    assert cache.hashed == [JANUARY[-1]]


def test_a_changed_session_requests_its_month_alone() -> None:
    cache = Cache([*JANUARY, *FEBRUARY])
    first = cache.plan(Cursor())
    cache.content[JANUARY[4]] = "2"
    assert keys(cache.plan(first.cursor)) == ["2023-01-01_2023-01-31"]


def test_a_touched_session_is_hashed_and_requests_nothing() -> None:
    cache = Cache(JANUARY)
    first = cache.plan(Cursor())
    cache.touched[JANUARY[4]] = 1
    cache.hashed.clear()
    second = cache.plan(first.cursor)
    assert keys(second) == []
    assert cache.hashed == [JANUARY[4]]
    cache.hashed.clear()
    cache.plan(second.cursor)
    assert cache.hashed == []


def test_many_months_are_taken_a_few_at_a_time_the_latest_first() -> None:
    cache = Cache([*JANUARY, *FEBRUARY])
    first = cache.plan(Cursor(), max_ranges=1)
    assert keys(first) == ["2023-02-01_2023-02-28"]
    assert first.n_waiting == len(JANUARY)
    assert set(cache.hashed) == set(FEBRUARY)
    second = cache.plan(first.cursor, max_ranges=1)
    assert keys(second) == ["2023-01-01_2023-01-31"]
    assert second.n_waiting == 0


def test_a_removed_session_is_forgotten() -> None:
    cache = Cache(JANUARY)
    first = cache.plan(Cursor())
    del cache.content[JANUARY[0]]
    second = cache.plan(first.cursor)
    assert keys(second) == []
    assert JANUARY[0] not in second.cursor.sessions


def test_rolling_windows_grow_by_one_a_session() -> None:
    cache = Cache(JANUARY[:3])
    first = cache.plan(Cursor(), rule=RangeRule.ROLLING)
    assert keys(first) == ["2023-01-03_2023-01-05"]
    cache.content[JANUARY[3]] = "1"
    cache.touched[JANUARY[3]] = 0
    second = cache.plan(first.cursor, rule=RangeRule.ROLLING)
    assert keys(second) == ["2023-01-04_2023-01-06"]


def test_the_cursor_survives_its_text_form() -> None:
    cursor = Cache(JANUARY).plan(Cursor()).cursor
    assert Cursor.parse(cursor.to_text()) == cursor


def test_a_cursor_of_another_version_remembers_nothing() -> None:
    assert Cursor.parse('{"version": 99}') == Cursor()
    assert Cursor.parse(None) == Cursor()
