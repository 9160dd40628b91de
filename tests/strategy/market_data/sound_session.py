"""A small session in which no rule is broken, for tests that then break one."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from strategy.market_data import write_session
from strategy.market_data.schema import CHAIN_FILE, FILE_SCHEMAS, OPTIONS_FILE, UNDERLYING_FILE
from strategy.market_data.validation import ValidationSettings

DAY = date(2023, 1, 3)
OPEN_UTC = datetime(2023, 1, 3, 14, 30, tzinfo=UTC)  # 09:30 in New York, standard time
STRIKES_USD = (398.0, 399.0, 400.0, 401.0, 402.0)
SEARCH = {"option_selection_mode": ("itm", "otm"), "strikes_depth": (1,)}
SPARSE = ValidationSettings(min_seconds_with_bar_fraction=0.0, max_gap_seconds=23_401)

Tables = dict[str, pd.DataFrame]  # by file name


def sound_tables(
    day: date = DAY, open_utc: datetime = OPEN_UTC, n_seconds: int = 23_401, step_seconds: int = 60
) -> Tables:
    """One bar every `step_seconds` of the underlying, every tenth of that for ten contracts."""
    seconds = np.arange(0, n_seconds, step_seconds)
    closes = 400.0 + np.round(0.9 * np.sin(seconds / 900.0), 2)
    rights = [("call", "C"), ("put", "P")]
    chain = pd.DataFrame(
        {
            "ticker": f"O:SPY{day:%y%m%d}{letter}{round(strike * 1000):08d}",
            "underlying_ticker": "SPY",
            "contract_type": kind,
            "exercise_style": "american",
            "expiration_date": day,
            "strike_price": strike,
            "shares_per_contract": 100,
            "primary_exchange": "BATO",
            "cfi": "OCASPS",
        }
        for kind, letter in rights
        for strike in STRIKES_USD
    )
    options = [
        _bars(open_utc, seconds[::10], np.round(1.5 + 0.01 * row + 0 * closes[::10], 2)).assign(
            ticker=ticker
        )
        for row, ticker in enumerate(chain["ticker"])
    ]
    return {
        UNDERLYING_FILE: _bars(open_utc, seconds, closes),
        CHAIN_FILE: chain,
        OPTIONS_FILE: pd.concat(options, ignore_index=True),
    }


def write_tables(
    cache_dir: Path, tables: Tables, day: date = DAY, *, source: str = "polygon"
) -> Path:
    """Put the session into a cache, in place of one that is there; its folder."""
    arrow = {name: as_arrow(name, table) for name, table in tables.items()}
    write_session(cache_dir, "SPY", day, arrow, source=source, replace=True)
    return cache_dir / "SPY" / day.isoformat()


def as_arrow(name: str, table: pd.DataFrame) -> pa.Table:
    """The table in the types of its file; NaN in a number is a missing value."""
    return pa.Table.from_pandas(table, schema=FILE_SCHEMAS[name], preserve_index=False)


def _bars(open_utc: datetime, seconds: np.ndarray, closes: np.ndarray) -> pd.DataFrame:
    stamps = [open_utc + timedelta(seconds=int(second)) for second in seconds]
    return pd.DataFrame(
        {
            "timestamp": pd.Series(stamps, dtype="datetime64[ms, UTC]"),
            "open": closes,
            "high": closes + 0.02,
            "low": closes - 0.02,
            "close": closes,
            "volume": 100.0 + seconds % 7,
            "vwap": closes + 0.01,
            "trades": 3,
        }
    )


def put_sound_session(
    cache_dir: Path, day: date, *, utc: tuple[int, int] = (14, 30), source: str = "polygon"
) -> Path:
    """A sound session whose open is at the given UTC time."""
    open_utc = datetime(day.year, day.month, day.day, *utc, tzinfo=UTC)
    return write_tables(cache_dir, sound_tables(day, open_utc), day, source=source)
