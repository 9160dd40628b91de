"""Trades settled again at other prices, and what the bars behind their fills say."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from strategy.kernels.fills import net_pnl_usd, risk_usd
from strategy.metrics import Metrics, compute_metrics
from strategy.params import StrategyParams
from strategy.session import FloatArray, IntArray, SessionData


def settled(
    params: StrategyParams,
    trades: pd.DataFrame,  # columns as `BacktestResult.trades`
    sessions: Sequence[SessionData],
    entry_prices: npt.ArrayLike,  # (n_trades,), USD per share, before slippage
    exit_prices: npt.ArrayLike,  # (n_trades,), USD per share, before slippage
) -> pd.DataFrame:
    """The trades with the net P&L and the risk of other prices, costs as the parameters say."""
    prices = zip(
        np.asarray(entry_prices, dtype=np.float64),
        np.asarray(exit_prices, dtype=np.float64),
        _shares_per_contract(trades, sessions),
        strict=True,
    )
    contracts = params.contracts_per_trade
    costs = (
        params.slippage_amount,
        params.slippage_fraction,
        params.brokerage_fee_per_contract + params.exchange_fee_per_contract,
    )
    money = [
        (
            net_pnl_usd.py_func(entry, sale, shares, contracts, *costs),
            risk_usd.py_func(entry, shares, contracts, *costs, params.stop_loss_percent),
        )
        for entry, sale, shares in prices
    ]
    table = np.array(money, dtype=np.float64).reshape(-1, 2)
    return trades.assign(net_pnl_usd=table[:, 0], risk_usd=table[:, 1])


def metrics_of(trades: pd.DataFrame, sessions: Sequence[SessionData]) -> Metrics:
    """Metrics of a table of trades."""
    row_of_date = {session.date: row for row, session in enumerate(sessions)}
    exit_seconds = trades["exit_time"].dt.as_unit("s").astype("int64")
    return compute_metrics(
        trades["net_pnl_usd"].to_numpy(np.float64),
        trades["risk_usd"].to_numpy(np.float64),
        np.array([row_of_date[day] for day in trades["session_date"]], dtype=np.int64),
        exit_seconds.to_numpy(np.int64),
        len(sessions),
    )


def of_bars(
    trades: pd.DataFrame, sessions: Sequence[SessionData], fill: str, column: str
) -> FloatArray:
    """High, low or number of trades of the bar behind each entry or exit, (n_trades,)."""
    ages = trades[f"{fill}_price_age_seconds"].to_numpy()
    bar_utc = trades[f"{fill}_time"].dt.as_unit("s").astype("int64").to_numpy() - ages
    tickers, found = trades["ticker"].tolist(), np.empty(len(trades))
    for session, rows in _by_session(trades, sessions):
        bars = _BarsOfSession(session)
        for row in rows:
            found[row] = bars.value(column, tickers[row], int(bar_utc[row]))
    return found


def _shares_per_contract(trades: pd.DataFrame, sessions: Sequence[SessionData]) -> IntArray:
    """Shares of the contract behind each trade, (n_trades,)."""
    tickers, found = trades["ticker"].tolist(), np.empty(len(trades), dtype=np.int64)
    for session, rows in _by_session(trades, sessions):
        for row in rows:
            found[row] = session.shares_per_contract[session.contract_tickers.index(tickers[row])]
    return found


def _by_session(
    trades: pd.DataFrame, sessions: Sequence[SessionData]
) -> Iterator[tuple[SessionData, list[int]]]:
    """Each session that traded, one after the other, with the rows of its trades."""
    rows_of_date: dict[date, list[int]] = {}
    for row, day in enumerate(trades["session_date"]):
        rows_of_date.setdefault(day, []).append(row)
    for session in sessions:
        if session.date in rows_of_date:
            yield session, rows_of_date.pop(session.date)
    if rows_of_date:
        raise KeyError(min(rows_of_date))


class _BarsOfSession:
    """Finds the option bar of a ticker that began at a moment."""

    def __init__(self, session: SessionData) -> None:
        self._session = session
        self._contracts = {name: row for row, name in enumerate(session.contract_tickers)}
        self._columns: Mapping[str, npt.NDArray[Any]] = {
            "high": session.bar_highs_usd,
            "low": session.bar_lows_usd,
            "trades": session.bar_trades,
        }

    def value(self, column: str, ticker: str, utc_seconds: int) -> float:
        session, contract = self._session, self._contracts[ticker]
        first, end = session.bar_offsets[contract : contract + 2]
        second = utc_seconds - session.open_utc_seconds
        row = first + np.searchsorted(session.bar_seconds[first:end], second)
        return float(self._columns[column][row])
