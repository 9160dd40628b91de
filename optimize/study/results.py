"""StudySummary: what a study came to, for tables, metadata and artifacts."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial, TrialState

from optimize.sampler.unseen import DUPLICATE
from strategy.errors import StudyMismatchError
from strategy.space import strategy_params

StopReason = Literal[
    "completed", "attempt limit reached", "search space exhausted", "nothing to do", "stored"
]
PRUNE_REASON = "prune_reason"
DUPLICATE_SOURCE = "duplicate_source"
DUPLICATE_SOURCES = ("memory", "database")  # of its values, those of our own
N_TOP_TRIALS = 5
METRICS = (  # user attributes of a trial, named and measured as in strategy.metrics
    "total_trades", "win_rate_percent", "expectancy_usd", "avg_risk_per_trade_usd",
    "return_on_risk_percent", "daily_sharpe", "profit_factor", "max_drawdown_usd", "net_pnl_usd",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TrialSummary:
    """One COMPLETE trial."""

    number: int
    value: float  # return on risk, percent
    params: dict[str, Any]  # the search dimensions
    metrics: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class StudySummary:
    """A study's outcome; counts are of the whole study, seconds and speed of this run."""

    study_name: str
    resumed: bool  # whether the study held trials before this run
    warm_started_from: str | None  # the study whose best trials were tried first
    stop_reason: StopReason
    direction: str
    best_value: float | None  # return on risk, percent; None without a COMPLETE trial
    best_trial_number: int | None
    best_params: dict[str, Any]  # the search dimensions
    best_strategy_params: dict[str, Any]  # all strategy parameters, times as HH:MM:SS
    best_metrics: dict[str, Any]
    n_trials: int  # of any outcome
    n_complete: int
    n_pruned: dict[str, int]  # by reason
    n_duplicates: dict[str, int]  # by source, zeros included
    n_failed: int
    n_evaluated: int  # in this run
    top_trials: tuple[TrialSummary, ...]
    seconds: float  # of this run
    trials_per_second: float | None  # of this run; None where it evaluated nothing
    search_space_size: int

    def to_json_dict(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {**asdict(self), "top_trials": [asdict(trial) for trial in self.top_trials]}


def summarize(
    trials: Sequence[FrozenTrial],
    *,
    fixed_params: Mapping[str, Any],
    n_before: int,
    seconds: float,
    **about: Any,
) -> StudySummary:
    """Count and rank a study's trials.

    Args:
        trials: All of them.
        fixed_params: Strategy parameters that are not searched.
        n_before: Trials that the study had when this run began.
        seconds: How long this run took.
        about: The remaining fields of StudySummary, taken as they are.
    """
    top = top_trials(trials)
    best = top[0] if top else None
    n_new = len(trials) - n_before
    return StudySummary(
        direction="maximize",
        best_value=best.value if best else None,
        best_trial_number=best.number if best else None,
        best_params=best.params if best else {},
        best_strategy_params=_full_params(best, fixed_params),
        best_metrics=best.metrics if best else {},
        n_trials=len(trials),
        n_complete=sum(t.state == TrialState.COMPLETE for t in trials),
        n_pruned=count_by(trials, PRUNE_REASON, TrialState.PRUNED),
        n_duplicates={
            **dict.fromkeys(DUPLICATE_SOURCES, 0),
            **count_by(trials, DUPLICATE_SOURCE, TrialState.PRUNED),
        },
        n_failed=sum(t.state == TrialState.FAIL for t in trials),
        n_evaluated=sum(not t.user_attrs.get(DUPLICATE) for t in trials[n_before:]),
        top_trials=tuple(top),
        resumed=n_before > 0,
        seconds=seconds,
        trials_per_second=n_new / seconds if n_new and seconds > 0 else None,
        **about,
    )


def summarize_stored(study: optuna.Study) -> StudySummary:
    """The summary of a study that is read, not run: nothing of it is of this run.

    Raises:
        StudyMismatchError: the study was not made by this program.
    """
    attributes = study.user_attrs
    if not {"fixed_params", "search_space"} <= attributes.keys():
        raise StudyMismatchError(
            f"study {study.study_name} lacks the attributes of a study of ours",
            expected="fixed_params and search_space",
            remedy="choose one that `rorq study list` shows with a range",
        )
    trials = study.get_trials(deepcopy=False)
    return summarize(
        trials,
        fixed_params=attributes["fixed_params"],
        n_before=len(trials),
        seconds=0.0,
        study_name=study.study_name,
        warm_started_from=(attributes.get("warm_start") or {}).get("study"),
        stop_reason="stored",
        search_space_size=math.prod(len(v) for v in attributes["search_space"].values()),
    )


def top_trials(trials: Sequence[FrozenTrial], n: int = N_TOP_TRIALS) -> list[TrialSummary]:
    """The best COMPLETE trials, best first; of equal ones the earlier."""
    ranked = sorted(
        ((t.value, t) for t in trials if t.state == TrialState.COMPLETE and t.value is not None),
        key=lambda pair: (-pair[0], pair[1].number),
    )
    return [
        TrialSummary(
            number=trial.number,
            value=value,
            params=dict(trial.params),
            metrics={name: trial.user_attrs.get(name) for name in METRICS},
        )
        for value, trial in ranked[:n]
    ]


def count_by(trials: Sequence[FrozenTrial], attribute: str, state: TrialState) -> dict[str, int]:
    """How many trials of a state there are for each value of a user attribute, sorted by it."""
    found = (t.user_attrs.get(attribute) for t in trials if t.state == state)
    return dict(sorted(Counter(str(value) for value in found if value is not None).items()))


def _full_params(best: TrialSummary | None, fixed_params: Mapping[str, Any]) -> dict[str, Any]:
    if best is None:
        return {}
    return strategy_params(best.params, fixed_params).to_json_dict()
