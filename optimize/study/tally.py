"""What a study's trials come to while it runs: their records, their counts, its progress."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from optimize.sampler.unseen import DUPLICATE
from optimize.storage.dedup import DuplicateSource
from optimize.storage.study_rows import FAIL_REASON
from optimize.study.objective import Outcome
from optimize.study.results import DUPLICATE_SOURCE, PRUNE_REASON


@dataclass(frozen=True, kw_only=True)
class StudyProgress:
    """Where a study stands, after each batch."""

    study_name: str
    n_complete: int
    n_target: int  # trials to complete
    n_pruned: int
    n_failed: int
    n_attempts: int
    max_attempts: int
    best_value: float | None  # return on risk, percent
    trials_per_second: float  # of this run


@dataclass
class Counts:
    """Trials by outcome, and the best value so far."""

    complete: int = 0
    pruned: int = 0
    failed: int = 0
    best: float | None = None

    @classmethod
    def of(cls, trials: Sequence[FrozenTrial]) -> "Counts":
        """Count a study's trials."""
        counts = cls()
        for trial in trials:
            counts.add(trial.state, trial.value)
        return counts

    @property
    def attempts(self) -> int:
        """Trials of any outcome."""
        return self.complete + self.pruned + self.failed

    def add(self, state: TrialState, value: float | None) -> None:
        """Count one more trial."""
        self.pruned += state == TrialState.PRUNED
        self.failed += state == TrialState.FAIL
        if state == TrialState.COMPLETE and value is not None:
            self.complete += 1
            self.best = value if self.best is None else max(self.best, value)


def record_of(
    duplicate: DuplicateSource | None, outcome: Outcome | None
) -> tuple[TrialState, float | None, dict[str, Any]]:
    """State, value and user attributes of a trial."""
    if outcome is None:
        marks = {DUPLICATE: True, DUPLICATE_SOURCE: duplicate, PRUNE_REASON: DUPLICATE}
        return TrialState.PRUNED, None, marks
    attributes = dict(outcome.attributes)
    if outcome.error is not None:
        return (
            TrialState.FAIL,
            None,
            {**attributes, FAIL_REASON: "exception", "error": outcome.error},
        )
    if outcome.prune_reason is not None:
        return TrialState.PRUNED, None, {**attributes, PRUNE_REASON: outcome.prune_reason}
    return TrialState.COMPLETE, outcome.value, attributes
