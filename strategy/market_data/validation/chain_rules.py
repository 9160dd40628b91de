"""Rules on the chain of a session, and on how the option bars fit to it."""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from strategy.market_data.occ_symbol import contradictions
from strategy.market_data.schema import CHAIN_FILE
from strategy.market_data.validation.findings import Family, Severity, rule
from strategy.market_data.validation.hit import Hit
from strategy.market_data.validation.settings import ValidationSettings
from strategy.market_data.validation.view import BoolArray, SessionView


@rule(Family.CHAIN, Severity.ERROR)
def empty_chain(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """The chain has no contract."""
    if view.chain is not None and view.chain.empty:
        yield Hit(file=CHAIN_FILE, count=1, example="0 rows")


@rule(Family.CHAIN, Severity.ERROR)
def wrong_expiry(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """A contract that does not expire on the session's day."""
    if view.chain is not None:
        expiry = view.chain["expiration_date"]
        yield from _hit(view.chain, (expiry != view.date).to_numpy(bool), "expiration_date")


@rule(Family.CHAIN, Severity.ERROR)
def other_underlying(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """A contract on another underlying."""
    if view.chain is not None:
        other = (view.chain["underlying_ticker"] != view.ticker).fillna(True)
        yield from _hit(view.chain, other.to_numpy(bool), "underlying_ticker")


@rule(Family.CHAIN, Severity.ERROR)
def repeated_contract(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """A ticker twice in the chain, or two contracts of one type and strike."""
    if view.chain is not None:
        repeated = view.chain.duplicated(["ticker"])
        repeated |= view.chain.duplicated(["contract_type", "strike_price"])
        yield from _hit(view.chain, repeated.to_numpy(bool), "strike_price")


@rule(Family.CHAIN, Severity.ERROR)
def contradicting_ticker(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """A contract whose ticker tells another expiry, type or strike than its columns."""
    if view.chain is not None:
        broken = contradictions(view.chain)
        yield from _hit(view.chain, broken, "strike_price")


@rule(Family.CHAIN, Severity.WARNING)
def one_sided_chain(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """The chain has no call, or no put; signals of that side cannot be traded."""
    if view.chain is None or view.chain.empty:
        return
    absent = {"call", "put"} - set(view.chain["contract_type"].dropna())
    if len(absent) == 1:
        yield Hit(file=CHAIN_FILE, count=1, example=f"no {absent.pop()} in the chain")


@rule(Family.CHAIN, Severity.WARNING, "fetch the chain again")
def bars_outside_chain(view: SessionView, _: ValidationSettings) -> Iterator[Hit]:
    """Option bars of contracts that are not in the chain; they are not used."""
    if view.chain is None or view.options is None:
        return
    bars, known = view.options, set(view.chain["ticker"].dropna())
    is_unknown = np.array([name not in known for name in bars.contract_names], bool)
    if is_unknown.any():
        rows = is_unknown[bars.contract_codes] & (bars.contract_codes >= 0)
        names = [name for name in bars.contract_names if name not in known]
        yield Hit(
            file=bars.file,
            count=int(np.count_nonzero(rows)),
            example=f"{len(names)} contracts, such as {names[0]}",
        )


def _hit(chain: pd.DataFrame, broken: BoolArray, column: str) -> Iterable[Hit]:
    count = int(np.count_nonzero(broken))
    if not count:
        return ()
    row = int(np.argmax(broken))
    ticker, value = chain["ticker"].iloc[row], chain[column].iloc[row]
    return (Hit(file=CHAIN_FILE, count=count, example=f"{ticker} {column} is {value} (row {row})"),)
