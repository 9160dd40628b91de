"""The band in which the truth about fills lies, and how much profit hangs on thin evidence.

Bars hold no quotes, so that what a trade would have paid is not known. The same parameters are
traded under kinder and harsher assumptions; none of them changes what a decision sees.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from strategy.backtest import run_backtest
from strategy.kernels.fills import net_pnl_usd, risk_usd
from strategy.metrics import Metrics, compute_metrics
from strategy.params import StrategyParams
from strategy.session import FloatArray, SessionData

OPTIMISTIC = "optimistic"
BASE = "base"
ADVERSE = "adverse"
WITHOUT_STALE_ENTRIES = "without_stale_entries"
DESCRIPTIONS = {
    OPTIMISTIC: "No slippage.",
    BASE: "As the parameters say.",
    ADVERSE: "Twice the slippage (at least a cent), double the latency (at least a second), "
    "entries at the high of their bar and exits at the low of theirs.",
    WITHOUT_STALE_ENTRIES: "As the base, without entries at a stale price.",
}
_LEAST_ADVERSE_SLIPPAGE = 0.01  # USD per share, a tick
THIN_BAR_TRADES = 2  # a bar of at most so many trades is thin


@dataclass(frozen=True, kw_only=True)
class FillScenario:
    """The same parameters under one assumption about fills."""

    name: str
    description: str
    metrics: Metrics


@dataclass(frozen=True, kw_only=True)
class ProfitShares:
    """Shares of the net profit, above 1 where the rest lost; None without a net profit."""

    thin_bars_fraction: float | None  # of trades with a fill at a bar of one or two trades
    stale_prices_fraction: float | None  # of trades with a fill at a stale price
    best_trade_fraction: float | None
    best_day_fraction: float | None

    def described(self) -> dict[str, float | None]:
        """By the words that follow "profit"."""
        return {
            "from bars of one or two trades": self.thin_bars_fraction,
            "from stale prices": self.stale_prices_fraction,
            "from the best trade": self.best_trade_fraction,
            "from the best day": self.best_day_fraction,
        }


@dataclass(frozen=True, kw_only=True)
class FillsBand:
    """Scenarios from the kindest to the harshest, then without stale entries."""

    scenarios: tuple[FillScenario, ...]
    profit_shares: ProfitShares  # of the base

    def __getitem__(self, name: str) -> Metrics:
        """Metrics of one scenario."""
        return next(one.metrics for one in self.scenarios if one.name == name)


def fills_band(params: StrategyParams, sessions: Sequence[SessionData]) -> FillsBand:
    """Trade one parameter set under every assumption.

    Raises:
        MissingSessionError: no session was given.
    """
    base = run_backtest(params, sessions)
    fresh = base.trades["entry_price_age_seconds"] <= params.price_staleness_threshold_seconds
    metrics = {
        OPTIMISTIC: run_backtest(params.replacing(slippage_amount=0.0), sessions).metrics,
        BASE: base.metrics,
        ADVERSE: _adverse_metrics(params, sessions),
        WITHOUT_STALE_ENTRIES: _metrics_of(base.trades[fresh], sessions),
    }
    return FillsBand(
        scenarios=tuple(
            FillScenario(name=name, description=DESCRIPTIONS[name], metrics=of_scenario)
            for name, of_scenario in metrics.items()
        ),
        profit_shares=_profit_shares(params, base.trades, sessions),
    )


def _adverse_metrics(params: StrategyParams, sessions: Sequence[SessionData]) -> Metrics:
    """Trade later, then settle every fill at the worse side of its bar."""
    adverse = params.replacing(
        slippage_amount=max(2 * params.slippage_amount, _LEAST_ADVERSE_SLIPPAGE),
        latency_seconds=max(2 * params.latency_seconds, 1),
    )
    trades = run_backtest(adverse, sessions).trades
    entry_prices = np.maximum(_of_bars(trades, sessions, "entry", "high"), trades["entry_price"])
    exit_prices = np.minimum(_of_bars(trades, sessions, "exit", "low"), trades["exit_price"])
    shares = _shares_per_contract(trades, sessions)
    fees = adverse.brokerage_fee_per_contract + adverse.exchange_fee_per_contract
    contracts, slippage = adverse.contracts_per_trade, adverse.slippage_amount
    settled = [
        (
            net_pnl_usd.py_func(entry, sale, quantity, contracts, slippage, fees),
            risk_usd.py_func(entry, quantity, contracts, slippage, fees, adverse.stop_loss_percent),
        )
        for entry, sale, quantity in zip(entry_prices, exit_prices, shares, strict=True)
    ]
    money = np.array(settled, dtype=np.float64).reshape(-1, 2)
    return _metrics_of(trades.assign(net_pnl_usd=money[:, 0], risk_usd=money[:, 1]), sessions)


def _metrics_of(trades: pd.DataFrame, sessions: Sequence[SessionData]) -> Metrics:
    row_of_date = {session.date: row for row, session in enumerate(sessions)}
    exit_seconds = trades["exit_time"].dt.as_unit("s").astype("int64")
    return compute_metrics(
        trades["net_pnl_usd"].to_numpy(np.float64),
        trades["risk_usd"].to_numpy(np.float64),
        np.array([row_of_date[day] for day in trades["session_date"]], dtype=np.int64),
        exit_seconds.to_numpy(np.int64),
        len(sessions),
    )


def _profit_shares(
    params: StrategyParams, trades: pd.DataFrame, sessions: Sequence[SessionData]
) -> ProfitShares:
    pnl = trades["net_pnl_usd"]
    profit_usd = float(pnl.sum())
    if profit_usd <= 0:
        return ProfitShares(
            thin_bars_fraction=None,
            stale_prices_fraction=None,
            best_trade_fraction=None,
            best_day_fraction=None,
        )
    thin, stale = np.zeros(len(trades), dtype=bool), np.zeros(len(trades), dtype=bool)
    for fill in ("entry", "exit"):
        bar_trades = _of_bars(trades, sessions, fill, "trades")
        thin |= (bar_trades > 0) & (bar_trades <= THIN_BAR_TRADES)
        ages = trades[f"{fill}_price_age_seconds"].to_numpy()
        stale |= ages > params.price_staleness_threshold_seconds
    return ProfitShares(
        thin_bars_fraction=float(pnl[thin].sum()) / profit_usd,
        stale_prices_fraction=float(pnl[stale].sum()) / profit_usd,
        best_trade_fraction=float(pnl.max()) / profit_usd,
        best_day_fraction=float(pnl.groupby(trades["session_date"]).sum().max()) / profit_usd,
    )


def _of_bars(
    trades: pd.DataFrame, sessions: Sequence[SessionData], fill: str, column: str
) -> FloatArray:
    """High, low or number of trades of the bar behind each entry or exit, (n_trades,)."""
    of_session = {session.date: _BarsOfSession(session) for session in sessions}
    ages = trades[f"{fill}_price_age_seconds"].to_numpy()
    bar_utc = trades[f"{fill}_time"].dt.as_unit("s").astype("int64").to_numpy() - ages
    keys = zip(trades["session_date"], trades["ticker"], bar_utc, strict=True)
    found = [of_session[day].value(column, ticker, int(utc)) for day, ticker, utc in keys]
    return np.array(found, dtype=np.float64)


def _shares_per_contract(trades: pd.DataFrame, sessions: Sequence[SessionData]) -> list[int]:
    shares: Mapping[tuple[date, str], int] = {
        (session.date, ticker): int(quantity)
        for session in sessions
        for ticker, quantity in zip(
            session.contract_tickers, session.shares_per_contract, strict=True
        )
    }
    return [shares[key] for key in zip(trades["session_date"], trades["ticker"], strict=True)]


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
