"""What a command on the cache is for: a ticker, and days as a RANGE or its former options."""

from collections.abc import Sequence
from datetime import date, datetime

import click

from rorq_pipeline.project.ranges import ranges_from
from strategy.date_range import DateRange
from strategy.errors import ParameterError
from strategy.ticker import default_ticker, tickers_of

DAY = click.DateTime(["%Y-%m-%d"])
# None where it is not named
ticker_option = click.option(
    "--ticker", help="Underlying.  [default: that of RANGE, else the first of RORQ_TICKERS]"
)
ticker_alone_option = click.option(
    "--ticker", help="Underlying.  [default: the first of RORQ_TICKERS, else SPY]"
)


def ticker_and_days(
    range_text: str | None, start: datetime | None, end: datetime | None, ticker: str | None
) -> tuple[str, "DateRange | None"]:
    """Return whose sessions of which days are meant; None where no days are named.

    Args:
        range_text: A range, a month or months; without a ticker, and without `ticker`, of SPY.
        start: First day, where there is no range.
        end: Last day.
        ticker: What `--ticker` names.

    Raises:
        DateRangeError: the range, or the two days, cannot be, or the range names another ticker.
        ParameterError: RORQ_TICKERS has a value that cannot be.
        UsageError: one of the two days alone.
    """
    if range_text is not None:
        ranges = ranges_from(range_text, ticker)
        first, last = ranges[0], ranges[-1]
        return first.ticker, DateRange(first.start_date, last.end_date)
    ticker = ticker or default_ticker()
    if start is None and end is None:
        return ticker, None
    if start is None or end is None:
        raise click.UsageError(NEEDED)
    return ticker, DateRange(start.date(), end.date())


def sessions_by_ticker(
    range_texts: Sequence[str], start: datetime | None, end: datetime | None, tickers: str | None
) -> dict[str, tuple[date, ...]]:
    """Return the sessions of all ranges, for each ticker, each once and in order.

    Args:
        range_texts: Each as `ticker_and_days` takes it.
        start: First day, where there is no range.
        end: Last day.
        tickers: What `--ticker` names, joined by commas.

    Raises:
        DateRangeError: as `ticker_and_days`.
        ParameterError: a ticker, or RORQ_TICKERS, has a value that cannot be.
        UsageError: no days are named.
    """
    days: dict[str, set[date]] = {}
    for name in _named(tickers):
        for text in range_texts or (None,):
            ticker, date_range = ticker_and_days(text, start, end, name)
            if date_range is None:
                raise click.UsageError(NEEDED)
            days.setdefault(ticker, set()).update(date_range.require_sessions())
    return {ticker: tuple(sorted(of_ticker)) for ticker, of_ticker in days.items()}


def _named(tickers: str | None) -> tuple[str | None, ...]:
    try:
        return (None,) if tickers is None else tickers_of(tickers)
    except ValueError as error:
        raise ParameterError(
            f"--ticker {tickers!r}", expected=str(error), remedy="correct it"
        ) from None


NEEDED = "RANGE is needed, such as 2023-01-03_2023-01-31, 2023-01, 2023 or 2023-01..2023-06."
