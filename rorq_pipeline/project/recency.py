"""How far the cached sessions are behind the exchange's."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from strategy.date_range import sessions_between

MOST_SESSIONS_BEHIND = 3


def today() -> date:
    """The day in New York."""
    return datetime.now(ZoneInfo("America/New_York")).date()


def sessions_behind(latest: date, day: date) -> int:
    """How many exchange sessions after `latest` were over before `day`."""
    first, last = latest + timedelta(days=1), day - timedelta(days=1)
    return len(sessions_between(first, last)) if first <= last else 0
