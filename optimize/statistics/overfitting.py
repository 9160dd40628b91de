"""Probability of backtest overfitting, by combinatorially symmetric cross-validation.

Bailey, Borwein, Lopez de Prado and Zhu (2015), The Probability of Backtest Overfitting: the blocks
of sessions are split in two halves in every possible way; the best trial of one half is looked up
in the ranking of the other. With rank 1 for the worst of N trials and N for the best,
omega = rank / (N + 1) and lambda = ln(omega / (1 - omega)); the probability is the share of splits
with lambda <= 0, that is, with the winner at or below the median.

Choices that the paper leaves open, and in the second one a departure from it (the paper ranks by
what it chooses by):
- the winner of a half is chosen as the search chooses: by its return on risk, net P&L over risk;
- in the other half all are ranked by their return on risk before costs. Costs are the same dollars
  a trade for every trial and known beforehand, so that they say nothing about a choice's luck; yet
  over risk they weigh most on trials that risk little, which win halves by their noise. With costs
  in the ranks, pure noise gives 0.63 instead of 0.5 (on 100 months without an edge); that
  share is told beside the probability;
- a winner needs `min_trades` in its half: the rule of the search, as it would be applied to data of
  that length. With less, winners are made of a handful of trades, noisier than any real choice;
- equal trials share the mean of their ranks;
- a trial without trades in the other half is not ranked there; a winner without any was not
  confirmed, and stands at the median (lambda 0), which counts as overfitting.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from optimize.statistics.block_sums import FloatArray, IntArray, TrialBlocks
from optimize.statistics.kernels import count_ranks, find_winners

MAX_BLOCKS = 12  # 924 splits; more blocks are joined, since splits double with every block
_MAX_JACKKNIFE_TRIALS = 10_000  # bounds its time to a fraction of the estimate's
MIN_BLOCKS = 6  # below, some noise beats any limit, and too little is left for a standard error
_NORMAL_95_PERCENT = 1.96


@dataclass(frozen=True, eq=False, kw_only=True)
class Splits:
    """Pairs of sets of blocks, as bit masks: bit b stands for block b."""

    in_sample: IntArray  # (n_splits,)
    out_of_sample: IntArray  # (n_splits,)

    def __len__(self) -> int:
        return len(self.in_sample)


@dataclass(frozen=True, eq=False, kw_only=True)
class SplitOutcomes:
    """What became of the in-sample winner of each split."""

    winner: IntArray  # (n_splits,), row of the trial, -1 where no trial had trades enough
    in_sample_fraction: FloatArray  # (n_splits,), return on risk
    out_of_sample_fraction: FloatArray  # (n_splits,), NaN where it did not trade
    omega: FloatArray  # (n_splits,), relative rank out of sample, in (0, 1); NaN without a winner

    @property
    def decided(self) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        """Splits that have a winner."""
        return self.winner >= 0


@dataclass(frozen=True, kw_only=True)
class Overfitting:
    """Probability of backtest overfitting, with what it rests on."""

    probability_fraction: float | None  # None: too few blocks or trials, no half with a winner
    standard_error_fraction: float | None  # delete-two-blocks jackknife
    interval_low_fraction: float | None  # 95 percent, normal, cut to 0 and 1
    interval_high_fraction: float | None
    after_costs_fraction: float | None  # the same with costs in the ranks; noise gives over 0.5
    loss_fraction: float | None  # of the splits whose winner traded out of sample: it lost money
    median_in_sample_percent: float | None  # return on risk of the winners
    median_out_of_sample_percent: float | None
    n_splits: int  # that had a winner
    n_unconfirmed: int  # of them without a trade of the winner out of sample
    n_blocks: int
    n_sessions: int
    n_trials: int  # distinct
    n_valid: int  # combinations with enough trades, duplicates included


def probability_of_overfitting(
    trials: TrialBlocks,
    *,
    min_blocks: int = MIN_BLOCKS,
    max_blocks: int = MAX_BLOCKS,
    seed: int = 0,
    workers: int = 1,
) -> Overfitting:
    """Estimate how likely it is that the best trial ranks at or below the median on new data."""
    blocks = trials.merged(max_blocks)
    splits = symmetric_splits(blocks.n_blocks)
    # A rank needs two trials.
    empty = blocks.n_trials < 2 or not len(splits) or blocks.n_blocks < min_blocks
    outcomes = None if empty else split_outcomes(blocks, splits, workers=workers)
    if outcomes is None or not outcomes.decided.any():
        return _undefined(blocks)
    probability = _overfit_fraction(outcomes.omega)
    after_costs = relative_ranks(blocks, splits, outcomes.winner, blocks.net_pnl, workers=workers)
    error = _jackknife_error(blocks, seed=seed, workers=workers)
    margin = None if error is None else _NORMAL_95_PERCENT * error
    out_of_sample = outcomes.out_of_sample_fraction[outcomes.decided]
    confirmed = out_of_sample[~np.isnan(out_of_sample)]
    return Overfitting(
        probability_fraction=probability,
        standard_error_fraction=error,
        interval_low_fraction=None if margin is None else max(0.0, probability - margin),
        interval_high_fraction=None if margin is None else min(1.0, probability + margin),
        after_costs_fraction=_overfit_fraction(after_costs),
        loss_fraction=float(np.mean(confirmed < 0)) if len(confirmed) else None,
        median_in_sample_percent=100
        * float(np.median(outcomes.in_sample_fraction[outcomes.decided])),
        median_out_of_sample_percent=100 * float(np.median(confirmed)) if len(confirmed) else None,
        n_splits=int(outcomes.decided.sum()),
        n_unconfirmed=len(out_of_sample) - len(confirmed),
        n_blocks=blocks.n_blocks,
        n_sessions=blocks.n_sessions,
        n_trials=blocks.n_trials,
        n_valid=blocks.n_valid,
    )


def symmetric_splits(n_blocks: int) -> Splits:
    """All C(n, n/2) ways to choose half of an even number of blocks; none below two blocks."""
    return _halvings(tuple(range(n_blocks)))


def split_outcomes(trials: TrialBlocks, splits: Splits, *, workers: int = 1) -> SplitOutcomes:
    """Choose the best trial in each split's in-sample set and rank it in the other."""
    parts = _parts_of(trials, workers)
    with ThreadPoolExecutor(len(parts)) as pool:
        found = list(pool.map(lambda part: _winners_of(trials, splits, part), parts))
    values = np.stack([value for _, value in found])
    first_best = np.argmax(values, axis=0)
    columns = np.arange(len(splits))
    winner = np.stack([rows for rows, _ in found])[first_best, columns]
    before_costs = trials.pnl_before_costs
    return SplitOutcomes(
        winner=winner,
        in_sample_fraction=np.where(winner < 0, np.nan, values[first_best, columns]),
        out_of_sample_fraction=_values_of(trials.net_pnl, trials.risk, winner, splits),
        omega=relative_ranks(trials, splits, winner, before_costs, workers=workers),
    )


def relative_ranks(
    trials: TrialBlocks,
    splits: Splits,
    winner: IntArray,  # (n_splits,), row of the trial, -1 for none
    pnl: FloatArray,  # (n_trials, n_blocks), QUANTUM_USD, over whose risk the trials are ranked
    *,
    workers: int = 1,
) -> FloatArray:
    """Rank each split's winner among all trials out of sample.

    Returns:
        omega, (n_splits,): 0.5 where the winner did not trade, NaN where there is none.
    """
    parts = _parts_of(trials, workers)
    value = _values_of(pnl, trials.risk, winner, splits)
    with ThreadPoolExecutor(len(parts)) as pool:
        counts = pool.map(lambda part: _counts_of(trials, pnl, splits, part, value), parts)
        below, equal, ranked = np.sum(list(counts), axis=0)
    omega: FloatArray = (below + (equal + 1) / 2) / (ranked + 1)
    omega[np.isnan(value)] = 0.5
    omega[winner < 0] = np.nan
    return omega


def _overfit_fraction(omega: FloatArray) -> float:
    """Share of splits with lambda <= 0; NaN if none of them has a winner."""
    omega = omega[~np.isnan(omega)]
    return float(np.mean(omega <= 0.5)) if len(omega) else float("nan")


def _parts_of(trials: TrialBlocks, workers: int) -> list[IntArray]:
    """Rows of the trials, a part for each worker."""
    return [part for part in np.array_split(np.arange(trials.n_trials), workers) if len(part)]


def _halvings(blocks: tuple[int, ...]) -> Splits:
    half, everything = len(blocks) // 2, sum(1 << block for block in blocks)
    chosen = combinations(blocks, half) if half and len(blocks) % 2 == 0 else iter(())
    masks = np.array([sum(1 << b for b in blocks_in) for blocks_in in chosen], dtype=np.int64)
    return Splits(in_sample=masks, out_of_sample=everything ^ masks)


def _winners_of(trials: TrialBlocks, splits: Splits, part: IntArray) -> tuple[IntArray, FloatArray]:
    rows, value = np.empty(len(splits), dtype=np.int64), np.empty(len(splits))
    n_low = trials.n_blocks // 2
    find_winners(
        trials.net_pnl[part[0] : part[-1] + 1],
        trials.risk[part[0] : part[-1] + 1],
        trials.trades[part[0] : part[-1] + 1],
        n_low,
        splits.in_sample & ((1 << n_low) - 1),
        splits.in_sample >> n_low,
        max(trials.min_trades, 1),
        rows,
        value,
    )
    return np.where(rows < 0, rows, rows + part[0]), value


def _counts_of(
    trials: TrialBlocks, pnl: FloatArray, splits: Splits, part: IntArray, value: FloatArray
) -> IntArray:
    below, equal, ranked = np.empty((3, len(splits)), dtype=np.int64)
    n_low = trials.n_blocks // 2
    count_ranks(
        pnl[part[0] : part[-1] + 1],
        trials.risk[part[0] : part[-1] + 1],
        n_low,
        splits.out_of_sample & ((1 << n_low) - 1),
        splits.out_of_sample >> n_low,
        value,
        below,
        equal,
        ranked,
    )
    return np.stack([below, equal, ranked])


def _values_of(pnl: FloatArray, risk: FloatArray, rows: IntArray, splits: Splits) -> FloatArray:
    """P&L over risk of one trial a split out of sample; NaN without risk or without a trial."""
    member = (splits.out_of_sample[:, None] >> np.arange(pnl.shape[1])) & 1
    half_pnl = (pnl[rows] * member).sum(axis=1)
    half_risk = (risk[rows] * member).sum(axis=1)
    defined = (half_risk > 0) & (rows >= 0)
    values = np.full(len(rows), np.nan)
    values[defined] = half_pnl[defined] / half_risk[defined]
    return values


def _jackknife_error(trials: TrialBlocks, *, seed: int, workers: int) -> float | None:
    """Standard error by leaving out every pair of blocks (delete-d jackknife, d = 2).

    It keeps the number of blocks even, where leaving out one would not. From a draw of the trials
    if there are many: the error is wanted to one digit.
    """
    n_blocks = trials.n_blocks
    if n_blocks < MIN_BLOCKS:
        return None
    sample = trials.sample(_MAX_JACKKNIFE_TRIALS, seed)
    pairs = combinations(range(n_blocks), 2)
    parts = [_halvings(tuple(b for b in range(n_blocks) if b not in pair)) for pair in pairs]
    splits = Splits(
        in_sample=np.concatenate([part.in_sample for part in parts]),
        out_of_sample=np.concatenate([part.out_of_sample for part in parts]),
    )
    outcomes = split_outcomes(sample, splits, workers=workers)
    rows = np.arange(len(splits)).reshape(len(parts), -1)
    estimates = np.array([_overfit_fraction(outcomes.omega[part]) for part in rows])
    estimates = estimates[~np.isnan(estimates)]
    return float(np.sqrt((n_blocks - 2) / 2 * np.var(estimates))) if len(estimates) > 1 else None


def _undefined(blocks: TrialBlocks) -> Overfitting:
    return Overfitting(
        probability_fraction=None,
        standard_error_fraction=None,
        interval_low_fraction=None,
        interval_high_fraction=None,
        after_costs_fraction=None,
        loss_fraction=None,
        median_in_sample_percent=None,
        median_out_of_sample_percent=None,
        n_splits=0,
        n_unconfirmed=0,
        n_blocks=blocks.n_blocks,
        n_sessions=blocks.n_sessions,
        n_trials=blocks.n_trials,
        n_valid=blocks.n_valid,
    )
