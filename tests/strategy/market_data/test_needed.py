"""Needed contracts against the rule worked out strike by strike, close by close."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategy.errors import ParameterError
from strategy.market_data.needed import needed_contracts
from tests.strategy.made_sessions import contract_ticker

DAY = date(2023, 1, 3)
MODES = ("itm", "otm", "atm")
half_dollars = st.integers(380 * 2, 420 * 2).map(lambda halves: halves / 2)
quarters = st.integers(379 * 4, 421 * 4).map(lambda quarter: quarter / 4)


def chain_of(calls: list[float], puts: list[float]) -> pd.DataFrame:
    rows = [("call", strike) for strike in calls] + [("put", strike) for strike in puts]
    return pd.DataFrame(
        {
            "ticker": [contract_ticker(DAY, kind, strike) for kind, strike in rows],
            "contract_type": [kind for kind, _ in rows],
            "strike_price": [strike for _, strike in rows],
        }
    )


def chosen_by_hand(
    close: float, kind: str, strikes: list[float], mode: str, depth: int
) -> float | None:
    """The rule in words: d-th strictly beyond the close, else the last, else the nearest of all."""
    if not strikes:
        return None
    nearest = min(sorted(strikes), key=lambda strike: abs(strike - close))
    if mode == "atm":
        return nearest
    if (kind, mode) in {("call", "itm"), ("put", "otm")}:
        side = sorted((strike for strike in strikes if strike < close), reverse=True)
    else:
        side = sorted(strike for strike in strikes if strike > close)
    if not side:
        return nearest
    return side[min(depth, len(side)) - 1]


@given(
    closes=st.lists(quarters, min_size=1, max_size=8),
    calls=st.lists(half_dollars, unique=True, max_size=8),
    puts=st.lists(half_dollars, unique=True, max_size=8),
    modes=st.lists(st.sampled_from(MODES), min_size=1, unique=True),
    depths=st.lists(st.integers(1, 5), min_size=1, unique=True),
)
def test_needed_contracts_are_those_chosen_at_some_close(
    closes: list[float], calls: list[float], puts: list[float], modes: list[str], depths: list[int]
) -> None:
    expected = {
        contract_ticker(DAY, kind, strike)
        for close in closes
        for kind, strikes in (("call", calls), ("put", puts))
        for mode in modes
        for depth in depths
        if (strike := chosen_by_hand(close, kind, strikes, mode, depth)) is not None
    }
    search = {"option_selection_mode": modes, "strikes_depth": depths}
    assert needed_contracts(np.array(closes), chain_of(calls, puts), search) == expected


def test_closes_without_value_need_nothing() -> None:
    chain = chain_of([400.0], [400.0])
    search = {"option_selection_mode": ("atm",), "strikes_depth": (1,)}
    assert needed_contracts(np.array([np.nan]), chain, search) == set()
    assert len(needed_contracts(np.array([np.nan, 400.2]), chain, search)) == 2


def test_contracts_without_ticker_or_strike_are_passed_over() -> None:
    chain = chain_of([400.0, 401.0], [])
    chain.loc[0, "ticker"] = None
    search = {"option_selection_mode": ("atm",), "strikes_depth": (1,)}
    assert needed_contracts(np.array([400.1]), chain, search) == {"O:SPY230103C00401000"}


@pytest.mark.parametrize(
    "search",
    [
        {},
        {"option_selection_mode": ("itm",)},
        {"option_selection_mode": (), "strikes_depth": (1,)},
        {"option_selection_mode": ("deep",), "strikes_depth": (1,)},
        {"option_selection_mode": ("itm",), "strikes_depth": (0,)},
    ],
)
def test_search_space_that_chooses_nothing_known_is_refused(search: dict) -> None:
    with pytest.raises(ParameterError):
        needed_contracts(np.array([400.0]), chain_of([400.0], []), search)
