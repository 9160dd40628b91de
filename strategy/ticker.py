"""The text form of an underlying, and which one is meant where nobody names one."""

import os
import re

from strategy.errors import ParameterError

DEFAULT_TICKER = "SPY"  # what a key without a ticker is of
TICKER_VARIABLES = ("RORQ_TICKERS", "RORQ_TICKER")  # the second is a synonym
TICKER_EXPECTED = "capital letters, digits and dots, such as SPY"
TICKER_PATTERN = r"^[A-Z][A-Z0-9.]{0,15}$"


def is_ticker(text: str) -> bool:
    """Whether the text is of the form that exchanges use."""
    return re.fullmatch(TICKER_PATTERN, text) is not None


def tickers_of(text: str) -> tuple[str, ...]:
    """Read tickers that are joined by commas.

    Raises:
        ValueError: one is of another form, or there is none.
    """
    tickers = tuple(dict.fromkeys(one.strip() for one in text.split(",")))
    if not all(map(is_ticker, tickers)):
        raise ValueError(f"{TICKER_EXPECTED}, joined by commas")
    return tickers


def default_ticker() -> str:
    """The first of RORQ_TICKERS: what a command is for that names neither a ticker nor a range.

    Raises:
        ParameterError: the variable has a value that cannot be.
    """
    name = next((name for name in TICKER_VARIABLES if name in os.environ), None)
    try:
        return tickers_of(os.environ[name])[0] if name else DEFAULT_TICKER
    except ValueError as error:
        raise ParameterError(
            f"{name} is {os.environ.get(name or '')!r}",
            expected=str(error),
            remedy=f"correct {name}, or unset it",
        ) from None
