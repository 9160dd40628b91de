"""From two looks at the cache to the ranges that need a run; knows nothing of Dagster.

A session counts as worked through once all of its ranges were requested. What was worked through
is remembered by signature (sizes and times) and by fingerprint (the bytes), so that a touched file
costs one hash and no run.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from strategy.date_range import DateRange
from strategy.session import combine_fingerprints

_CURSOR_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is remembered of one session."""

    signature: str
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """What the sensor remembers between two ticks."""

    sessions: Mapping[date, Known] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> Self:
        """Read a stored cursor; an absent one, or one of another version, remembers nothing."""
        content = json.loads(text) if text else {}
        if content.get("version") != _CURSOR_VERSION:
            return cls()
        return cls(
            sessions={
                date.fromisoformat(day): Known(signature=signature, fingerprint=fingerprint)
                for day, (signature, fingerprint) in content["sessions"].items()
            }
        )

    def to_text(self) -> str:
        """Write the cursor as Dagster stores it."""
        sessions = {
            day.isoformat(): [known.signature, known.fingerprint]
            for day, known in sorted(self.sessions.items())
        }
        return json.dumps({"version": _CURSOR_VERSION, "sessions": sessions}, separators=(",", ":"))


@dataclass(frozen=True, kw_only=True)
class RangeRequest:
    """One range whose data is new, with the fingerprint of that data."""

    date_range: DateRange
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
        hash_session: Gives a session's fingerprint; called for changed sessions only.
        ticker: Underlying, part of a range's fingerprint.
        ranges_of_session: The ranges that a session belongs to.
    """

    def __init__(
        self,
        cursor: Cursor,
        signatures: Mapping[date, str],
        hash_session: Callable[[date], str],
        *,
        ticker: str,
        ranges_of_session: Callable[[date], Sequence[DateRange]],
    ) -> None:
        self._cached = sorted(signatures)
        self._signatures = signatures
        self._hash_session = hash_session
        self._ticker = ticker
        self._ranges_of = ranges_of_session
        self._before = cursor.sessions
        self._hashed: dict[date, str] = {}

    def plan(self, max_ranges: int) -> Plan:
        """Take changed sessions, the latest first, until their ranges are `max_ranges` or more."""
        waiting = [day for day in self._cached if not self._is_same(day)]
        changed = set(waiting)
        chosen: set[DateRange] = set()
        while waiting and len(chosen) < max_ranges:
            day = waiting.pop()
            if self._fingerprint(day) != self._known_fingerprint(day):
                chosen.update(self._ranges_of(day))
        # A session all of whose ranges are requested anyway need not wait.
        waiting = [day for day in waiting if not chosen.issuperset(self._ranges_of(day))]
        return Plan(
            requests=[self._request(date_range) for date_range in sorted(chosen)],
            cursor=self._cursor_after(changed - set(waiting)),
            n_waiting=len(waiting),
        )

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

    def _request(self, date_range: DateRange) -> RangeRequest:
        days = [day for day in self._cached if day in date_range]
        parts = [(self._ticker, day, self._fingerprint(day)) for day in days]
        return RangeRequest(date_range=date_range, fingerprint=combine_fingerprints(parts))

    def _cursor_after(self, worked_through: set[date]) -> Cursor:
        kept = {day: known for day, known in self._before.items() if day in self._signatures}
        for day in worked_through:
            kept[day] = Known(signature=self._signatures[day], fingerprint=self._fingerprint(day))
        return Cursor(sessions=kept)
