"""The days that a command on the cache is for: a RANGE, or its former options."""

from datetime import datetime

import click

from rorq_pipeline.project.ranges import ranges_from
from strategy.date_range import DateRange
from strategy.ticker import DEFAULT_TICKER

DAY = click.DateTime(["%Y-%m-%d"])


def ticker_and_days(
    range_text: str | None, start: datetime | None, end: datetime | None, ticker: str
) -> tuple[str, "DateRange | None"]:
    """Return whose sessions of which days are meant; None where no days are named.

    Args:
        range_text: A range, a month or months; its ticker is what counts where it names one.
        start: First day, where there is no range.
        end: Last day.
        ticker: Of days without a ticker.

    Raises:
        DateRangeError: the range, or the two days, cannot be.
        UsageError: one of the two days alone.
    """
    if range_text is not None:
        ranges = ranges_from(range_text)
        days = DateRange(ranges[0].start_date, ranges[-1].end_date)
        return (ranges[0].ticker if ranges[0].ticker != DEFAULT_TICKER else ticker), days
    if (start is None) != (end is None):
        raise click.UsageError(NEEDED)
    return ticker, None if start is None or end is None else DateRange(start.date(), end.date())


NEEDED = "RANGE is needed, such as 2023-01-03_2023-01-31, 2023-01 or 2023-01..2023-06."
