"""The predecessor's tables in the columns and types of the cache."""

from pathlib import Path

import numpy as np
import pandas as pd

from strategy.errors import LegacyImportError
from strategy.market_data.legacy.frame import read_legacy_frame
from strategy.market_data.schema import CHAIN_SCHEMA, OPTIONS_SCHEMA, UNDERLYING_SCHEMA

_TIME_COLUMNS = ("ts_raw", "timestamp")  # the first that holds times
_VWAP_COLUMNS = ("vwap", "vw")
_PRICE_COLUMNS = ["open", "high", "low", "close", "volume"]
_ACTUAL_COLUMN = "is_actual_data"  # false where the predecessor filled a second
_OPTIONAL_CHAIN_COLUMNS = {"exercise_style", "primary_exchange", "cfi"}


def underlying_bars(path: Path, *, keep_repeats: bool) -> tuple[pd.DataFrame, int]:
    """Read one day of the underlying.

    Returns:
        The bars in order of time, and how many were dropped as repeats of the bar before.

    Raises:
        LegacyImportError
    """
    bars = _bars(read_legacy_frame(path), _label(path)).sort_values("timestamp", kind="stable")
    if keep_repeats:
        return bars, 0
    values = bars.drop(columns="timestamp")
    repeats = (values.eq(values.shift()) | (values.isna() & values.shift().isna())).all(axis=1)
    repeats.iloc[:1] = False
    return bars[~repeats.to_numpy(dtype=bool)], int(repeats.sum())


def option_bars(path: Path, contract_ticker: str) -> tuple[pd.DataFrame, int]:
    """Read one contract's day.

    Returns:
        The bars in order of time, and how many rows were dropped as filled, not traded.

    Raises:
        LegacyImportError
    """
    table = read_legacy_frame(path)
    n_rows = len(table)
    if _ACTUAL_COLUMN in table:
        table = table[table[_ACTUAL_COLUMN].to_numpy(dtype=bool)]
    bars = _bars(table, _label(path)).sort_values("timestamp", kind="stable")
    bars.insert(0, "ticker", contract_ticker)
    return bars.loc[:, OPTIONS_SCHEMA.names], n_rows - len(bars)


def chain_table(path: Path) -> pd.DataFrame:
    """Read one day's contracts.

    Raises:
        LegacyImportError
    """
    table, label = read_legacy_frame(path), _label(path)
    chain = pd.DataFrame(index=table.index)
    for name in CHAIN_SCHEMA.names:
        if name in table:
            chain[name] = table[name]
        elif name in _OPTIONAL_CHAIN_COLUMNS:
            chain[name] = None
        else:
            raise _lacks(label, name)
    try:
        chain["expiration_date"] = pd.to_datetime(chain["expiration_date"]).dt.date
        chain["strike_price"] = chain["strike_price"].astype(np.float64)
        chain["shares_per_contract"] = chain["shares_per_contract"].astype(np.int64)
    except (TypeError, ValueError, AttributeError) as error:
        raise _wrong_value(label, error) from None
    return chain


def _bars(table: pd.DataFrame, label: str) -> pd.DataFrame:
    """Bars in the cache's columns, in the order that they were stored."""
    times = _column_of_times(table, label)
    vwap_column = next((name for name in _VWAP_COLUMNS if name in table), None)
    if vwap_column is None:
        raise _lacks(label, " or ".join(_VWAP_COLUMNS))
    bars = pd.DataFrame({"timestamp": times.dt.as_unit("ms")})
    try:
        for name in _PRICE_COLUMNS:
            bars[name] = table[name].astype(np.float64)
        bars["vwap"] = table[vwap_column].astype(np.float64)
        trades = table["trades"] if "trades" in table else pd.Series(pd.NA, index=table.index)
        bars["trades"] = trades.astype("Int64")
    except KeyError as error:
        raise _lacks(label, str(error.args[0])) from None
    except (TypeError, ValueError) as error:
        raise _wrong_value(label, error) from None
    ordered: pd.DataFrame = bars.loc[:, UNDERLYING_SCHEMA.names]
    return ordered


def _column_of_times(table: pd.DataFrame, label: str) -> "pd.Series[pd.Timestamp]":
    for name in _TIME_COLUMNS:
        if name in table and isinstance(table[name].dtype, pd.DatetimeTZDtype):
            return table[name]
    raise _lacks(label, "ts_raw or timestamp of times with a zone")


def _label(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _lacks(label: str, column: str) -> LegacyImportError:
    return LegacyImportError(
        f"{label} has no column {column}",
        expected="the columns that the predecessor stores",
        remedy="remove the file, and fetch its session again",
    )


def _wrong_value(label: str, error: Exception) -> LegacyImportError:
    return LegacyImportError(
        f"{label} holds a value of another kind ({' '.join(str(error).split())[:100]})",
        expected="numbers and dates as the predecessor stores them",
        remedy="remove the file, and fetch its session again",
    )
