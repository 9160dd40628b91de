"""One way to break each rule that looks at a session's tables.

Each function changes a sound session's tables in place, in rows that no other one touches, so that
breakages can be combined. Row numbers are those of `sound_session.sound_tables`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from strategy.market_data.schema import CHAIN_FILE, OPTIONS_FILE, UNDERLYING_FILE
from tests.strategy.market_data.sound_session import Tables

Change = Callable[[Tables], None]


@dataclass(frozen=True)
class Breakage:
    """A change to a sound session's tables, and the rule that it breaks."""

    rule: str
    is_error: bool
    label: str
    apply: Change


BREAKAGES: list[Breakage] = []  # in an order in which any two can be applied
UNSOUND, DOUBTFUL = True, False


def _breaks(is_error: bool, rule: str, label: str) -> Callable[[Change], Change]:
    def enter(function: Change) -> Change:
        BREAKAGES.append(Breakage(rule, is_error, label, function))
        return function

    return enter


def _set_value(
    is_error: bool,
    rule: str,
    file: str,
    row: int,
    **values: object,
) -> None:
    """Register putting values into one row."""

    def change(tables: Tables) -> None:
        for column, value in values.items():
            table = tables[file]
            table[column] = table[column].astype(object) if value is None else table[column]
            table.loc[row, column] = value

    label = "-".join([file.removesuffix(".parquet"), *map(str, values), *map(str, values.values())])
    BREAKAGES.append(Breakage(rule, is_error, label, change))


for _file, _row in ((UNDERLYING_FILE, 20), (OPTIONS_FILE, 5)):
    for _column in ("open", "high", "low", "close"):
        for _step, _value in enumerate((np.nan, np.inf, 0.0, -1.0, 1e9)):
            _set_value(UNSOUND, "bad_price", _file, _row + _step, **{_column: _value})
    for _value in (np.inf, 0.0, -3.5):
        _set_value(UNSOUND, "bad_price", _file, _row + 5, vwap=_value)
    _set_value(UNSOUND, "bar_order", _file, _row + 6, low=1000.0, high=1001.0)
    _set_value(UNSOUND, "bar_order", _file, _row + 6, low=0.9, high=0.8, vwap=0.85)
    _set_value(UNSOUND, "bad_volume", _file, _row + 7, volume=np.inf)
    _set_value(UNSOUND, "bad_volume", _file, _row + 7, volume=1e300)
    for _value in (0.0, np.nan, -5.0):
        _set_value(DOUBTFUL, "no_volume", _file, _row + 8, volume=_value)
    _set_value(DOUBTFUL, "no_vwap", _file, _row + 9, vwap=np.nan)
    _set_value(DOUBTFUL, "vwap_outside_bar", _file, _row + 10, vwap=1.2)
    _set_value(UNSOUND, "missing_time", _file, _row + 11, timestamp=pd.NaT)
_set_value(UNSOUND, "missing_ticker", CHAIN_FILE, 0, ticker=None)
_set_value(UNSOUND, "missing_ticker", OPTIONS_FILE, 30, ticker=None)
_set_value(UNSOUND, "bad_contract_type", CHAIN_FILE, 2, contract_type="other")
_set_value(UNSOUND, "bad_contract_type", CHAIN_FILE, 2, contract_type=None)
for _value in (np.nan, np.inf, 0.0, -400.0):
    _set_value(UNSOUND, "bad_strike", CHAIN_FILE, 3, strike_price=_value)
for _shares in (0, -100, None):
    _set_value(UNSOUND, "bad_shares", CHAIN_FILE, 4, shares_per_contract=_shares)
_set_value(UNSOUND, "wrong_expiry", CHAIN_FILE, 5, expiration_date=date(2023, 1, 4))
_set_value(UNSOUND, "wrong_expiry", CHAIN_FILE, 5, expiration_date=None)
_set_value(UNSOUND, "other_underlying", CHAIN_FILE, 6, underlying_ticker="QQQ")
_set_value(UNSOUND, "contradicting_ticker", CHAIN_FILE, 7, strike_price=400.5)
_set_value(UNSOUND, "contradicting_ticker", CHAIN_FILE, 7, ticker="O:SPY230104P00400000")
_set_value(UNSOUND, "contradicting_ticker", CHAIN_FILE, 7, ticker="O:SPY230103C00409000")


def _shift(tables: Tables, file: str, row: int, **delta: float) -> None:
    stamps = tables[file]["timestamp"]
    stamps.iloc[row] = stamps.iloc[row] + pd.Timedelta(**delta)
    tables[file]["timestamp"] = stamps


def _time_breakages(file: str, row: int) -> None:
    name = file.removesuffix(".parquet")

    @_breaks(UNSOUND, "fractional_second", f"{name}-fraction")
    def fraction(tables: Tables) -> None:
        _shift(tables, file, row, milliseconds=500)

    @_breaks(UNSOUND, "other_day", f"{name}-day-after")
    def day_after(tables: Tables) -> None:
        _shift(tables, file, len(tables[file]) - 1, days=1)

    @_breaks(UNSOUND, "other_day", f"{name}-day-before")
    def day_before(tables: Tables) -> None:
        _shift(tables, file, 0, days=-1)

    @_breaks(UNSOUND, "duplicate_second", f"{name}-twice")
    def twice(tables: Tables) -> None:
        tables[file] = _with_rows(tables[file], [*range(row + 2), *range(row + 1, _n(tables))])

    @_breaks(UNSOUND, "duplicate_second", f"{name}-twice-apart")
    def twice_apart(tables: Tables) -> None:
        tables[file] = _with_rows(tables[file], [*range(_n(tables)), row + 1])

    @_breaks(UNSOUND, "unsorted_bars", f"{name}-swapped")
    def swapped(tables: Tables) -> None:
        order = [*range(row + 3), row + 4, row + 3, *range(row + 5, _n(tables))]
        tables[file] = _with_rows(tables[file], order)

    def _n(tables: Tables) -> int:
        return len(tables[file])


def _with_rows(table: pd.DataFrame, rows: list[int]) -> pd.DataFrame:
    return table.iloc[rows].reset_index(drop=True)


_time_breakages(UNDERLYING_FILE, 40)
_time_breakages(OPTIONS_FILE, 82)  # within the third contract, rows 80 to 119


@_breaks(UNSOUND, "unsorted_bars", "options-contract-in-two-places")
def _split(tables: Tables) -> None:
    rows = [*range(1, len(tables[OPTIONS_FILE])), 0]
    tables[OPTIONS_FILE] = _with_rows(tables[OPTIONS_FILE], rows)


@_breaks(UNSOUND, "repeated_contract", "chain-row-twice")
def _same_row_twice(tables: Tables) -> None:
    tables[CHAIN_FILE] = _with_rows(tables[CHAIN_FILE], [*range(len(tables[CHAIN_FILE])), 8])


@_breaks(UNSOUND, "repeated_contract", "chain-two-of-one-strike")
def _two_of_one_strike(tables: Tables) -> None:
    chain = tables[CHAIN_FILE]
    other = chain.iloc[[8]].assign(ticker="O:SPY1230103P00401000")
    tables[CHAIN_FILE] = pd.concat([chain, other], ignore_index=True)


@_breaks(UNSOUND, "no_bars", "underlying-before-the-open")
def _only_premarket(tables: Tables) -> None:
    stamps = tables[UNDERLYING_FILE]["timestamp"] - pd.Timedelta(hours=8)
    tables[UNDERLYING_FILE]["timestamp"] = stamps


@_breaks(UNSOUND, "no_bars", "underlying-empty")
def _no_underlying(tables: Tables) -> None:
    tables[UNDERLYING_FILE] = tables[UNDERLYING_FILE].iloc[:0]


@_breaks(DOUBTFUL, "outside_session", "underlying-premarket")
def _premarket(tables: Tables) -> None:
    _shift(tables, UNDERLYING_FILE, 0, minutes=-10)


@_breaks(DOUBTFUL, "outside_session", "options-after-the-close")
def _after_close(tables: Tables) -> None:
    _shift(tables, OPTIONS_FILE, 39, minutes=45)


@_breaks(DOUBTFUL, "one_sided_chain", "chain-calls-only")
def _calls_only(tables: Tables) -> None:
    chain = tables[CHAIN_FILE]
    tables[CHAIN_FILE] = chain[chain["contract_type"] != "put"].reset_index(drop=True)


@_breaks(DOUBTFUL, "bars_outside_chain", "options-of-another-contract")
def _unknown_bars(tables: Tables) -> None:
    options = tables[OPTIONS_FILE]
    options.loc[options.index[-40:], "ticker"] = "O:SPY230103P00999000"


@_breaks(DOUBTFUL, "missing_contracts", "options-of-one-needed-contract-absent")
def _absent_contract(tables: Tables) -> None:
    options = tables[OPTIONS_FILE]
    tables[OPTIONS_FILE] = options[options["ticker"] != "O:SPY230103C00399000"]
    tables[OPTIONS_FILE] = tables[OPTIONS_FILE].reset_index(drop=True)


@_breaks(DOUBTFUL, "missing_contracts", "options-empty")
def _no_options(tables: Tables) -> None:
    tables[OPTIONS_FILE] = tables[OPTIONS_FILE].iloc[:0]


@_breaks(DOUBTFUL, "price_spike", "underlying-spike")
def _spike(tables: Tables) -> None:
    columns = ["open", "high", "low", "close", "vwap"]
    tables[UNDERLYING_FILE].loc[60, columns] += 5.0


@_breaks(DOUBTFUL, "price_spike", "options-spike")
def _option_spike(tables: Tables) -> None:
    columns = ["open", "high", "low", "close", "vwap"]
    tables[OPTIONS_FILE].loc[150, columns] += 5.0


@_breaks(UNSOUND, "empty_chain", "chain-without-rows")
def _empty_chain(tables: Tables) -> None:
    tables[CHAIN_FILE] = tables[CHAIN_FILE].iloc[:0]


# Rules that a breakage of the key may break as well, since they look at the same values.
IMPLIED = {
    "bad_price": {"bar_order"},
    "missing_ticker": {"unsorted_bars"},
    "bad_contract_type": {"contradicting_ticker"},
    "bad_strike": {"contradicting_ticker"},
    "wrong_expiry": {"contradicting_ticker"},
    "duplicate_second": {"unsorted_bars"},
}
# Rules that a breakage of the key hides, since it takes away what they look at.
_LATE_ROWS = {"wrong_expiry", "other_underlying", "contradicting_ticker", "repeated_contract"}
_CHAIN_ROWS = {"missing_ticker", "bad_contract_type", "bad_strike", "bad_shares"}
HIDDEN = {
    "empty_chain": _LATE_ROWS | _CHAIN_ROWS | {"one_sided_chain", "missing_contracts"},
    "one_sided_chain": _LATE_ROWS,
    "no_bars": {"missing_contracts"},
}
