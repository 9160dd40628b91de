"""Needed contracts: those that a search space could choose at any second of a session.

Worked out from the underlying's own path, both sides, all modes and depths. The downloader asks
the data provider for them, and validation asks the cache. Which contract a strategy buys is
defined in `strategy.reference` and `strategy.kernels`; here is the same rule over many closes.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from strategy.errors import ParameterError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MODES = ("itm", "otm", "atm")
CALL, PUT = "call", "put"


def needed_contracts(
    closes_usd: FloatArray,  # (n,), the underlying's closes within the session, in any order
    chain: pd.DataFrame,
    search_values: Mapping[str, Sequence[Any]],
) -> set[str]:
    """Tickers of `chain` that some strategy of the search space could choose at one of the closes.

    Contracts without ticker or strike are passed over.

    Raises:
        ParameterError: `search_values` lacks option_selection_mode or strikes_depth, or has a
            value that the strategy does not know.
    """
    modes, depths = modes_and_depths(search_values)
    closes = np.unique(closes_usd[np.isfinite(closes_usd)])
    chain = chain[chain["ticker"].notna() & np.isfinite(chain["strike_price"])]
    needed: set[str] = set()
    for side in (CALL, PUT):
        contracts = chain[chain["contract_type"] == side].sort_values("strike_price", kind="stable")
        tickers = contracts["ticker"].to_numpy(object)
        strikes = contracts["strike_price"].to_numpy(np.float64)
        needed.update(tickers[_chosen(strikes, closes, side == CALL, modes, depths)].tolist())
    return needed


def modes_and_depths(
    search_values: Mapping[str, Sequence[Any]],
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The two dimensions of a search space that decide which contracts can be chosen.

    Raises:
        ParameterError: a dimension is missing, empty, or has a value the strategy does not know.
    """
    modes = tuple(str(mode) for mode in search_values.get("option_selection_mode", ()))
    depths = tuple(int(depth) for depth in search_values.get("strikes_depth", ()))
    _require_known("option_selection_mode", modes, set(modes) <= set(MODES), f"of {MODES}")
    _require_known("strikes_depth", depths, all(depth >= 1 for depth in depths), "at least 1")
    return modes, depths


def _require_known(name: str, values: Sequence[Any], known: bool, expected: str) -> None:
    if not values or not known:
        raise ParameterError(
            f"{name} has the values {list(values)}",
            expected=f"one value or more, each {expected}",
            remedy=f"give {name} in the search space",
        )


def _chosen(
    strikes: FloatArray,  # (n_strikes,), ascending
    closes: FloatArray,  # (n,)
    is_call: bool,
    modes: Iterable[str],
    depths: Iterable[int],
) -> IntArray:
    """Indices of the strikes chosen at any of the closes, each once."""
    if not len(strikes) or not len(closes):
        return np.empty(0, np.int64)
    below = np.searchsorted(strikes, closes, side="left")  # strikes strictly below each close
    above = np.searchsorted(strikes, closes, side="right")  # index of the first strictly above
    nearest = _nearest(strikes, closes, below)
    chosen = [nearest] if "atm" in modes else []
    for mode in set(modes) - {"atm"}:
        downwards = is_call == (mode == "itm")
        for depth in depths:
            if downwards:
                side = np.where(below > 0, np.maximum(below - depth, 0), nearest)
            else:
                last = len(strikes) - 1
                side = np.where(above <= last, np.minimum(above + depth - 1, last), nearest)
            chosen.append(side)
    return np.unique(np.concatenate(chosen))


def _nearest(strikes: FloatArray, closes: FloatArray, below: IntArray) -> IntArray:
    """Index of the strike nearest to each close; the lower one where two are equally near."""
    lower = np.maximum(below - 1, 0)
    upper = np.minimum(below, len(strikes) - 1)
    lower_is_nearer = np.abs(closes - strikes[lower]) <= np.abs(closes - strikes[upper])
    return np.where(lower_is_nearer, lower, upper)
