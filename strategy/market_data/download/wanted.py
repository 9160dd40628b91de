"""What becomes of a session, and which sessions the provider is asked for at all."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path

from strategy.date_range import session_times
from strategy.market_data.download.cached import is_cached
from strategy.market_data.download.settings import DownloadSettings
from strategy.market_data.download.staging import EmptyDays

_DELAY = timedelta(minutes=20)  # delayed plans lag by 15 minutes
_SETTLED = timedelta(days=1)  # before, an empty answer may yet be filled


class Outcome(Enum):
    """What became of a session; the values are fields of `DownloadReport`."""

    WRITTEN = "written"
    KEPT = "kept"
    EMPTY = "empty"
    NOT_YET = "not_yet"
    FAILED = "failed"
    NOT_ASKED = "not_asked"
    BUSY = "busy"  # with another process


def outcomes_without_asking(
    cache_dir: Path | str,
    ticker: str,
    days: Iterable[date],
    settings: DownloadSettings,
    now: datetime,
) -> dict[date, Outcome | None]:
    """Return what is known of each session beforehand; None: it is to be asked for.

    Raises:
        DateRangeError: a day is no exchange session.
    """
    empty = {} if settings.ask_empty_again else EmptyDays(cache_dir, ticker).load()

    def known(day: date) -> Outcome | None:
        if since_close(day, now) < _DELAY:
            return Outcome.NOT_YET
        if not settings.add_contracts and is_cached(cache_dir, ticker, day):
            return Outcome.KEPT
        return Outcome.EMPTY if day in empty else None

    return {day: known(day) for day in days}


def since_close(day: date, now: datetime) -> timedelta:
    """How long the session has been over."""
    return now - datetime.fromtimestamp(session_times(day).close_utc_seconds, UTC)


def is_settled(day: date, now: datetime) -> bool:
    """Whether an empty answer for the session stays one."""
    return since_close(day, now) >= _SETTLED
