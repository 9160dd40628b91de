"""Windows of market data around single trades, the only bars that a report embeds.

A window holds the underlying, the VWAP and the traded contract's bars from shortly before the
stretch to shortly after the exit. Thresholds and fills are not repeated here: the report has them
in the parameters and the trades table.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from strategy.session import SessionData

MARGIN_SECONDS = 60  # shown before the stretch and after the exit
MAX_PICTURES = 150  # together with MAX_TOTAL_SECONDS keeps a report's pictures under 1.5 MB
MAX_TOTAL_SECONDS = 90_000


@dataclass(frozen=True, kw_only=True)
class TradePicture:
    """The window of one trade; `trade` is its row in the trades table, from 0."""

    trade: int
    start_utc_seconds: int  # since 1970, of the first second of the window
    underlying_close_usd: Sequence[float | None]  # one a second
    running_vwap_usd: Sequence[float | None]  # one a second
    option_seconds: Sequence[int]  # seconds of the window in which the contract traded
    option_prices_usd: Sequence[float]  # one for each of them


def trade_pictures(
    trades: pd.DataFrame, sessions: Sequence[SessionData]
) -> tuple[TradePicture, ...]:
    """Windows for the best, the worst, and as many further trades as fit, by row.

    `trades` is `BacktestResult.trades`; `sessions` holds the sessions it came from.
    """
    session_of = {session.date: session for session in sessions}
    pictures: list[TradePicture] = []
    used_seconds = 0
    for row in _by_interest(trades["net_pnl_usd"].to_numpy()):
        trade = trades.iloc[row]
        picture = _picture(row, trade, session_of[trade["session_date"]])
        length = len(picture.underlying_close_usd)
        if used_seconds + length > MAX_TOTAL_SECONDS:
            break
        used_seconds += length
        pictures.append(picture)
        if len(pictures) == MAX_PICTURES:
            break
    return tuple(sorted(pictures, key=lambda picture: picture.trade))


def _by_interest(net_pnl_usd: np.ndarray) -> list[int]:
    """Rows from both ends inwards: best, worst, second best, second worst, and so on."""
    descending = [int(row) for row in np.argsort(-net_pnl_usd, kind="stable")]
    order: list[int] = []
    while descending:
        order.append(descending.pop(0))
        if descending:
            order.append(descending.pop())
    return order


def _picture(row: int, trade: pd.Series, session: SessionData) -> TradePicture:
    start = max(_second_of(trade["stretch_time"], session) - MARGIN_SECONDS, 0)
    stop = min(_second_of(trade["exit_time"], session) + MARGIN_SECONDS + 1, session.n_seconds)
    seconds, prices = _contract_bars(session, str(trade["ticker"]), start, stop)
    return TradePicture(
        trade=row,
        start_utc_seconds=session.open_utc_seconds + start,
        underlying_close_usd=_values(session.underlying_close_usd[start:stop]),
        running_vwap_usd=_values(session.running_vwap_usd[start:stop]),
        option_seconds=[int(second) - start for second in seconds],
        option_prices_usd=[float(price) for price in prices],
    )


def _contract_bars(
    session: SessionData, contract_ticker: str, start: int, stop: int
) -> tuple[np.ndarray, np.ndarray]:
    """The contract's bars in the window: seconds since the open, and prices."""
    contract = session.contract_tickers.index(contract_ticker)
    rows = slice(session.bar_offsets[contract], session.bar_offsets[contract + 1])
    seconds, prices = session.bar_seconds[rows], session.bar_prices_usd[rows]
    low, high = np.searchsorted(seconds, [start, stop])
    return seconds[low:high], prices[low:high]


def _second_of(moment: pd.Timestamp, session: SessionData) -> int:
    return int(pd.Timestamp(moment).timestamp()) - session.open_utc_seconds


def _values(prices_usd: np.ndarray) -> list[float | None]:
    return [round(float(p), 4) if np.isfinite(p) else None for p in prices_usd]
