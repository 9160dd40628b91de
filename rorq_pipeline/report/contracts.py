"""Reading an option's OCC symbol, such as O:SPY230103C00384000."""

import re

import pandas as pd

_OCC = re.compile(r"^(?:O:)?(?P<root>.+?)(?P<day>\d{6})(?P<kind>[CP])(?P<strike>\d{8})$")


def is_call(contract: str) -> bool | None:
    """Whether it is a call; None where the symbol does not say."""
    found = _OCC.match(contract)
    return None if found is None else found["kind"] == "C"


def strike_usd(contract: str) -> float | None:
    """The strike price; None where the symbol does not say."""
    found = _OCC.match(contract)
    return None if found is None else int(found["strike"]) / 1000


def short_contract(contract: str) -> str:
    """The symbol for a table of one day: 384 call; the symbol itself where it is another."""
    strike, call = strike_usd(contract), is_call(contract)
    if strike is None:
        return contract
    return f"{strike:g} {'call' if call else 'put'}"


def depth_usd(contract: str, underlying_price: float | None) -> float | None:
    """How far in the money the contract is, in dollars; negative is out of the money."""
    strike, call = strike_usd(contract), is_call(contract)
    if strike is None or underlying_price is None or pd.isna(underlying_price):
        return None
    return underlying_price - strike if call else strike - underlying_price
