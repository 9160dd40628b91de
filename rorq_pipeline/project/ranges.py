"""Which backtest ranges a session belongs to, and which range is meant when none is named."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, timedelta
from enum import Enum
from pathlib import Path

from strategy.date_range import DateRange
from strategy.errors import MissingSessionError
from strategy.params import StrategyParams

DEFAULT_TICKER: str = StrategyParams.model_fields["ticker"].default


class RangeRule(Enum):
    """How cached sessions are grouped into backtest ranges."""

    MONTH = "month"
    WEEK = "week"
    QUARTER = "quarter"
    ROLLING = "rolling"


def ranges_of(
    day: date, cached: Sequence[date], rule: RangeRule, rolling_sessions: int
) -> list[DateRange]:
    """Return the ranges that a new or changed session belongs to, in order.

    Args:
        day: The session.
        cached: Dates of all cached sessions, ascending.
        rule: Calendar months, weeks (Monday to Friday), quarters, or every window of
            `rolling_sessions` cached sessions; too few sessions make no window.
        rolling_sessions: Length of a rolling window, in sessions.
    """
    if rule is RangeRule.ROLLING:
        return _windows_with(day, cached, rolling_sessions)
    if rule is RangeRule.WEEK:
        monday = day - timedelta(days=day.weekday())
        return [DateRange(monday, monday + timedelta(days=4))]
    if rule is RangeRule.QUARTER:
        first_month = 3 * ((day.month - 1) // 3) + 1
        first = day.replace(month=first_month, day=1)
        return [
            DateRange(first, DateRange.of_month(day.replace(month=first_month + 2, day=1)).end_date)
        ]
    return [DateRange.of_month(day)]


def _windows_with(day: date, cached: Sequence[date], length: int) -> list[DateRange]:
    position = bisect_left(cached, day)
    first, last = max(0, position - length + 1), min(position, len(cached) - length)
    return [DateRange(cached[i], cached[i + length - 1]) for i in range(first, last + 1)]


def range_or_latest_month(
    text: str | None, cache_dir: Path, ticker: str = DEFAULT_TICKER
) -> DateRange:
    """Read a range, or take the calendar month of the latest cached session.

    Raises:
        DateRangeError: the text is no range.
        MissingSessionError: no text, and no session is cached.
    """
    if text:
        return DateRange.parse(text)
    from strategy.market_data.layout import list_sessions  # with pandas and pyarrow

    cached = list_sessions(cache_dir, ticker)
    if not cached:
        raise MissingSessionError(
            f"no {ticker} session in {cache_dir}",
            expected="at least one cached session, or a range",
            remedy="name a range, or make sample sessions with: rorq sample",
        )
    return DateRange.of_month(cached[-1])
