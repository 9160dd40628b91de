"""Deflated Sharpe ratio: how likely the chosen Sharpe ratio is skill, after so many trials.

Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio. All Sharpe ratios here are of one
session, never annualised. Kurtosis is 3 for a normal distribution.

The paper deflates by the expected best of N independent trials that have no skill, of which it
takes N from the average correlation of the trials, rho + (1 - rho) N, and the variance between the
trials' Sharpe ratios. On a parameter grid both are far too large: neighbours make nearly the same
trades, and much of the variance is no luck (costs grow with the number of trades; an edge is met by
some combinations and missed by others). So two ratios are given:
- `probability_fraction`: the effective number of trials by sign flips, and the variance that a
  Sharpe ratio without skill has by chance alone, (T - 1) / (T - 3) / T on T sessions. The signs of
  whole blocks are drawn at random, which leaves the dependence between trials as it is and takes
  every edge away; the number of independent trials that would give the same expected best is the
  effective one. With S blocks no standardised sum exceeds the square root of S, so ten blocks
  cannot show more than about 900 trials;
- `published_probability_fraction`: number and variance of trials as the paper has them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import norm

from optimize.statistics.block_sums import FloatArray, TrialBlocks

_EULER_MASCHERONI = 0.5772156649015329
_MAX_TRIALS = 1e12  # where the inverse ends
_MIN_SESSIONS = 4  # below, the variance of a Sharpe ratio is infinite
_MIN_BLOCKS = 3  # below, a trial's Sharpe ratio by block means nothing
_N_SIGN_DRAWS = 256  # each counts twice, with its mirror image
_CHUNK_TRIALS = 20_000  # bounds the memory of one product to 40 MB


@dataclass(frozen=True, kw_only=True)
class SharpeMoments:
    """Sharpe ratio of one session and the moments that its error depends on."""

    sharpe: float
    skewness: float
    kurtosis: float  # 3 for a normal distribution
    n_sessions: int


@dataclass(frozen=True, kw_only=True)
class TrialSpread:
    """How the trials' Sharpe ratios differ, and how many independent trials they amount to."""

    sharpe_variance: float  # between trials, of one session's Sharpe ratio
    effective_trials: float  # by sign flips
    trials_by_correlation: float
    average_correlation: float
    n_trials: int  # distinct


@dataclass(frozen=True, kw_only=True)
class DeflatedSharpe:
    """Probabilities that the true Sharpe ratio is positive, and above what luck explains."""

    probability_fraction: float | None  # deflated by the effective number of trials
    published_probability_fraction: float | None  # by the paper's number and variance of trials
    undeflated_probability_fraction: float | None  # as if there had been one trial
    sharpe: float | None  # of one session
    benchmark_sharpe: float | None  # expected best of the effective trials without any skill
    skewness: float | None
    kurtosis: float | None
    n_sessions: int
    effective_trials: float | None
    trials_by_correlation: float | None
    average_correlation: float | None


def expected_maximum(n_trials: float) -> float:
    """Approximate expected best of N independent standard normals, N >= 1 and not always whole.

    (1 - g) Z(1 - 1/N) + g Z(1 - 1/(N e)) with the quantile function Z and the Euler-Mascheroni
    constant g; below the N at which the formula would turn negative, 0, as for one trial.
    """
    if n_trials <= 1:
        return 0.0
    first, second = norm.ppf(1 - 1 / n_trials), norm.ppf(1 - 1 / (n_trials * np.e))
    return max(0.0, float((1 - _EULER_MASCHERONI) * first + _EULER_MASCHERONI * second))


def trials_with_expected_maximum(expected_best: float) -> float:
    """Invert `expected_maximum`: the number of independent trials, from 1 to 1e12."""
    if expected_best <= 0:
        return 1.0
    if expected_best >= expected_maximum(_MAX_TRIALS):
        return _MAX_TRIALS
    log_trials = brentq(
        lambda log_n: expected_maximum(float(np.exp(log_n))) - expected_best,
        0.0,
        float(np.log(_MAX_TRIALS)),
    )
    return float(np.exp(log_trials))


def probabilistic_sharpe(moments: SharpeMoments, benchmark_sharpe: float) -> float:
    """Probability that the true Sharpe ratio exceeds the benchmark, for these moments.

    Phi((SR - SR0) sqrt(T - 1) / sqrt(1 - skewness SR + (kurtosis - 1) / 4 SR^2)).
    """
    sharpe = moments.sharpe
    spread = 1 - moments.skewness * sharpe + (moments.kurtosis - 1) / 4 * sharpe**2
    distance = (sharpe - benchmark_sharpe) * np.sqrt(moments.n_sessions - 1)
    if spread <= 0:  # only P&L of two values reaches it; the error then vanishes
        return float(np.heaviside(distance, 0.5))
    return float(norm.cdf(distance / np.sqrt(spread)))


def chance_variance(n_sessions: int) -> float:
    """Variance of the Sharpe ratio of independent normal P&L without skill, from Student's t."""
    if n_sessions < _MIN_SESSIONS:
        return float("inf")
    return (n_sessions - 1) / (n_sessions - 3) / n_sessions


def sharpe_moments(daily_pnl_usd: Sequence[float] | npt.ArrayLike) -> SharpeMoments | None:
    """Moments of the sessions' P&L; None below four sessions, or if all are equal."""
    pnl = np.asarray(daily_pnl_usd, dtype=np.float64)
    if len(pnl) < _MIN_SESSIONS or np.ptp(pnl) == 0:
        return None
    deviation = pnl - pnl.mean()
    variance = np.mean(deviation**2)
    return SharpeMoments(
        sharpe=float(pnl.mean() / pnl.std(ddof=1)),
        skewness=float(np.mean(deviation**3) / variance**1.5),
        kurtosis=float(np.mean(deviation**4) / variance**2),
        n_sessions=len(pnl),
    )


def trial_spread(trials: TrialBlocks, *, seed: int = 0) -> TrialSpread | None:
    """Measure the trials' spread and dependence on their P&L by block; None below two trials.

    A block's Sharpe ratio is divided by the root of its sessions to be one of a session.
    """
    deviation = trials.net_pnl - trials.net_pnl.mean(axis=1, keepdims=True)
    error = np.sqrt((deviation**2).sum(axis=1))
    varying = error > 0
    if varying.sum() < 2 or trials.n_blocks < _MIN_BLOCKS:
        return None
    n_trials = int(varying.sum())
    sharpe = trials.net_pnl[varying].mean(axis=1) / error[varying] * np.sqrt(trials.n_blocks - 1)
    sessions_per_block = trials.n_sessions / trials.n_blocks
    direction = (deviation[varying] / error[varying, None]).sum(axis=0)
    correlation = float((direction @ direction - n_trials) / (n_trials * (n_trials - 1)))
    return TrialSpread(
        sharpe_variance=float(np.var(sharpe, ddof=1)) / sessions_per_block,
        effective_trials=min(_effective_trials(trials.net_pnl[varying], seed), float(n_trials)),
        trials_by_correlation=correlation + (1 - correlation) * n_trials,
        average_correlation=correlation,
        n_trials=trials.n_trials,
    )


def deflated_sharpe(
    daily_pnl_usd: Sequence[float] | npt.ArrayLike, spread: TrialSpread | None
) -> DeflatedSharpe:
    """Deflate the Sharpe ratio of the chosen trial's P&L by session."""
    moments = sharpe_moments(daily_pnl_usd)
    luck = chance_variance(len(np.asarray(daily_pnl_usd)))
    benchmark = _benchmark(luck, spread.effective_trials) if spread else None
    published = _benchmark(spread.sharpe_variance, spread.trials_by_correlation) if spread else None
    return DeflatedSharpe(
        probability_fraction=_probability(moments, benchmark),
        published_probability_fraction=_probability(moments, published),
        undeflated_probability_fraction=_probability(moments, 0.0),
        sharpe=moments.sharpe if moments else None,
        benchmark_sharpe=benchmark,
        skewness=moments.skewness if moments else None,
        kurtosis=moments.kurtosis if moments else None,
        n_sessions=len(np.asarray(daily_pnl_usd)),
        effective_trials=spread.effective_trials if spread else None,
        trials_by_correlation=spread.trials_by_correlation if spread else None,
        average_correlation=spread.average_correlation if spread else None,
    )


def _benchmark(sharpe_variance: float, n_trials: float) -> float | None:
    benchmark = float(np.sqrt(sharpe_variance)) * expected_maximum(n_trials)
    return benchmark if np.isfinite(benchmark) else None


def _probability(moments: SharpeMoments | None, benchmark: float | None) -> float | None:
    if moments is None or benchmark is None:
        return None
    return probabilistic_sharpe(moments, benchmark)


def _effective_trials(net_pnl: FloatArray, seed: int) -> float:
    """Independent trials whose expected best equals that of these under random signs of blocks."""
    length = np.sqrt((net_pnl**2).sum(axis=1, keepdims=True))
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (net_pnl.shape[1], _N_SIGN_DRAWS))
    best, worst = np.full(_N_SIGN_DRAWS, -np.inf), np.full(_N_SIGN_DRAWS, np.inf)
    for start in range(0, len(net_pnl), _CHUNK_TRIALS):
        rows = slice(start, start + _CHUNK_TRIALS)
        standardised = (net_pnl[rows] / length[rows]) @ signs  # each of variance 1 over all signs
        best = np.maximum(best, standardised.max(axis=0))
        worst = np.minimum(worst, standardised.min(axis=0))
    return trials_with_expected_maximum(float((best.mean() - worst.mean()) / 2))
