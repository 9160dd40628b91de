"""BacktestRange: the sessions of one underlying that one backtest, study and report is of.

Its key is the partition key, the name of its files and a part of its study's name. The ticker comes
from there and from nowhere else. How cached sessions are grouped into ranges belongs to
`rorq_pipeline.project.ranges`.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from strategy.date_range import MONTH, YEAR, DateRange, months_later
from strategy.errors import DateRangeError, ParameterError
from strategy.ticker import DEFAULT_TICKER, TICKER_EXPECTED, is_ticker

DEFAULT_MONTHS = 3  # of the range that is meant where none is named


@dataclass(frozen=True, order=True)
class BacktestRange(DateRange):
    """The exchange sessions from `start_date` to `end_date`, both included, of one underlying.

    The dates become those of the first and the last session, so that one set of sessions has one
    key, however it was written: 2023-01-01_2023-01-31 is 2023-01-03_2023-01-31.

    Raises:
        DateRangeError: dates that cannot be, no session between them, or a ticker of another form
            than exchanges use. Also a ValueError.
    """

    ticker: str = DEFAULT_TICKER

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_ticker(self.ticker):
            raise DateRangeError(
                f"ticker {self.ticker[:40]!r}",
                expected=TICKER_EXPECTED,
                remedy="write the range as QQQ_2023-01-03_2023-01-31, or without a ticker for SPY",
            )
        sessions = self.require_sessions()
        object.__setattr__(self, "start_date", sessions[0])
        object.__setattr__(self, "end_date", sessions[-1])

    @classmethod
    def parse(cls, text: str, ticker: str | None = None) -> Self:
        """Read [TICKER_]FIRST_LAST, _MONTH or _YEAR, such as QQQ_2023-01-03_2023-01-31.

        Args:
            text: The range.
            ticker: Of a text that names none, where something else does; else it is SPY.

        Raises:
            DateRangeError: the text is no range, or names another ticker.
        """
        parts = text.strip().split("_")
        is_one_word = MONTH.fullmatch(parts[-1]) or YEAR.fullmatch(parts[-1])
        has_ticker = len(parts) == (2 if is_one_word else 3)
        dates = DateRange.parse("_".join(parts[1:] if has_ticker else parts))
        named = parts[0] if has_ticker else ticker or DEFAULT_TICKER
        if ticker is not None and named != ticker:
            raise DateRangeError(
                f"range {text.strip()[:80]} with ticker {ticker[:40]}",
                expected="one underlying",
                remedy="name it in the range alone",
            )
        return cls(dates.start_date, dates.end_date, named)

    @classmethod
    def trailing_months(
        cls,
        last: date,
        cached: Sequence[date] = (),
        *,
        n_months: int = DEFAULT_MONTHS,
        ticker: str = DEFAULT_TICKER,
    ) -> Self:
        """Return the calendar months that end with that of `last`.

        Args:
            last: A day of the last month.
            cached: Dates of the cached sessions, ascending. First months without any are left
                out, and the range begins no earlier than the cache does.
            n_months: How many months there are.
            ticker: The underlying.
        """
        last_month = DateRange.of_month(last)
        months = [DateRange.of_month(months_later(last, -n)) for n in reversed(range(n_months))]
        if cached:
            held = [month for month in months if holds_any(month, cached)]
            months = held or [last_month]
        first = months[0].start_date
        if cached and cached[0] <= last_month.end_date:
            first = max(first, cached[0])
        return cls(first, last_month.end_date, ticker)

    @property
    def key(self) -> str:
        """The text form that `parse` reads; the ticker stands in it unless it is SPY."""
        dates = super().key
        return dates if self.ticker == DEFAULT_TICKER else f"{self.ticker}_{dates}"

    def fixed_params(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the strategy parameters that no search chooses, the range's ticker among them.

        Raises:
            ParameterError: the given ones name a ticker too.
        """
        require_no_ticker(given)
        return {"ticker": self.ticker, **given}


def require_no_ticker(fixed_params: Mapping[str, Any]) -> None:
    """Refuse a ticker where only the range may name one.

    Raises:
        ParameterError: there is one.
    """
    if "ticker" in fixed_params:
        raise ParameterError(
            f"ticker {str(fixed_params['ticker'])[:40]!r} among the strategy parameters",
            expected="the ticker in the range alone, such as QQQ_2023-01-03_2023-01-31",
            remedy="leave it out there",
        )


def holds_any(date_range: DateRange, days: Sequence[date]) -> bool:
    """Whether one of the days, which ascend, lies in the range."""
    position = bisect_left(days, date_range.start_date)
    return position < len(days) and days[position] in date_range


def canonical_key(text: str) -> str:
    """Return the one key of the range that a text names, or the text where it is no range."""
    try:
        return BacktestRange.parse(text).key
    except DateRangeError:
        return text
