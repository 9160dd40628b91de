"""Trades by session: what intervals, out-of-sample values and equity curves are made from.

Days are the unit of everything that resamples: trades of one day share its weather.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import PlainSerializer, PlainValidator

from optimize.statistics.block_sums import FloatArray, IntArray
from strategy.backtest import run_backtest
from strategy.metrics import Metrics
from strategy.params import StrategyParams
from strategy.session import SessionData


def _counts(values: npt.ArrayLike) -> IntArray:
    return np.asarray(values, dtype=np.int64)


def _sums(values: npt.ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64)


# Arrays that a result with these sums is stored with, as lists.
StoredCounts = Annotated[IntArray, PlainValidator(_counts), PlainSerializer(np.ndarray.tolist)]
StoredSums = Annotated[FloatArray, PlainValidator(_sums), PlainSerializer(np.ndarray.tolist)]


@dataclass(frozen=True, eq=False, kw_only=True)
class SessionSums:
    """Sums over the trades of each session, sessions without a trade included.

    Raises:
        ValueError: the arrays are not of one length.
    """

    dates: tuple[date, ...]
    trades: StoredCounts  # (n_sessions,)
    winners: StoredCounts  # (n_sessions,)
    net_pnl_usd: StoredSums  # (n_sessions,)
    risk_usd: StoredSums  # (n_sessions,)

    def __post_init__(self) -> None:
        """Check the lengths: they may come from a file."""
        parts = (self.trades, self.winners, self.net_pnl_usd, self.risk_usd)
        if any(part.shape != (len(self.dates),) for part in parts):
            raise ValueError(f"sums of {len(self.dates)} sessions are not of one length")

    def __len__(self) -> int:
        return len(self.dates)

    @property
    def return_on_risk_percent(self) -> float | None:
        """All P&L over all risk; None without risk."""
        risk = float(self.risk_usd.sum())
        return 100 * float(self.net_pnl_usd.sum()) / risk if risk > 0 else None

    @classmethod
    def empty(cls) -> Self:
        """No session at all."""
        return cls.joined([])

    @classmethod
    def joined(cls, parts: Sequence["SessionSums"]) -> Self:
        """One after the other."""
        return cls(
            dates=tuple(day for part in parts for day in part.dates),
            trades=np.concatenate([np.zeros(0, np.int64), *(p.trades for p in parts)]),
            winners=np.concatenate([np.zeros(0, np.int64), *(p.winners for p in parts)]),
            net_pnl_usd=np.concatenate([np.zeros(0), *(p.net_pnl_usd for p in parts)]),
            risk_usd=np.concatenate([np.zeros(0), *(p.risk_usd for p in parts)]),
        )

    def to_frame(self) -> pd.DataFrame:
        """A row a session, with the running P&L as `equity_usd`."""
        return pd.DataFrame(
            {
                "session_date": list(self.dates),
                "trades": self.trades,
                "winners": self.winners,
                "net_pnl_usd": self.net_pnl_usd,
                "risk_usd": self.risk_usd,
                "equity_usd": np.cumsum(self.net_pnl_usd),
            }
        )


def session_sums(trades: pd.DataFrame, dates: Sequence[date]) -> SessionSums:
    """Sum a backtest's trades by session; `dates` are all its sessions."""
    index = pd.Index(list(dates))
    row = index.get_indexer(pd.Index(trades["session_date"]))
    net_pnl = trades["net_pnl_usd"].to_numpy(np.float64)
    risk = trades["risk_usd"].to_numpy(np.float64)
    n_sessions = len(dates)
    return SessionSums(
        dates=tuple(dates),
        trades=np.bincount(row, minlength=n_sessions).astype(np.int64),
        winners=np.bincount(row[net_pnl > 0], minlength=n_sessions).astype(np.int64),
        net_pnl_usd=np.bincount(row, weights=net_pnl, minlength=n_sessions).astype(np.float64),
        risk_usd=np.bincount(row, weights=risk, minlength=n_sessions).astype(np.float64),
    )


def trade_sessions(
    params: StrategyParams, sessions: Sequence[SessionData]
) -> tuple[Metrics, SessionSums]:
    """Backtest these sessions and sum the trades by session; there must be a session."""
    result = run_backtest(params, sessions)
    return result.metrics, session_sums(result.trades, [session.date for session in sessions])
