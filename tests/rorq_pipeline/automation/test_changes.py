from collections.abc import Sequence
from datetime import date

from rorq_pipeline.automation.changes import (
    Cursor,
    Plan,
    Planner,
    RangeRequest,
    cursors_text,
    parse_cursors,
)
from rorq_pipeline.project.ranges import Grouping, RangeRule
from strategy.date_range import sessions_between

JANUARY = sessions_between(date(2023, 1, 3), date(2023, 1, 31))
FEBRUARY = sessions_between(date(2023, 2, 1), date(2023, 2, 28))


class Cache:
    """Sessions with content; counts what is hashed."""

    def __init__(self, days: Sequence[date]) -> None:
        self.content = dict.fromkeys(days, "1")
        self.touched = dict.fromkeys(days, 0)
        self.hashed: list[date] = []
        self.published: set[str] = set()  # run keys

    def plan(self, cursor: Cursor, max_ranges: int = 10, rule: RangeRule = RangeRule.MONTH) -> Plan:
        days = sorted(self.content)

        def fingerprint(day: date) -> str:
            self.hashed.append(day)
            return f"hash of {self.content[day]}"

        def is_published(request: RangeRequest) -> bool:
            return request.run_key in self.published

        signatures = {day: f"{self.content[day]} {self.touched[day]}" for day in days}
        grouping = Grouping(rule=rule, rolling_sessions=3)
        planner = Planner(
            cursor, signatures, fingerprint, grouping=grouping, is_published=is_published
        )
        return planner.plan(max_ranges)


def keys(plan: Plan) -> list[str]:
    return [request.date_range.key for request in plan.requests]


def test_new_sessions_request_their_month_once() -> None:
    cache = Cache(JANUARY)
    plan = cache.plan(Cursor())
    assert keys(plan) == ["2023-01-03_2023-01-31"]
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
    assert keys(cache.plan(first.cursor)) == ["2023-01-03_2023-01-31"]


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
    assert keys(second) == ["2023-01-03_2023-01-31"]
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
    cursors = {"SPY": Cache(JANUARY).plan(Cursor()).cursor, "QQQ": Cursor()}
    assert parse_cursors(cursors_text(cursors)) == cursors


def test_a_cursor_of_another_version_remembers_nothing() -> None:
    assert parse_cursors('{"version": 99}') == {}
    assert parse_cursors('{"version": 1, "sessions": {"2023-01-03": ["a", "b"]}}') == {}
    assert parse_cursors(None) == {}


def test_what_is_published_is_not_requested_and_leaves_its_place_to_others() -> None:
    cache = Cache([*JANUARY, *FEBRUARY])
    (february,) = cache.plan(Cursor(), max_ranges=1).requests
    cache.published = {february.run_key}
    plan = cache.plan(Cursor(), max_ranges=1)
    assert keys(plan) == ["2023-01-03_2023-01-31"]
    assert set(plan.cursor.sessions) == {*JANUARY, *FEBRUARY}
    cache.content[FEBRUARY[3]] = "2"  # other data than what is published
    assert keys(cache.plan(plan.cursor)) == ["2023-02-01_2023-02-28"]


def test_a_tick_does_not_hash_a_decade() -> None:
    cache = Cache(sessions_between(date(2013, 1, 2), date(2022, 12, 30)))
    cursor, n_ticks = Cursor(), 0
    while len(cursor.sessions) < len(cache.content):
        before = len(cache.hashed)
        plan = cache.plan(cursor, max_ranges=1000)
        assert len(cache.hashed) - before <= 323  # a month more than 300
        cursor, n_ticks = plan.cursor, n_ticks + 1
    assert n_ticks == 8  # 2,518 sessions, 300 to 323 a tick
    assert cache.plan(cursor).n_waiting == 0


def test_trailing_months_are_requested_one_a_month() -> None:
    cache = Cache([*JANUARY, *FEBRUARY])
    first = cache.plan(Cursor(), rule=RangeRule.TRAILING_MONTHS)
    assert keys(first) == ["2023-01-03_2023-01-31", "2023-01-03_2023-02-28"]
    march = date(2023, 3, 1)
    cache.content[march], cache.touched[march] = "1", 0
    second = cache.plan(first.cursor, rule=RangeRule.TRAILING_MONTHS)
    assert keys(second) == ["2023-01-03_2023-03-31"]
