"""The table of trades, from the integer rows that the kernel wrote."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from strategy.date_range import NEW_YORK
from strategy.kernels import codes
from strategy.session import FloatArray, IntArray, SessionData

TRADE_COLUMNS = (
    "session_date",
    "side",
    "stretch_time",
    "signal_time",
    "entry_time",
    "ticker",
    "underlying_price",
    "entry_price",
    "exit_time",
    "exit_price",
    "exit_reason",
    "net_pnl_usd",
    "risk_usd",
    "entry_price_age_seconds",
    "exit_price_age_seconds",
    "exit_decision_time",
    "exit_without_print",
)


def trade_table(
    sessions: Sequence[SessionData],
    rows: Sequence[IntArray],  # a session each, (n_trades, N_TRADE_COLUMNS)
    money: FloatArray,  # (n_trades, 2), net P&L and risk, USD
) -> pd.DataFrame:
    """Trades in order of their signals, columns TRADE_COLUMNS, prices before slippage."""
    every = np.concatenate(rows)
    opens = np.repeat([s.open_utc_seconds for s in sessions], [len(r) for r in rows])
    entries = _gather(sessions, rows, codes.ENTRY_SECOND, codes.ENTRY_BAR)
    exits = _gather(sessions, rows, codes.EXIT_SECOND, codes.EXIT_BAR)
    pairs = list(zip(sessions, rows, strict=True))
    columns = {
        "session_date": [s.date for s, session_rows in pairs for _ in session_rows],
        "side": [codes.SIDE_NAMES[side] for side in every[:, codes.SIDE]],
        "stretch_time": _wall_times(opens + every[:, codes.STRETCH_SECOND]),
        "signal_time": _wall_times(opens + every[:, codes.SIGNAL_SECOND]),
        "entry_time": _wall_times(opens + every[:, codes.ENTRY_SECOND]),
        "ticker": [s.contract_tickers[c] for s, r in pairs for c in r[:, codes.CONTRACT]],
        "underlying_price": np.concatenate(
            [s.underlying_close_usd[r[:, codes.SIGNAL_SECOND]] for s, r in pairs]
        ),
        "entry_price": entries[0],
        "exit_time": _wall_times(opens + every[:, codes.EXIT_SECOND]),
        "exit_price": exits[0],
        "exit_reason": [codes.REASON_NAMES[reason] for reason in every[:, codes.REASON]],
        "net_pnl_usd": money[:, 0],
        "risk_usd": money[:, 1],
        "entry_price_age_seconds": entries[1],
        "exit_price_age_seconds": exits[1],
        "exit_decision_time": _wall_times(opens + every[:, codes.EXIT_DECISION_SECOND]),
        "exit_without_print": every[:, codes.WITHOUT_PRINT].astype(bool),
    }
    return pd.DataFrame({name: columns[name] for name in TRADE_COLUMNS})


def _gather(
    sessions: Sequence[SessionData], rows: Sequence[IntArray], second: int, bar: int
) -> tuple[FloatArray, IntArray]:
    """Price and age of the bars in column `bar` at the seconds in column `second`."""
    pairs = list(zip(sessions, rows, strict=True))
    prices = np.concatenate([s.bar_prices_usd[r[:, bar]] for s, r in pairs])
    ages = np.concatenate([r[:, second] - s.bar_seconds[r[:, bar]] for s, r in pairs])
    return prices, ages


def _wall_times(utc_seconds: IntArray) -> pd.DatetimeIndex:
    return pd.to_datetime(utc_seconds, unit="s", utc=True).tz_convert(NEW_YORK)
