"""The pace of requests: never more than the limit in any minute."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategy.errors import DownloadError
from strategy.market_data.download.pacing import Pace


class Clock:
    """A clock that only pauses move."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class SimulatedPace(Pace):
    """A pace whose pauses take no real time."""

    def __init__(self, limit: int | None, clock: Clock) -> None:
        super().__init__(limit, clock)
        self._advance = clock

    def pause(self, seconds: float) -> None:
        self._advance.now += seconds


@given(
    limit=st.integers(1, 20),
    gaps=st.lists(st.floats(0, 40, allow_nan=False), min_size=1, max_size=80),
)
def test_no_minute_holds_more_than_the_limit(limit: int, gaps: list[float]) -> None:
    clock = Clock()
    pace = SimulatedPace(limit, clock)
    sent = []
    for gap in gaps:
        clock.now += gap
        pace.wait_for_turn()
        sent.append(clock.now)
    for i, start in enumerate(sent):
        assert sum(start <= moment < start + 59.999 for moment in sent[i:]) <= limit
    assert pace.n_requests == len(gaps)


def test_five_a_minute_lets_eleven_through_in_two_minutes() -> None:
    clock = Clock()
    pace = SimulatedPace(5, clock)
    for _ in range(11):
        pace.wait_for_turn()
    assert clock.now == pytest.approx(120)


def test_no_limit_never_waits() -> None:
    clock = Clock()
    pace = SimulatedPace(None, clock)
    for _ in range(10_000):
        pace.wait_for_turn()
    assert clock.now == 0


def test_stopping_wakes_who_waits() -> None:
    pace = Pace(1)
    pace.wait_for_turn()
    failed: list[DownloadError] = []

    def wait() -> None:
        try:
            pace.wait_for_turn()
        except DownloadError as error:
            failed.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    started = time.monotonic()
    pace.stop()
    waiting.join(5)
    assert time.monotonic() - started < 5
    assert "stopped" in str(failed[0])
