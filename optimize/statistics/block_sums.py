"""What the selection statistics look at: every combination's trades, P&L and risk, by block.

Belongs here: the shape of that input, which combinations count as trials, and which of those are
one and the same trial. What is computed from them does not.

A combination counts as a trial if it has at least `min_trades` trades over all blocks. Combinations
that made the same trades (equal sums in every block) are one trial: a take profit that no price
ever reached is no further attempt, and counting it a thousand times would move every rank.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from strategy.costs import cost_weights
from strategy.errors import ParameterError
from strategy.surface.layout import RISK_AXIS, by_run_and_stop, runs_of
from strategy.surface.result import Surface

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

QUANTUM_USD = 1e-6  # sums are whole multiples of it, so that adding blocks is exact in any order
_HASH_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, odd
_HASH_SHIFT = np.uint64(29)


@dataclass(frozen=True, eq=False, kw_only=True)
class TrialBlocks:
    """Distinct trials by block of sessions; P&L and risk in multiples of `QUANTUM_USD`."""

    combination: IntArray  # (n_trials,), flat index of the first combination with these sums
    n_combinations: int  # of the search space
    n_valid: int  # of them with enough trades; duplicates included
    min_trades: int  # over all blocks
    sessions_per_block: IntArray  # (n_blocks,)
    trades: IntArray  # (n_trials, n_blocks)
    net_pnl: FloatArray  # (n_trials, n_blocks), QUANTUM_USD, whole numbers
    risk: FloatArray  # (n_trials, n_blocks), QUANTUM_USD, whole numbers
    # Fees and slippage are these times trades, net P&L and risk; the last two are 0 but for
    # slippage by the price. See `strategy.costs`.
    cost_per_trade: FloatArray  # (n_trials, 1), QUANTUM_USD, whole numbers
    cost_of_net_pnl: FloatArray  # (n_trials, 1), fraction
    cost_of_risk: FloatArray  # (n_trials, 1), fraction

    @cached_property
    def pnl_before_costs(self) -> FloatArray:
        """What the trades made before fees and slippage; QUANTUM_USD, whole numbers."""
        before: FloatArray = self.net_pnl + self.cost_per_trade * self.trades
        if self.cost_of_risk.any():
            by_price = self.cost_of_net_pnl * self.net_pnl + self.cost_of_risk * self.risk
            before += np.rint(by_price)
        return before

    @property
    def n_trials(self) -> int:
        """Distinct valid combinations."""
        return len(self.combination)

    @property
    def n_blocks(self) -> int:
        """Blocks of sessions, in the order of time."""
        return len(self.sessions_per_block)

    @property
    def n_sessions(self) -> int:
        """Sessions of all blocks."""
        return int(self.sessions_per_block.sum())

    def taking(self, rows: IntArray) -> Self:
        """Only these trials."""
        return replace(
            self,
            combination=self.combination[rows],
            trades=self.trades[rows],
            net_pnl=self.net_pnl[rows],
            risk=self.risk[rows],
            cost_per_trade=self.cost_per_trade[rows],
            cost_of_net_pnl=self.cost_of_net_pnl[rows],
            cost_of_risk=self.cost_of_risk[rows],
        )

    def sample(self, n_trials: int, seed: int) -> Self:
        """Return at most `n_trials` of them, drawn evenly, in their order."""
        if self.n_trials <= n_trials:
            return self
        drawn = np.random.default_rng(seed).choice(self.n_trials, n_trials, replace=False)
        return self.taking(np.sort(drawn))

    def merged(self, max_blocks: int) -> Self:
        """Join neighbouring blocks until their number is even and at most `max_blocks`."""
        target = min(self.n_blocks - self.n_blocks % 2, max_blocks - max_blocks % 2)
        if target == self.n_blocks or target < 2:
            return self
        starts = np.arange(target) * self.n_blocks // target
        return replace(
            self,
            sessions_per_block=np.add.reduceat(self.sessions_per_block, starts),
            trades=np.add.reduceat(self.trades, starts, axis=1),
            net_pnl=np.add.reduceat(self.net_pnl, starts, axis=1),
            risk=np.add.reduceat(self.risk, starts, axis=1),
        )


def trial_blocks(
    total_trades: npt.ArrayLike,  # (n_blocks, *dims)
    net_pnl_usd: npt.ArrayLike,  # (n_blocks, *dims)
    risk_usd: npt.ArrayLike,  # (n_blocks, *dims)
    *,
    min_trades: int,
    sessions_per_block: npt.ArrayLike,  # (n_blocks,)
    cost_per_trade_usd: npt.ArrayLike = 0.0,  # that the net P&L contains; one for all, or (*dims)
    cost_of_net_pnl_fraction: npt.ArrayLike = 0.0,  # likewise
    cost_of_risk_fraction: npt.ArrayLike = 0.0,  # likewise
) -> TrialBlocks:
    """Keep of a surface's block sums one column of each distinct valid combination.

    Raises:
        ParameterError: shapes that differ, or sums that are not finite.
    """
    arrays = [np.asarray(sums) for sums in (total_trades, net_pnl_usd, risk_usd)]
    sessions = np.asarray(sessions_per_block, dtype=np.int64)
    shapes = {array.shape for array in arrays}
    if len(shapes) != 1 or arrays[0].ndim < 2 or sessions.shape != arrays[0].shape[:1]:
        raise ParameterError(
            f"block sums of shapes {sorted(shapes)} with {sessions.shape} session counts",
            expected="three arrays (n_blocks, *dimensions) and a count for each block",
            remedy="pass the arrays of one surface",
        )
    valid = np.flatnonzero(arrays[0].sum(axis=0).ravel() >= max(min_trades, 1))
    # Block by block: a surface's arrays are views, and whole copies of them would be large.
    trades, net_pnl, risk = (
        np.stack([block.ravel()[valid].astype(np.float64) for block in array]) for array in arrays
    )
    columns = (trades, _quantised(net_pnl), _quantised(risk))
    rows = np.sort(_first_of_each(columns))
    costs = [
        np.broadcast_to(np.asarray(each, np.float64), arrays[0].shape[1:]).ravel()[valid[rows]]
        for each in (cost_per_trade_usd, cost_of_net_pnl_fraction, cost_of_risk_fraction)
    ]
    return TrialBlocks(
        combination=valid[rows].astype(np.int64),
        n_combinations=arrays[0][0].size,
        n_valid=len(valid),
        min_trades=min_trades,
        sessions_per_block=sessions,
        trades=np.ascontiguousarray(columns[0][:, rows].T, dtype=np.int64),
        net_pnl=np.ascontiguousarray(columns[1][:, rows].T),
        risk=np.ascontiguousarray(columns[2][:, rows].T),
        cost_per_trade=_quantised(costs[0])[:, None],
        cost_of_net_pnl=costs[1][:, None],
        cost_of_risk=costs[2][:, None],
    )


def surface_trials(surface: Surface, min_trades: int) -> TrialBlocks:
    """Take the distinct valid trials of an exact surface, of contracts of standard size."""
    space = surface.space
    runs = runs_of(space, surface.fixed_params)
    weights = [cost_weights(run, space[RISK_AXIS]) for run in runs]
    stops = np.ones(len(space[RISK_AXIS]))
    return trial_blocks(
        surface.block_total_trades,
        surface.block_net_pnl_usd,
        surface.block_risk_usd,
        min_trades=min_trades,
        sessions_per_block=np.bincount(surface.block_of_session),
        cost_per_trade_usd=by_run_and_stop([w.per_trade_usd for w in weights], space),
        cost_of_net_pnl_fraction=by_run_and_stop(
            [w.of_net_pnl_fraction * stops for w in weights], space
        ),
        cost_of_risk_fraction=by_run_and_stop([w.of_risk_fraction for w in weights], space),
    )


def _quantised(sums_usd: FloatArray) -> FloatArray:
    quantised = np.rint(sums_usd / QUANTUM_USD)
    if not np.isfinite(quantised).all():
        raise ParameterError(
            "block sums that are not finite",
            expected="numbers; 0 where there is no trade",
            remedy="compute the surface again",
        )
    return quantised + 0.0  # a negative zero would be another bit pattern


def _first_of_each(arrays: tuple[FloatArray, ...]) -> IntArray:
    """Columns that are the first of their kind, told apart by a 64-bit hash of their bits.

    Two different columns of a million share a hash with a probability of 3e-8; one of them would
    then be missing among the trials, and nothing else.
    """
    digest = np.zeros(arrays[0].shape[1], dtype=np.uint64)
    for array in arrays:
        for block in array:
            bits = block.view(np.uint64)
            digest = (digest ^ bits) * _HASH_MULTIPLIER
            digest ^= digest >> _HASH_SHIFT
    return np.unique(digest, return_index=True)[1].astype(np.int64)
