"""Hansen's test of superior predictive ability: does any trial beat not trading?

Hansen (2005), A Test for Superior Predictive Ability, by package `arch`, which takes losses: a
trial's loss is its negative P&L, the benchmark's is zero. The null hypothesis is that the best of
the trials earns nothing; the p-value takes into account that it is the best of many.

Done on the P&L by block, in units of the trial's mean risk by block, so that a trial's mean is its
return on risk, the objective itself. Dividing by the standard deviation instead, as Hansen does on
long samples, rejects nine times of ten without any edge here: of a thousand deviations estimated
from ten blocks some come out tiny. (`arch` compares plain means whatever its `studentize` says; it
uses the variances for the recentring alone.)

The set of trials is bounded by an even draw, so that the p-value is exact for that set. It must not
be a selection of the best: those would be compared with a null distribution of too few trials.
"""

from dataclasses import dataclass

import numpy as np
from arch.bootstrap import SPA

from optimize.statistics.block_sums import TrialBlocks

MAX_TRIALS = 2_000
N_RESAMPLES = 1_000
_MIN_BLOCKS = 6  # fewer give a handful of different resamples


@dataclass(frozen=True, kw_only=True)
class SuperiorAbility:
    """P-values of the hypothesis that no trial beats not trading; None where not testable."""

    p_value_fraction: float | None  # Hansen's consistent one
    p_value_lower_fraction: float | None  # liberal: trials worse than the benchmark do not count
    p_value_upper_fraction: float | None  # conservative: White's reality check
    n_tested: int  # trials drawn
    n_blocks: int


def superior_ability(
    trials: TrialBlocks,
    *,
    max_trials: int = MAX_TRIALS,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> SuperiorAbility:
    """Test the trials' P&L by block against not trading; blocks are resampled as independent."""
    drawn = trials.sample(max_trials, seed)
    if trials.n_blocks < _MIN_BLOCKS or not trials.n_trials:
        return SuperiorAbility(
            p_value_fraction=None,
            p_value_lower_fraction=None,
            p_value_upper_fraction=None,
            n_tested=0,
            n_blocks=trials.n_blocks,
        )
    mean_risk = drawn.risk.mean(axis=1, keepdims=True)
    losses = -(drawn.net_pnl / mean_risk).T  # (n_blocks, n_tested)
    test = SPA(np.zeros(trials.n_blocks), losses, block_size=1, reps=n_resamples, seed=seed)
    test.compute()
    return SuperiorAbility(
        p_value_fraction=float(test.pvalues["consistent"]),
        p_value_lower_fraction=float(test.pvalues["lower"]),
        p_value_upper_fraction=float(test.pvalues["upper"]),
        n_tested=drawn.n_trials,
        n_blocks=trials.n_blocks,
    )
