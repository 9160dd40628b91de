"""How the page names an option contract."""

import pandas as pd

from strategy.market_data.occ_symbol import read_symbol


def short_contract(contract: str) -> str:
    """The contract for a table of one day: 384 call; the symbol itself where it is another."""
    symbol = read_symbol(contract)
    if symbol is None:
        return contract
    return f"{symbol.strike_usd:g} {'call' if symbol.is_call else 'put'}"


def depth_usd(contract: str, underlying_price: float | None) -> float | None:
    """How far in the money the contract is, in dollars; negative is out of the money."""
    symbol = read_symbol(contract)
    if symbol is None or underlying_price is None or pd.isna(underlying_price):
        return None
    depth = underlying_price - symbol.strike_usd
    return depth if symbol.is_call else -depth
