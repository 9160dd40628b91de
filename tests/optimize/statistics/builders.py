"""Small trial matrices for the tests of the statistics."""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from optimize.statistics.block_sums import TrialBlocks, trial_blocks
from optimize.statistics.session_sums import SessionSums


def trials_of(
    net_pnl_usd: npt.ArrayLike,  # (n_trials, n_blocks)
    risk_usd: npt.ArrayLike = 100.0,
    trades: npt.ArrayLike = 10,
    *,
    min_trades: int = 1,
    sessions_per_block: int = 2,
    cost_per_trade_usd: float = 0.0,
) -> TrialBlocks:
    """Build trials from rows, as a person writes them; a surface has the blocks first."""
    pnl = np.asarray(net_pnl_usd, dtype=np.float64)
    return trial_blocks(
        np.broadcast_to(trades, pnl.shape).T,
        pnl.T,
        np.broadcast_to(risk_usd, pnl.shape).T,
        min_trades=min_trades,
        sessions_per_block=[sessions_per_block] * pnl.shape[1],
        cost_per_trade_usd=cost_per_trade_usd,
    )


def sums_of(
    net_pnl_usd: list[float], risk_usd: float = 100.0, first: date = date(2023, 1, 3)
) -> SessionSums:
    """One trade on each of some consecutive days."""
    n_sessions = len(net_pnl_usd)
    pnl = np.array(net_pnl_usd, dtype=np.float64)
    return SessionSums(
        dates=tuple(first + timedelta(days=i) for i in range(n_sessions)),
        trades=np.ones(n_sessions, dtype=np.int64),
        winners=(pnl > 0).astype(np.int64),
        net_pnl_usd=pnl,
        risk_usd=np.full(n_sessions, risk_usd),
    )
