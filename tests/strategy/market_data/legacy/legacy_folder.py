"""A small folder as the predecessor leaves it, pickled by pandas itself."""

import pickle
from datetime import UTC, date
from pathlib import Path

import pandas as pd

DAY = date(2023, 1, 4)
OPEN = pd.Timestamp("2023-01-04 14:30", tz=UTC)  # 09:30 in New York
CALL, PUT = "O:SPY230104C00384000", "O:SPY230104P00384000"


def stored(columns):
    """A table whose texts are plain objects, as pandas 1 and 2 hold them."""
    frame = pd.DataFrame(
        {
            name: pd.Series(values, dtype=object) if isinstance(values[0], str) else values
            for name, values in columns.items()
        }
    )
    frame.columns = pd.Index(list(frame.columns), dtype=object)
    return frame


def seconds(*numbers):
    return pd.DatetimeIndex([OPEN + pd.Timedelta(seconds=n) for n in numbers]).as_unit("ns")


def underlying_frame():
    """Five seconds, of which the third and fourth repeat the second."""
    close = [384.0, 384.1, 384.1, 384.1, 384.2]
    return stored(
        {
            "timestamp": [f"2023-01-04 09:30:0{n} EST" for n in range(5)],
            "open": close,
            "high": close,
            "low": close,
            "close": close,
            "volume": [1000.0, 200.0, 200.0, 200.0, 300.0],
            "vw": [384.0, 384.1, 384.1, 384.1, 384.25],
            "trades": [9.0, 2.0, 2.0, 2.0, 3.0],
            "ts_raw": seconds(0, 1, 2, 3, 4),
            "cum_vol": [1000.0, 1200.0, 1400.0, 1600.0, 1900.0],
        }
    )


def chain_frame():
    return stored(
        {
            "cfi": ["OCASPS", "OPASPS"],
            "contract_type": ["call", "put"],
            "exercise_style": ["american"] * 2,
            "expiration_date": ["2023-01-04"] * 2,
            "primary_exchange": ["BATO"] * 2,
            "shares_per_contract": [100, 100],
            "strike_price": [384, 384],
            "ticker": [CALL, PUT],
            "underlying_ticker": ["SPY"] * 2,
            "option_type": ["call", "put"],
            "ticker_clean": [CALL[2:], PUT[2:]],
        }
    )


def option_frame(*, actual=(True, True, True)):
    price = [1.5, 1.6, 1.7]
    return stored(
        {
            "timestamp": seconds(0, 2, 4),
            "open": price,
            "high": price,
            "low": price,
            "close": price,
            "volume": [3, 1, 7],
            "vwap": price,
            "trades": [1, 1, 2],
            "is_actual_data": list(actual),
        }
    )


def write_folder(folder: Path) -> Path:
    """Write one sound session, and the locks that the predecessor leaves."""
    files = {
        "spy/SPY_2023-01-04.pkl": underlying_frame(),
        "chain/SPY_chain_2023-01-04.pkl": chain_frame(),
        "option/2023-01-04_OSPY230104C00384000.pkl": option_frame(),
        "option/2023-01-04_OSPY230104P00384000.pkl": option_frame(actual=(True, False, True)),
    }
    for name, frame in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(frame, protocol=5))
        path.with_name(path.name + ".lock").touch()
    (folder / "spy" / "SPY_2023-01-06.pkl.lock").touch()
    return folder
