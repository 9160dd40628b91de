"""Option tickers of the Options Clearing Corporation, such as O:SPY230103C00384000.

A ticker tells root, expiry (yymmdd), call or put, and strike in thousandths of a dollar. What it
tells must agree with the columns beside it. Tickers of another form are not looked at.
"""

import datetime as dt
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

_SYMBOL = re.compile(r"(?:O:)?[A-Z0-9.]+?(\d{6})([CP])(\d{8})")
_STRIKE_TOLERANCE_USD = 1e-6


@dataclass(frozen=True, kw_only=True)
class OccSymbol:
    """What a ticker tells of its contract."""

    expiry: str  # yymmdd
    is_call: bool
    strike_usd: float


def read_symbol(ticker: str) -> OccSymbol | None:
    """Read a ticker, with or without its O:; None where it has another form."""
    found = _SYMBOL.fullmatch(ticker)
    if found is None:
        return None
    return OccSymbol(expiry=found[1], is_call=found[2] == "C", strike_usd=int(found[3]) / 1000)


def contradictions(chain: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Rows of a chain whose ticker disagrees with the row's expiry, type or strike."""
    columns = ("ticker", "expiration_date", "contract_type", "strike_price")
    rows = zip(*(chain[name] for name in columns), strict=True)
    return np.fromiter((_contradicts(*row) for row in rows), bool, len(chain))


def _contradicts(ticker: object, expiry: object, contract_type: object, strike: float) -> bool:
    symbol = read_symbol(ticker) if isinstance(ticker, str) else None
    if symbol is None or not np.isfinite(strike):
        return False
    day = f"{expiry:%y%m%d}" if isinstance(expiry, dt.date) else ""
    if abs(symbol.strike_usd - strike) > _STRIKE_TOLERANCE_USD:
        return True
    return (symbol.expiry, symbol.is_call) != (day, str(contract_type)[:1].upper() == "C")
