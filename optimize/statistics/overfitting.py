"""Probability of backtest overfitting, by combinatorially symmetric cross-validation.

Bailey, Borwein, Lopez de Prado and Zhu (2015), The Probability of Backtest Overfitting: the blocks
of sessions are split in two halves in every possible way; the best trial of one half is looked up
in the ranking of the other. With rank 1 for the worst of N trials and N for the best,
omega = rank / (N + 1) and lambda = ln(omega / (1 - omega)); the probability is the share of splits
with lambda <= 0, that is, with the winner at or below the median.

Choices that the paper leaves open:
- performance is the return on risk of a half: its P&L over its risk;
- a winner needs `min_trades` in its half: the rule of the search, as it would be applied to data of
  that length. With less, winners are made of a handful of trades, noisier than any real choice;
- equal trials share the mean of their ranks;
- a trial without trades in the other half is not ranked there; a winner without any was not
  confirmed, and stands at the median (lambda 0), which counts as overfitting.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from optimize.statistics.block_sums import FloatArray, IntArray, TrialBlocks
from optimize.statistics.kernels import count_ranks, find_winners

MAX_BLOCKS = 12  # 924 splits; more blocks are joined, since splits double with every block
_MAX_JACKKNIFE_TRIALS = 10_000  # bounds its time to a fraction of the estimate's
_MIN_JACKKNIFE_BLOCKS = 6  # below, fewer than four blocks would remain
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

    def overfit_fraction(self, rows: "slice | IntArray" = slice(None)) -> float:
        """Share of splits with lambda <= 0; NaN if none of them has a winner."""
        omega = self.omega[rows]
        omega = omega[~np.isnan(omega)]
        return float(np.mean(omega <= 0.5)) if len(omega) else float("nan")


@dataclass(frozen=True, kw_only=True)
class Overfitting:
    """Probability of backtest overfitting, with what it rests on."""

    probability_fraction: float | None  # None: fewer than two trials, or no half with a winner
    standard_error_fraction: float | None  # delete-two-blocks jackknife
    interval_low_fraction: float | None  # 95 percent, normal, cut to 0 and 1
    interval_high_fraction: float | None
    loss_fraction: float | None  # splits in which the winner lost money out of sample
    median_in_sample_percent: float | None  # return on risk of the winners
    median_out_of_sample_percent: float | None
    n_splits: int  # that had a winner
    n_unconfirmed: int  # of them without a trade of the winner out of sample
    n_blocks: int
    n_sessions: int
    n_trials: int  # distinct
    n_valid: int  # combinations with enough trades, duplicates included

    def to_json_dict(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return asdict(self)


def probability_of_overfitting(
    trials: TrialBlocks, *, max_blocks: int = MAX_BLOCKS, seed: int = 0, workers: int = 1
) -> Overfitting:
    """Estimate how likely it is that the best trial ranks at or below the median on new data."""
    blocks = trials.merged(max_blocks)
    splits = symmetric_splits(blocks.n_blocks)
    empty = blocks.n_trials < 2 or not len(splits)  # a rank needs two
    outcomes = None if empty else split_outcomes(blocks, splits, workers=workers)
    if outcomes is None or not outcomes.decided.any():
        return _undefined(blocks)
    probability = outcomes.overfit_fraction()
    error = _jackknife_error(blocks, seed=seed, workers=workers)
    margin = None if error is None else _NORMAL_95_PERCENT * error
    out_of_sample = outcomes.out_of_sample_fraction[outcomes.decided]
    confirmed = out_of_sample[~np.isnan(out_of_sample)]
    return Overfitting(
        probability_fraction=probability,
        standard_error_fraction=error,
        interval_low_fraction=None if margin is None else max(0.0, probability - margin),
        interval_high_fraction=None if margin is None else min(1.0, probability + margin),
        loss_fraction=float(np.mean(np.nan_to_num(out_of_sample) < 0)),
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
    n_low = trials.n_blocks // 2
    parts = [part for part in np.array_split(np.arange(trials.n_trials), workers) if len(part)]
    with ThreadPoolExecutor(len(parts)) as pool:
        found = list(pool.map(lambda part: _winners_of(trials, splits, n_low, part), parts))
        values = np.stack([value for _, value in found])
        first_best = np.argmax(values, axis=0)
        columns = np.arange(len(splits))
        winner = np.stack([rows for rows, _ in found])[first_best, columns]
        out_value = _values_of(trials, winner, splits.out_of_sample)
        counts = pool.map(lambda part: _counts_of(trials, splits, n_low, part, out_value), parts)
        below, equal, ranked = np.sum(list(counts), axis=0)
    omega = (below + (equal + 1) / 2) / (ranked + 1)
    omega[np.isnan(out_value)] = 0.5
    omega[winner < 0] = np.nan
    return SplitOutcomes(
        winner=winner,
        in_sample_fraction=np.where(winner < 0, np.nan, values[first_best, columns]),
        out_of_sample_fraction=out_value,
        omega=omega,
    )


def _halvings(blocks: tuple[int, ...]) -> Splits:
    half, everything = len(blocks) // 2, sum(1 << block for block in blocks)
    chosen = combinations(blocks, half) if half and len(blocks) % 2 == 0 else iter(())
    masks = np.array([sum(1 << b for b in blocks_in) for blocks_in in chosen], dtype=np.int64)
    return Splits(in_sample=masks, out_of_sample=everything ^ masks)


def _winners_of(
    trials: TrialBlocks, splits: Splits, n_low: int, part: IntArray
) -> tuple[IntArray, FloatArray]:
    rows, value = np.empty(len(splits), dtype=np.int64), np.empty(len(splits))
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
    trials: TrialBlocks, splits: Splits, n_low: int, part: IntArray, value: FloatArray
) -> IntArray:
    below, equal, ranked = np.empty((3, len(splits)), dtype=np.int64)
    count_ranks(
        trials.net_pnl[part[0] : part[-1] + 1],
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


def _values_of(trials: TrialBlocks, rows: IntArray, masks: IntArray) -> FloatArray:
    """P&L over risk of one trial for each set of blocks; NaN without risk or without a trial."""
    member = (masks[:, None] >> np.arange(trials.n_blocks)) & 1
    net_pnl = (trials.net_pnl[rows] * member).sum(axis=1)
    risk = (trials.risk[rows] * member).sum(axis=1)
    defined = (risk > 0) & (rows >= 0)
    values = np.full(len(rows), np.nan)
    values[defined] = net_pnl[defined] / risk[defined]
    return values


def _jackknife_error(trials: TrialBlocks, *, seed: int, workers: int) -> float | None:
    """Standard error by leaving out every pair of blocks (delete-d jackknife, d = 2).

    It keeps the number of blocks even, where leaving out one would not. From a draw of the trials
    if there are many: the error is wanted to one digit.
    """
    n_blocks = trials.n_blocks
    if n_blocks < _MIN_JACKKNIFE_BLOCKS:
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
    estimates = np.array([outcomes.overfit_fraction(part) for part in rows])
    estimates = estimates[~np.isnan(estimates)]
    return float(np.sqrt((n_blocks - 2) / 2 * np.var(estimates))) if len(estimates) > 1 else None


def _undefined(blocks: TrialBlocks) -> Overfitting:
    return Overfitting(
        probability_fraction=None,
        standard_error_fraction=None,
        interval_low_fraction=None,
        interval_high_fraction=None,
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
