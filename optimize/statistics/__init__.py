"""How far to believe a result: selection statistics, out of sample, walk-forward, the verdict.

Pure functions of arrays and backtests: nothing here reads a file or a database.
"""

from optimize.statistics.block_sums import TrialBlocks, surface_trials, trial_blocks
from optimize.statistics.bootstrap import Interval, bootstrap_intervals
from optimize.statistics.deflated_sharpe import DeflatedSharpe, deflated_sharpe, trial_spread
from optimize.statistics.out_of_sample import (
    FollowingSessions,
    OutOfSample,
    following_sessions,
    kept_fraction,
    out_of_sample,
)
from optimize.statistics.overfitting import Overfitting, probability_of_overfitting
from optimize.statistics.selection import SelectionStatistics, selection_statistics
from optimize.statistics.session_sums import SessionSums, session_sums, trade_sessions
from optimize.statistics.verdict import Evidence, Verdict, judge
from optimize.statistics.walk_forward import (
    WalkForward,
    WalkForwardStep,
    in_order,
    plan_walk_forward,
    walk_forward,
)
from optimize.verdict_settings import VerdictSettings

__all__ = [
    "DeflatedSharpe",
    "Evidence",
    "FollowingSessions",
    "Interval",
    "OutOfSample",
    "Overfitting",
    "SelectionStatistics",
    "SessionSums",
    "TrialBlocks",
    "Verdict",
    "VerdictSettings",
    "WalkForward",
    "WalkForwardStep",
    "bootstrap_intervals",
    "deflated_sharpe",
    "following_sessions",
    "in_order",
    "judge",
    "kept_fraction",
    "out_of_sample",
    "plan_walk_forward",
    "probability_of_overfitting",
    "selection_statistics",
    "session_sums",
    "surface_trials",
    "trade_sessions",
    "trial_blocks",
    "trial_spread",
    "walk_forward",
]
