"""From two looks at the cache to the ranges that need a run; knows nothing of Dagster.

A session counts as worked through once all of its ranges were requested. What was worked through
is remembered by signature (sizes and times) and by fingerprint (the bytes), so that a touched file
costs one hash and no run.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from rorq_pipeline.project.ranges import Grouping
from strategy.backtest_range import BacktestRange
from strategy.session import combine_fingerprints

_CURSOR_VERSION = 2
_MAX_HASHED = 300  # sessions a tick, some seconds; a tick must end within Dagster's minute


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is remembered of one session."""

    signature: str
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """What the sensor remembers of one ticker's sessions between two ticks."""

    sessions: Mapping[date, Known] = field(default_factory=dict)
    run_keys: frozenset[str] = frozenset()  # of what was requested; ranges may overlap


def parse_cursors(text: str | None) -> dict[str, Cursor]:
    """Read stored cursors by ticker; an absent text, or one of another version, remembers none."""
    content = json.loads(text) if text else {}
    if content.get("version") != _CURSOR_VERSION:
        return {}
    return {
        ticker: Cursor(
            sessions={
                date.fromisoformat(day): Known(signature=signature, fingerprint=fingerprint)
                for day, (signature, fingerprint) in kept["sessions"].items()
            },
            run_keys=frozenset(kept["run_keys"]),
        )
        for ticker, kept in content["tickers"].items()
    }


def cursors_text(cursors: Mapping[str, Cursor]) -> str:
    """Write cursors as Dagster stores them."""
    tickers = {
        ticker: {
            "sessions": {
                day.isoformat(): [known.signature, known.fingerprint]
                for day, known in sorted(cursor.sessions.items())
            },
            "run_keys": sorted(cursor.run_keys),
        }
        for ticker, cursor in sorted(cursors.items())
    }
    return json.dumps({"version": _CURSOR_VERSION, "tickers": tickers}, separators=(",", ":"))


@dataclass(frozen=True, kw_only=True)
class RangeRequest:
    """One range whose data is new, with the fingerprint of that data."""

    date_range: BacktestRange
    fingerprint: str

    @property
    def run_key(self) -> str:
        """The same range with the same data is requested once."""
        return f"{self.date_range.key}:{self.fingerprint[:16]}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one tick does."""

    requests: Sequence[RangeRequest]
    cursor: Cursor
    n_waiting: int  # changed sessions left for the next tick


class Planner:
    """Compares the cache with the cursor, and hashes no session twice.

    Args:
        cursor: What earlier ticks worked through.
        signatures: Session -> signature, as the cache is now.
        hash_session: Gives a session's fingerprint; called for changed sessions, and the others of
            their ranges.
        grouping: The ranges that a session belongs to.
        is_published: Whether a range's result is of just this data already.
    """

    def __init__(
        self,
        cursor: Cursor,
        signatures: Mapping[date, str],
        hash_session: Callable[[date], str],
        *,
        grouping: Grouping,
        is_published: Callable[[RangeRequest], bool] = lambda _: False,
    ) -> None:
        self._cached = sorted(signatures)
        self._signatures = signatures
        self._hash_session = hash_session
        self._grouping = grouping
        self._is_published = is_published
        self._before = cursor.sessions
        self._requested = cursor.run_keys
        self._hashed: dict[date, str] = {}

    def plan(self, max_ranges: int) -> Plan:
        """Take changed sessions, the latest first, until their ranges are `max_ranges` or more.

        What is published already is passed over, which takes its time: the rest waits then too.
        """
        waiting = [day for day in self._cached if not self._is_same(day)]
        changed = set(waiting)
        looked_at: set[BacktestRange] = set()
        requests: list[RangeRequest] = []
        while waiting and len(requests) < max_ranges and len(self._hashed) < _MAX_HASHED:
            day = waiting.pop()
            if self._fingerprint(day) != self._known_fingerprint(day):
                new = set(self._ranges_of(day)) - looked_at
                looked_at |= new
                requests += filter(self._is_wanted, map(self._request, new))
        # A session all of whose ranges were looked at anyway need not wait.
        waiting = [day for day in waiting if not looked_at.issuperset(self._ranges_of(day))]
        return Plan(
            requests=sorted(requests, key=lambda request: request.date_range),
            cursor=self._cursor_after(changed - set(waiting), requests),
            n_waiting=len(waiting),
        )

    def _ranges_of(self, day: date) -> Sequence[BacktestRange]:
        return self._grouping.ranges_of(day, self._cached)

    def _is_wanted(self, request: RangeRequest) -> bool:
        return request.run_key not in self._requested and not self._is_published(request)

    def _is_same(self, day: date) -> bool:
        return day in self._before and self._before[day].signature == self._signatures[day]

    def _known_fingerprint(self, day: date) -> str | None:
        return self._before[day].fingerprint if day in self._before else None

    def _fingerprint(self, day: date) -> str:
        if self._is_same(day):
            return self._before[day].fingerprint
        if day not in self._hashed:
            self._hashed[day] = self._hash_session(day)
        return self._hashed[day]

    def _request(self, date_range: BacktestRange) -> RangeRequest:
        days = [day for day in self._cached if day in date_range]
        parts = [(date_range.ticker, day, self._fingerprint(day)) for day in days]
        return RangeRequest(date_range=date_range, fingerprint=combine_fingerprints(parts))

    def _cursor_after(self, worked_through: set[date], requests: Sequence[RangeRequest]) -> Cursor:
        kept = {day: known for day, known in self._before.items() if day in self._signatures}
        for day in worked_through:
            kept[day] = Known(signature=self._signatures[day], fingerprint=self._fingerprint(day))
        run_keys = self._requested | {request.run_key for request in requests}
        return Cursor(sessions=kept, run_keys=run_keys)
