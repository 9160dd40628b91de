"""Which backtest ranges a session belongs to, and which range is meant when none is named."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from pathlib import Path

from strategy.backtest_range import DEFAULT_MONTHS, BacktestRange, holds_any
from strategy.date_range import MONTH, YEAR, DateRange, months_later
from strategy.errors import DateRangeError, MissingSessionError
from strategy.ticker import DEFAULT_TICKER

# Imported where it is used: what takes long and definitions do without (design/import_times.py).

_SPANS = {MONTH: 1, YEAR: 12}  # form of the ends of a span -> months of each of its ranges


class RangeRule(Enum):
    """How cached sessions are grouped into backtest ranges."""

    TRAILING_MONTHS = "trailing_months"
    MONTH = "month"
    WEEK = "week"
    QUARTER = "quarter"
    ROLLING = "rolling"


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """How the cached sessions of one underlying are grouped into backtest ranges."""

    ticker: str = DEFAULT_TICKER
    rule: RangeRule = RangeRule.TRAILING_MONTHS
    n_months: int = DEFAULT_MONTHS  # of trailing months
    rolling_sessions: int = 21  # length of a rolling window

    def ranges_of(self, day: date, cached: Sequence[date]) -> list[BacktestRange]:
        """Return the ranges that a new or changed session belongs to, in order.

        They are calendar months, weeks (Monday to Friday), quarters, every window of
        `rolling_sessions` cached sessions, or `n_months` calendar months up to each that has a
        session, which begin no earlier than the cache does. Too few sessions make no rolling
        window.

        Args:
            day: The session; a day on which the exchange did not trade may be in no range.
            cached: Dates of all cached sessions, ascending.
        """
        try:
            return self._ranges_of(day, cached)
        except DateRangeError:  # a folder named like a day, before or after the exchange calendar
            return []

    def latest_range(self, cached: Sequence[date]) -> BacktestRange:
        """Return the last range that the rule makes; a rolling window may be shorter."""
        if self.rule is RangeRule.ROLLING:
            return self._range(cached[-self.rolling_sessions :][0], cached[-1])
        return self._ranges_of(cached[-1], cached)[-1]

    def _ranges_of(self, day: date, cached: Sequence[date]) -> list[BacktestRange]:
        if self.rule is RangeRule.ROLLING:
            return self._windows_with(day, cached)
        if self.rule is RangeRule.WEEK:
            monday = day - timedelta(days=day.weekday())
            return [self._range(monday, monday + timedelta(days=4))]
        if self.rule is RangeRule.QUARTER:
            first = months_later(day, -((day.month - 1) % 3))
            return [self._range(first, DateRange.of_month(months_later(first, 2)).end_date)]
        if self.rule is RangeRule.MONTH:
            month = DateRange.of_month(day)
            return [self._range(month.start_date, month.end_date)]
        return self._months_with(day, cached)

    def _range(self, first: date, last: date) -> BacktestRange:
        return BacktestRange(first, last, self.ticker)

    def _windows_with(self, day: date, cached: Sequence[date]) -> list[BacktestRange]:
        length = self.rolling_sessions
        position = bisect_left(cached, day)
        first, last = max(0, position - length + 1), min(position, len(cached) - length)
        return [self._range(cached[i], cached[i + length - 1]) for i in range(first, last + 1)]

    def _months_with(self, day: date, cached: Sequence[date]) -> list[BacktestRange]:
        """The trailing months up to that of `day`, and up to each later month that has it too."""
        lasts = (DateRange.of_month(months_later(day, later)) for later in range(self.n_months))
        return [
            BacktestRange.trailing_months(
                last.start_date, cached, n_months=self.n_months, ticker=self.ticker
            )
            for last in lasts
            if holds_any(last, cached or [day])
        ]


def ranges_from(text: str, ticker: str | None = None) -> list[BacktestRange]:
    """Read a range, a month, a year, or each one of 2023-01..2023-06 or 2022..2023, of one ticker.

    Args:
        text: What was typed.
        ticker: As `BacktestRange.parse` takes it.

    Raises:
        DateRangeError: the text is none of these, its months or years are out of order, or it
            names another ticker.
    """
    first_text, to, last_text = text.strip().partition("..")
    if not first_text:  # what begins with .. is no span
        first_text, to = text, ""
    first = BacktestRange.parse(first_text, ticker)
    if not to:
        return [first]
    last = DateRange.parse(last_text)
    ends = (first_text.rpartition("_")[2], last_text)
    n_months = next((n for form, n in _SPANS.items() if all(map(form.fullmatch, ends))), 0)
    if not n_months:
        raise DateRangeError(
            f"months {text[:80]!r}",
            expected="two months, or two years, joined by ..",
            remedy="write them as 2023-01..2023-06 or 2022..2023",
        )
    starts = [first.start_date.replace(day=1)]
    if starts[0] > last.start_date:
        raise DateRangeError(
            f"months {text}", expected="the earlier one first", remedy="swap the two"
        )
    while (start := months_later(starts[-1], n_months)) <= last.end_date:
        starts.append(start)
    return [
        BacktestRange(start, months_later(start, n_months) - timedelta(days=1), first.ticker)
        for start in starts
    ]


def range_or_latest(text: str | None, cache_dir: Path, grouping: Grouping) -> BacktestRange:
    """Read a range, or take the latest one of the cached sessions.

    Raises:
        DateRangeError: the text is no range.
        MissingSessionError: no text, and no session is cached.
    """
    if text:
        return BacktestRange.parse(text)
    from strategy.market_data.layout import list_sessions  # with pandas and pyarrow

    cached = list_sessions(cache_dir, grouping.ticker)
    if not cached:
        raise MissingSessionError(
            f"no {grouping.ticker} session in {cache_dir}",
            expected="at least one cached session, or a range",
            remedy=f"name a range, or make sample sessions with: rorq sample --ticker "
            f"{grouping.ticker}",
        )
    return grouping.latest_range(cached)
