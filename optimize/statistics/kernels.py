"""Kernels of combinatorially symmetric cross-validation: arrays and numbers alone.

A split is a pair of sets of blocks, in-sample and out-of-sample. A set of blocks is a bit mask cut
in two: the lower `n_low` blocks and the others, each an index into a table of subset sums, so that
the sum over any set costs one addition. A half's performance is its P&L over its risk; a half
without risk has none. The plain functions are the twins of the compiled ones.
"""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from optimize.statistics.block_sums import FloatArray, IntArray

_compile: Any = numba.njit(cache=True, nogil=True, error_model="numpy")


def _plain_fill_subset_sums(
    sums: npt.NDArray[Any],  # (n_blocks,)
    table: npt.NDArray[Any],  # (2 ** n_blocks,), overwritten: sum over the blocks of each bit mask
) -> None:
    table[0] = 0
    for block in range(len(sums)):
        size = 1 << block
        for mask in range(size):
            table[size + mask] = table[mask] + sums[block]


_fill_subset_sums: Any = _compile(_plain_fill_subset_sums)


def plain_find_winners(
    net_pnl: FloatArray,  # (n_trials, n_blocks)
    risk: FloatArray,  # (n_trials, n_blocks)
    trades: IntArray,  # (n_trials, n_blocks)
    n_low: int,
    low: IntArray,  # (n_splits,), in-sample set: index into the lower blocks' table
    high: IntArray,  # (n_splits,), and into the others'
    min_trades: int,  # in-sample, that a winner needs
    winner: IntArray,  # (n_splits,), overwritten: row of the best trial, -1 for none
    winner_value: FloatArray,  # (n_splits,), overwritten: its P&L over risk
) -> None:
    """Find the best trial in-sample of each split; of equals the first."""
    n_blocks = net_pnl.shape[1]
    low_pnl, high_pnl = np.zeros(1 << n_low), np.zeros(1 << (n_blocks - n_low))
    low_risk, high_risk = np.zeros_like(low_pnl), np.zeros_like(high_pnl)
    low_trades = np.zeros(1 << n_low, dtype=np.int64)
    high_trades = np.zeros(1 << (n_blocks - n_low), dtype=np.int64)
    winner[:] = -1
    winner_value[:] = -np.inf
    for trial in range(net_pnl.shape[0]):
        _fill_subset_sums(net_pnl[trial, :n_low], low_pnl)
        _fill_subset_sums(net_pnl[trial, n_low:], high_pnl)
        _fill_subset_sums(risk[trial, :n_low], low_risk)
        _fill_subset_sums(risk[trial, n_low:], high_risk)
        _fill_subset_sums(trades[trial, :n_low], low_trades)
        _fill_subset_sums(trades[trial, n_low:], high_trades)
        for split in range(len(low)):
            a, b = low[split], high[split]
            half_risk = low_risk[a] + high_risk[b]
            if half_risk > 0 and low_trades[a] + high_trades[b] >= min_trades:
                value = (low_pnl[a] + high_pnl[b]) / half_risk
                if value > winner_value[split]:
                    winner_value[split] = value
                    winner[split] = trial


def plain_count_ranks(
    pnl: FloatArray,  # (n_trials, n_blocks), net or before costs
    risk: FloatArray,  # (n_trials, n_blocks)
    n_low: int,
    low: IntArray,  # (n_splits,), out-of-sample set, as above
    high: IntArray,  # (n_splits,)
    value: FloatArray,  # (n_splits,), the winner's P&L over risk out of sample
    below: IntArray,  # (n_splits,), overwritten: trials with less
    equal: IntArray,  # (n_splits,), overwritten: trials with the same, the winner included
    ranked: IntArray,  # (n_splits,), overwritten: trials that have a performance there
) -> None:
    """Count for each split how many trials stand below the winner out of sample."""
    n_blocks = pnl.shape[1]
    low_pnl, high_pnl = np.zeros(1 << n_low), np.zeros(1 << (n_blocks - n_low))
    low_risk, high_risk = np.zeros_like(low_pnl), np.zeros_like(high_pnl)
    below[:] = 0
    equal[:] = 0
    ranked[:] = 0
    for trial in range(pnl.shape[0]):
        _fill_subset_sums(pnl[trial, :n_low], low_pnl)
        _fill_subset_sums(pnl[trial, n_low:], high_pnl)
        _fill_subset_sums(risk[trial, :n_low], low_risk)
        _fill_subset_sums(risk[trial, n_low:], high_risk)
        for split in range(len(low)):
            a, b = low[split], high[split]
            half_risk = low_risk[a] + high_risk[b]
            if half_risk > 0:
                half_value = (low_pnl[a] + high_pnl[b]) / half_risk
                ranked[split] += 1
                below[split] += half_value < value[split]
                equal[split] += half_value == value[split]


find_winners: Any = _compile(plain_find_winners)
count_ranks: Any = _compile(plain_count_ranks)
