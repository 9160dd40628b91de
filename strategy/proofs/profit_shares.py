"""How much of the gross profit hangs on little: one trade, one day, thin bars, stale prices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from strategy.params import StrategyParams
from strategy.proofs.settling import of_bars
from strategy.session import SessionData

THIN_BAR_TRADES = 2  # a bar of at most so many trades is thin


@dataclass(frozen=True, kw_only=True)
class ProfitShares:
    """Shares of the gross profit, the P&L of the trades that gained; None where none did."""

    # Gained by trades with a fill at a thin bar; None also where a bar does not say its trades.
    thin_bars_fraction: float | None
    stale_prices_fraction: float | None  # gained by trades with a fill at a stale price
    largest_trade_fraction: float | None
    largest_day_fraction: float | None  # of the P&L of the days that gained


def profit_shares(
    params: StrategyParams, trades: pd.DataFrame, sessions: Sequence[SessionData]
) -> ProfitShares:
    """Share out a backtest's gross profit; `trades` are its table of trades on the sessions."""
    thin, unknown, stale = np.zeros((3, len(trades)), dtype=bool)
    for fill in ("entry", "exit"):
        bar_trades = of_bars(trades, sessions, fill, "trades")
        thin |= (bar_trades > 0) & (bar_trades <= THIN_BAR_TRADES)
        unknown |= bar_trades < 0
        ages = trades[f"{fill}_price_age_seconds"].to_numpy()
        stale |= ages > params.price_staleness_threshold_seconds
    shares = shares_of(trades["net_pnl_usd"], trades["session_date"], thin=thin, stale=stale)
    if (unknown & ~thin & (trades["net_pnl_usd"].to_numpy() > 0.0)).any():
        return replace(shares, thin_bars_fraction=None)
    return shares


def shares_of(
    net_pnl_usd: pd.Series,  # (n_trades,)
    session_date: pd.Series,  # (n_trades,)
    *,
    thin: npt.NDArray[np.bool_],  # (n_trades,)
    stale: npt.NDArray[np.bool_],  # (n_trades,)
) -> ProfitShares:
    """Share out the P&L of the trades that gained."""
    gains = net_pnl_usd.clip(lower=0)
    by_day = net_pnl_usd.groupby(session_date).sum().clip(lower=0)
    return ProfitShares(
        thin_bars_fraction=_share(float(gains[thin].sum()), gains),
        stale_prices_fraction=_share(float(gains[stale].sum()), gains),
        largest_trade_fraction=_share(float(gains.max()), gains),
        largest_day_fraction=_share(float(by_day.max()), by_day),
    )


def _share(part_usd: float, gains_usd: pd.Series) -> float | None:
    total_usd = float(gains_usd.sum())
    return part_usd / total_usd if total_usd > 0 else None
