"""The text form of an underlying: what may be a ticker, and so a folder or a part of a key."""

import re

DEFAULT_TICKER = "SPY"  # what a key without a ticker is of
TICKER_EXPECTED = "capital letters, digits and dots, such as SPY"
TICKER_PATTERN = r"^[A-Z][A-Z0-9.]{0,15}$"


def is_ticker(text: str) -> bool:
    """Whether the text is of the form that exchanges use."""
    return re.fullmatch(TICKER_PATTERN, text) is not None
