"""DateRange: two dates, their exchange sessions, and the text form that is the partition key.

The exchange is the New York Stock Exchange (XNYS of exchange_calendars); a session's clock is New
York wall time, whatever daylight saving does.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from strategy.errors import DateRangeError

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar

NEW_YORK = ZoneInfo("America/New_York")
REGULAR_OPEN_TIME = time(9, 30)  # New York wall time of every session's first second
REGULAR_CLOSE_TIME = time(16, 0)  # New York wall time of a full session's last second
CALENDAR_START = date(2003, 1, 2)  # before it, one-second consolidated data does not exist
_KEY = re.compile(r"(\d{4}-\d{2}-\d{2})_(\d{4}-\d{2}-\d{2})")
MONTH = re.compile(r"\d{4}-\d{2}")
YEAR = re.compile(r"\d{4}")
_REMEDY = "write it as 2023-01-03_2023-01-31, 2023-01 for a month, or 2023 for a year"


@dataclass(frozen=True, kw_only=True)
class SessionTimes:
    """The second grid of one session: a row a second from open to close, both included."""

    open_utc_seconds: int  # since 1970
    close_utc_seconds: int
    close_shift_seconds: int  # how much earlier than 16:00 the session closes

    @property
    def n_seconds(self) -> int:
        """Rows of the grid: 23,401 for a full session."""
        return self.close_utc_seconds - self.open_utc_seconds + 1


@dataclass(frozen=True, order=True)
class DateRange:
    """Calendar dates from `start_date` to `end_date`, both included.

    Raises:
        DateRangeError: the start lies after the end, or a date is no date. Also a ValueError.
    """

    start_date: date
    end_date: date

    def __post_init__(self) -> None:
        for name, value in (("start_date", self.start_date), ("end_date", self.end_date)):
            if not isinstance(value, date) or isinstance(value, datetime):
                raise DateRangeError(
                    f"{name} is {value!r}", expected="a datetime.date", remedy=_REMEDY
                )
        if self.start_date > self.end_date:
            raise DateRangeError(
                f"start {self.start_date} is after end {self.end_date}",
                expected="start <= end",
                remedy="swap the two dates",
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 2023-01-03_2023-01-31, a month 2023-01 or a year 2023; it must hold a session."""
        text = text.strip()
        found = _KEY.fullmatch(text)
        if MONTH.fullmatch(text):
            parsed = cls.of_month(_parse_date(f"{text}-01"))
        elif YEAR.fullmatch(text):
            parsed = cls(_parse_date(f"{text}-01-01"), _parse_date(f"{text}-12-31"))
        elif found is not None:
            parsed = cls(_parse_date(found[1]), _parse_date(found[2]))
        else:
            raise DateRangeError(
                f"date range {text[:80]!r}", expected="two dates joined by _", remedy=_REMEDY
            )
        parsed.require_sessions()
        return parsed

    @classmethod
    def of_month(cls, day: date) -> Self:
        """Return the calendar month that `day` lies in."""
        last_day = monthrange(day.year, day.month)[1]
        return cls(day.replace(day=1), day.replace(day=last_day))

    @property
    def key(self) -> str:
        """The text form that `parse` reads."""
        return f"{self.start_date.isoformat()}_{self.end_date.isoformat()}"

    def __str__(self) -> str:
        return self.key

    def __contains__(self, day: date) -> bool:
        return self.start_date <= day <= self.end_date

    @cached_property
    def sessions(self) -> tuple[date, ...]:
        """The exchange sessions of the range, in order."""
        return sessions_between(self.start_date, self.end_date)

    def require_sessions(self) -> tuple[date, ...]:
        """Return the sessions, of which there must be one.

        Raises:
            DateRangeError: the range holds no exchange session.
        """
        if not self.sessions:
            raise DateRangeError(
                f"no exchange session in {self.key}",
                expected="at least one trading day of the New York Stock Exchange",
                remedy="choose dates that include a trading day",
            )
        return self.sessions


def months_later(day: date, n_months: int) -> date:
    """Return the first day of the month so many months after that of `day`, or before it."""
    month = 12 * day.year + day.month - 1 + n_months
    return date(month // 12, month % 12 + 1, 1)


@lru_cache(maxsize=4096)
def sessions_between(start_date: date, end_date: date) -> tuple[date, ...]:
    """Exchange sessions from `start_date` to `end_date`, both included.

    Raises:
        DateRangeError: a date outside the exchange calendar.
    """
    calendar = _calendar()
    first, last = CALENDAR_START, calendar.last_session.date()
    if start_date < first or end_date > last:
        raise DateRangeError(
            f"dates {start_date} to {end_date}",
            expected=f"dates from {first} to {last}, the span of the exchange calendar",
            remedy="choose dates within it",
        )
    return tuple(
        stamp.date() for stamp in calendar.sessions_in_range(str(start_date), str(end_date))
    )


def is_session(day: date) -> bool:
    """Whether the exchange trades on this day."""
    return bool(sessions_between(day, day))


@cache
def session_times(day: date) -> SessionTimes:
    """Open and close of one session.

    Raises:
        DateRangeError: `day` is no exchange session.
    """
    if not is_session(day):
        raise DateRangeError(
            f"{day} is no exchange session",
            expected="a trading day of the New York Stock Exchange",
            remedy="choose another day",
        )
    open_stamp = datetime.combine(day, REGULAR_OPEN_TIME, NEW_YORK)
    regular_close = datetime.combine(day, REGULAR_CLOSE_TIME, NEW_YORK)
    close = _calendar().session_close(str(day)).to_pydatetime()
    return SessionTimes(
        open_utc_seconds=int(open_stamp.timestamp()),
        close_utc_seconds=int(close.timestamp()),
        close_shift_seconds=int((regular_close - close.astimezone(UTC)).total_seconds()),
    )


@cache
def _calendar() -> "ExchangeCalendar":
    import exchange_calendars  # 0.4 s, with pandas; a range is known without it

    return exchange_calendars.get_calendar("XNYS", start=CALENDAR_START.isoformat())


def _parse_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DateRangeError(
            f"date {text!r}", expected="a day that exists", remedy="correct the date"
        ) from None
