"""Rules on the quotes of a session's fills, where it has any.

They are warnings: neither search nor trades read quotes, and the settlement at quotes leaves out
what is found here and counts it.
"""

from collections.abc import Iterator

from strategy.market_data.schema import QUOTES_FILE
from strategy.market_data.validation.findings import LOOK, Family, Severity, rule
from strategy.market_data.validation.hit import Hit
from strategy.market_data.validation.settings import ValidationSettings
from strategy.market_data.validation.view import SessionView


@rule(Family.QUOTES, Severity.WARNING, "nothing: the provider has none")
def missing_quote(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """A fill for which no quote, or none with an ask, was in force."""
    yield from _hits(view, "missing")


@rule(Family.QUOTES, Severity.WARNING, LOOK)
def zero_quote(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """A quote whose ask is zero, negative or above 100 million USD, or whose bid is negative."""
    yield from _hits(view, "zero")


@rule(Family.QUOTES, Severity.WARNING, LOOK)
def crossed_quote(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """A quote whose bid is above its ask."""
    yield from _hits(view, "crossed")


@rule(Family.QUOTES, Severity.WARNING, LOOK)
def stale_quote(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """A quote that was a minute old as the fill's second ended, or came after it."""
    yield from _hits(view, "stale")


def _hits(view: SessionView, fault: str) -> Iterator[Hit]:
    if view.quotes is None or view.quote_faults is None:
        return
    rows = view.quote_faults[fault].to_numpy()
    if rows.any():
        row = int(rows.argmax())
        ticker, second, quoted_at, bid, ask = view.quotes.iloc[row, :5]
        example = f"{ticker} at {second}: bid {bid}, ask {ask}, of {quoted_at} (row {row})"
        yield Hit(file=QUOTES_FILE, count=int(rows.sum()), example=example)
