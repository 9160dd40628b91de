"""Fills of a table of trades that the fill rule does not allow, down to the second.

A proof by other futures works in whole seconds: it cannot tell a fill at the bar of the very second
whose close decided, although that bar was over when its close was known. Here the bar of each fill
is held against the decision, the latency and the wait.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from strategy.params import StrategyParams

_CLOCK = "%H:%M:%S"


@dataclass(frozen=True, kw_only=True)
class FillFault:
    """One fill that the rule does not allow."""

    session_date: date
    order: str  # entry or exit
    signal: str  # side and New York time of the signal
    found: str
    expected: str

    def __str__(self) -> str:
        return (
            f"{self.session_date}: the {self.order} of the signal {self.signal} was filled "
            f"{self.found}; expected {self.expected}"
        )


def fill_faults(params: StrategyParams, trades: pd.DataFrame) -> Iterator[FillFault]:
    """Faults of the fills of trades, columns as `BacktestResult.trades`.

    Under `latest_bar` a bar from before the decision is what the rule says, and no fault, unless
    there is no latency: then every fill is at a price of the deciding second or before it.
    """
    for row in _orders(params, trades).to_dict("records"):
        order = {str(name): value for name, value in row.items()}
        for found, expected in _faults(params, order):
            yield FillFault(
                session_date=order["session_date"],
                order=order["order"],
                signal=f"{order['side']} VWAP at {order['signal_time']:{_CLOCK}}",
                found=found,
                expected=expected,
            )


def count_past_fills(params: StrategyParams, trades: pd.DataFrame) -> tuple[int, int]:
    """Fills at a bar that had begun by the second whose close decided, and all fills at bars."""
    orders = _orders(params, trades)
    return int((orders["bar"] <= orders["decided"]).sum()), len(orders)


def _orders(params: StrategyParams, trades: pd.DataFrame) -> pd.DataFrame:
    """Entries and exits that were ordered and filled by a bar, a row each, as moments."""
    latency = pd.Timedelta(seconds=params.latency_seconds)
    wait = pd.Timedelta(seconds=params.max_fill_wait_seconds)
    common = trades[["session_date", "side", "signal_time"]]
    entries = common.assign(
        order="entry",
        decided=trades["signal_time"],
        due=trades["signal_time"] + latency,
        latest=trades["signal_time"] + latency + wait,
        filled=trades["entry_time"],
        bar=trades["entry_time"] - pd.to_timedelta(trades["entry_price_age_seconds"], unit="s"),
    )
    undelayed = trades["exit_reason"] == "emergency_exit"
    decided = trades["exit_decision_time"]
    exits = common.assign(
        order="exit",
        decided=decided,
        due=decided.where(undelayed, decided + latency),
        latest=pd.Series(pd.NaT, trades.index, decided.dtype),
        filled=trades["exit_time"],
        bar=trades["exit_time"] - pd.to_timedelta(trades["exit_price_age_seconds"], unit="s"),
    )
    ordered = (trades["exit_reason"] != "end_of_data") & ~trades["exit_without_print"].astype(bool)
    return pd.concat([entries, exits[ordered]])


def _faults(params: StrategyParams, order: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What was found and what was expected of one order."""
    decided, filled, bar = order["decided"], order["filled"], order["bar"]
    next_bar = params.fill_rule == "next_bar"
    if bar <= decided and (next_bar or not params.latency_seconds):
        expected = f"a bar after {decided:{_CLOCK}}, the second whose close decided"
        yield f"by the bar of {bar:{_CLOCK}}", expected
    if filled < order["due"]:
        yield f"at {filled:{_CLOCK}}", f"{order['due']:{_CLOCK}}, after the latency, or later"
    if next_bar and bar != filled:
        yield (
            f"at {filled:{_CLOCK}} by the bar of {bar:{_CLOCK}}",
            "a bar of that second, or a mark",
        )
    if next_bar and filled > order["latest"]:
        yield f"at {filled:{_CLOCK}}", f"{order['latest']:{_CLOCK}}, the end of the wait, or before"
