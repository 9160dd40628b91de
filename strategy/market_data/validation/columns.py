"""Column rules: what each value must be by itself, as pandera schemas.

A check carries the name of the rule that it decides. One run of a schema decides all of them, and
`column_failures` groups what it found by rule. Rules that compare columns or rows are elsewhere.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from strategy.market_data.schema import (
    CHAIN_FILE,
    MAX_PRICE_USD,
    MAX_VOLUME,
    OPTIONS_FILE,
    UNDERLYING_FILE,
)
from strategy.market_data.validation.hit import Hit

if TYPE_CHECKING:
    from pandera.pandas import Check, Column, DataFrameSchema

# Imported where it is used: pandera, half a second, only where a session is looked at.

BAD_PRICE = "bad_price"
BAD_VOLUME = "bad_volume"
NO_VOLUME = "no_volume"
NO_VWAP = "no_vwap"
MISSING_TIME = "missing_time"
MISSING_TICKER = "missing_ticker"
BAD_CONTRACT_TYPE = "bad_contract_type"
BAD_STRIKE = "bad_strike"
BAD_SHARES = "bad_shares"


def column_failures(file: str, frame: pd.DataFrame) -> dict[str, Hit]:
    """Run the column rules of one file: rule name to hit, for the broken ones."""
    from pandera.errors import SchemaErrors

    try:
        _schema(file).validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return {}
    return {
        str(rule): Hit(file=file, count=len(group), example=_example(frame, group))
        for rule, group in cases.groupby("check", sort=False)
    }


def _example(frame: pd.DataFrame, cases: pd.DataFrame) -> str:
    first = cases.iloc[0]
    row = int(first["index"])
    name = f"{frame['ticker'].iloc[row]} " if "ticker" in frame else ""
    return f"{name}{first['column']} is {frame[first['column']].iloc[row]} (row {row})"


@cache
def _schema(file: str) -> "DataFrameSchema":
    from pandera.pandas import DataFrameSchema

    columns = {
        UNDERLYING_FILE: _bar_columns,
        OPTIONS_FILE: lambda: {"ticker": _column(_present(MISSING_TICKER)), **_bar_columns()},
        CHAIN_FILE: _chain_columns,
    }[file]()
    return DataFrameSchema(columns)


def _bar_columns() -> "dict[str, Column]":
    return {
        "timestamp": _column(_present(MISSING_TIME)),
        **{name: _column(_price(BAD_PRICE)) for name in ("open", "high", "low", "close")},
        "vwap": _column(
            _check(NO_VWAP, lambda values: values.notna()),
            _check(BAD_PRICE, lambda values: values.isna() | _is_price(values)),
        ),
        "volume": _column(
            _check(NO_VOLUME, lambda values: values > 0),
            _check(BAD_VOLUME, lambda values: ~(values.abs() > MAX_VOLUME)),
        ),
    }


def _chain_columns() -> "dict[str, Column]":
    return {
        "ticker": _column(_present(MISSING_TICKER)),
        "contract_type": _column(
            _check(BAD_CONTRACT_TYPE, lambda values: values.isin(["call", "put"]))
        ),
        "strike_price": _column(_price(BAD_STRIKE)),
        "shares_per_contract": _column(_check(BAD_SHARES, lambda values: values > 0)),
    }


def _column(*checks: "Check") -> "Column":
    from pandera.pandas import Column

    return Column(checks=list(checks), nullable=True)  # types are checked as the file is read


def _check(rule: str, holds: Callable[..., Any]) -> "Check":
    from pandera.pandas import Check

    return Check(holds, name=rule, ignore_na=False)


def _price(rule: str) -> "Check":
    return _check(rule, _is_price)


def _present(rule: str) -> "Check":
    return _check(rule, lambda values: values.notna())


def _is_price(values: "pd.Series[float]") -> "pd.Series[bool]":
    return values.between(0, MAX_PRICE_USD, inclusive="right")  # false for missing values
