"""Tree-structured Parzen estimation over finite dimensions, in closed form.

Over a categorical dimension Optuna's mixture of kernels is a weighted histogram, so that a fit
costs one `bincount`. The weights, the split and the prior are those of Optuna 5.0's independent
TPE (Bergstra et al. 2011, and Watanabe 2023, arXiv:2304.11127); a test holds the two against each
other. Two things are added, each measured in design/sampler_regret.py: a trial speaks for the
neighbours of its value too where a dimension is ordered, and candidates are drawn and judged as
whole combinations. Nothing here knows trials or studies.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

GOOD_FRACTION = 0.1  # share of finished trials that shape the good density; Optuna's gamma
MAX_GOOD = 25  # trials; Optuna's gamma
FLAT_WEIGHTS = 25  # latest trials of full weight; Optuna's default_weights
PRIOR_WEIGHT = 1.0  # weight of the uniform prior, in trials
BANDWIDTH = 0.8  # standard deviation of a kernel over an ordered dimension, in positions


def n_good(n_finished: int) -> int:
    """How many of the best trials shape the good density."""
    return min(math.ceil(GOOD_FRACTION * n_finished), MAX_GOOD)


def recency_weights(n: int) -> FloatArray:
    """Weight of each of n trials in order: a ramp from 1/n to 1, then the latest at 1."""
    if n < FLAT_WEIGHTS:
        return np.ones(n)
    ramp = np.linspace(1.0 / n, 1.0, num=n - FLAT_WEIGHTS)
    return np.concatenate([ramp, np.ones(FLAT_WEIGHTS)])


def density(
    observed: IntArray,  # (n,), position of the value in its dimension, in trial order
    weights: FloatArray,  # (n,)
    kernels: FloatArray,  # (n_values, n_values), a row is what an observed value speaks for
) -> FloatArray:
    """Probability of each value of one dimension, shape (n_values,).

    Each trial is a kernel: 1/(n+1) spread over the values, and 1 as its row of `kernels` says. The
    prior is one more kernel, uniform.
    """
    n_values = len(kernels)
    n_kernels = len(observed) + 1
    if n_kernels == 1:
        return np.full(n_values, 1.0 / n_values)
    total = weights.sum() + PRIOR_WEIGHT
    share = PRIOR_WEIGHT / n_kernels
    counts = np.bincount(observed, weights=weights, minlength=n_values) @ kernels
    trials = (counts + weights.sum() * share) / (1.0 + n_values * share)
    result: FloatArray = (trials + PRIOR_WEIGHT / n_values) / total
    return result


def kernel_rows(n_values: int, is_ordered: bool) -> FloatArray:
    """What an observed value speaks for: itself, and near values of an ordered dimension.

    A row is a normal density over the positions, of standard deviation BANDWIDTH, summing to 1.
    """
    if not is_ordered:
        return np.eye(n_values)
    distance = np.subtract.outer(np.arange(n_values), np.arange(n_values)) / BANDWIDTH
    rows = np.exp(-0.5 * distance**2)
    result: FloatArray = rows / rows.sum(axis=1, keepdims=True)
    return result


class Densities:
    """The good and the bad density of every dimension, fitted to finished trials."""

    def __init__(
        self,
        positions: IntArray,  # (n_trials, n_dimensions), in trial order
        values: FloatArray,  # (n_trials,), larger is better, NaN where pruned
        kernels: Sequence[FloatArray],  # of each dimension, see kernel_rows
    ) -> None:
        good, bad = _split(values)
        self.good = _fit(positions[good], kernels)
        self.bad = _fit(positions[bad], kernels)
        self._scores = [np.log(g) - np.log(b) for g, b in zip(self.good, self.bad, strict=True)]
        self._cumulative = [np.cumsum(g) for g in self.good]

    def propose(self, rng: np.random.Generator, n_candidates: int) -> list[int]:
        """One position a dimension: of some combinations from the good density, the best."""
        uniforms = rng.random((len(self.good), n_candidates))
        drawn = np.stack(
            [
                np.minimum(np.searchsorted(c, u, side="right"), len(c) - 1)
                for c, u in zip(self._cumulative, uniforms, strict=True)
            ],
            axis=1,
        )
        best: list[int] = drawn[np.argmax(self.score(drawn))].tolist()
        return best

    def score(self, positions: IntArray) -> FloatArray:
        """Log ratio of good to bad density, of rows of positions; (n,), larger is better."""
        total = np.zeros(len(positions))
        for dimension, score in enumerate(self._scores):
            total += score[positions[:, dimension]]
        return total


def _split(values: FloatArray) -> tuple[IntArray, IntArray]:
    """Rows of the good and of the bad trials, each in trial order; pruned ones are bad."""
    complete = np.flatnonzero(~np.isnan(values))
    order = complete[np.argsort(-values[complete], kind="stable")]
    good = np.sort(order[: n_good(len(values))])
    bad = np.setdiff1d(np.arange(len(values)), good, assume_unique=True)
    return good, bad


def _fit(positions: IntArray, kernels: Sequence[FloatArray]) -> list[FloatArray]:
    weights = recency_weights(len(positions))
    return [density(positions[:, i], weights, rows) for i, rows in enumerate(kernels)]
