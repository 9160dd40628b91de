"""Coordinator: the loop of a study, between the sampler, the evaluator and the store.

It asks a batch of a fixed size, has it evaluated, and tells the outcomes in trial order, so that
the study does not depend on how many workers there are or when they finish. A batch is told whole
or not at all, and stored at its end: a run that is killed leaves a whole number of batches.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState

from optimize.dedup import DuplicateSource, SeenCombos, combo_key
from optimize.flusher import Flusher
from optimize.objective import Outcome
from optimize.results import DUPLICATE_SOURCE, PRUNE_REASON, StopReason
from optimize.sampler import DUPLICATE
from optimize.search_space import SearchSpace
from optimize.settings import StudySettings
from optimize.study_store import FAIL_REASON
from optimize.workers import Evaluator, Interrupted
from strategy.errors import TooManyFailuresError

MAX_FAILED_FRACTION = 0.1  # of this run's attempts
_FEWEST_ATTEMPTS = 20  # before failures are judged within a run


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


@dataclass(frozen=True, kw_only=True)
class _Asked:
    trial: optuna.Trial
    key: str
    duplicate: DuplicateSource | None


class Coordinator:
    """Drives one in-memory study until there is a reason to stop.

    Args:
        study: In memory, with the stored trials and a sampler.
        seen: Combinations already tried.
        queue: Combinations to try first, each with user attributes that say why.
        space: The search space.
        settings: The knobs.
        evaluator: Does the work.
        flusher: Stores what was told.
        stop: Ends the run after the current batch, or in its middle.
        make_sampler: A new sampler for the trials from a number on; None keeps the study's.
    """

    def __init__(
        self,
        *,
        study: optuna.Study,
        seen: SeenCombos,
        queue: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
        space: SearchSpace,
        settings: StudySettings,
        evaluator: Evaluator,
        flusher: Flusher,
        stop: threading.Event,
        progress: Callable[[StudyProgress], None] | None = None,
        make_sampler: Callable[[int], optuna.samplers.BaseSampler] | None = None,
    ) -> None:
        self.study = study
        self.seen = seen
        self.queue = deque(queue)
        self.n_told = len(study.get_trials(deepcopy=False))
        self.interrupted = False
        self._space = space
        self._distributions: dict[str, BaseDistribution] = {
            name: CategoricalDistribution(tuple(values)) for name, values in space.items()
        }
        self._settings = settings
        self._evaluator = evaluator
        self._flusher = flusher
        self._stop = stop
        self._progress = progress
        self._make_sampler = make_sampler
        self._counts = _Counts.of(study.get_trials(deepcopy=False))
        self._n_before = self.n_told
        self._n_failed_before = self._counts.failed
        self._began = time.monotonic()

    def run(self) -> StopReason | None:
        """Run until there is a reason to stop; None if that was a request.

        Raises:
            TooManyFailuresError: more than a tenth of this run's attempts failed.
            DatabaseError: the database stayed away.
        """
        reason = self._reason_to_stop()
        if reason == "completed":
            return "nothing to do"
        while reason is None and not self._stop.is_set():
            try:
                self._one_batch()
            except Interrupted:
                break
            reason = self._reason_to_stop()
        self._flusher.close()
        self._judge_failures(fewest=1)
        return reason

    def _one_batch(self) -> None:
        asked = self._ask(self._batch_size())
        fresh = [a for a in asked if a.duplicate is None]
        outcomes = iter(self._evaluator.evaluate([a.trial.params for a in fresh]))
        for one in asked:
            self._tell(one, None if one.duplicate else next(outcomes))
        trials = self.study.get_trials(deepcopy=False)
        self._flusher.add(trials[self.n_told :])
        self.n_told = len(trials)
        self._report()
        self._judge_failures(fewest=_FEWEST_ATTEMPTS)

    def _ask(self, n: int) -> list[_Asked]:
        if self._make_sampler is not None:
            self.study.sampler = self._make_sampler(self.n_told)
        asked = []
        for _ in range(n):
            if self.queue:
                params, attributes = self.queue.popleft()
                self.study.enqueue_trial(dict(params), user_attrs=dict(attributes))
            elif len(self.seen) >= self._space.size:
                break
            trial = self.study.ask(self._distributions)
            key = combo_key(trial.params)
            source = self.seen.source(key)
            self.seen.add(key, "memory")
            asked.append(_Asked(trial=trial, key=key, duplicate=source))
        return asked

    def _tell(self, asked: _Asked, outcome: Outcome | None) -> None:
        state, value, attributes = _record(asked.duplicate, outcome)
        for name, attribute in attributes.items():
            asked.trial.set_user_attr(name, attribute)
        self.study.tell(asked.trial, value, state)
        self._counts.add(state, value)

    def _batch_size(self) -> int:
        return min(
            self._settings.ask_batch,
            self._settings.n_trials - self._counts.complete,
            self._settings.max_attempt_limit - self._counts.attempts,
        )

    def _reason_to_stop(self) -> StopReason | None:
        if self._counts.complete >= self._settings.n_trials:
            return "completed"
        if not self.queue and len(self.seen) >= self._space.size:
            return "search space exhausted"
        if self._counts.attempts >= self._settings.max_attempt_limit:
            return "attempt limit reached"
        return None

    def _judge_failures(self, fewest: int) -> None:
        n_attempts = self.n_told - self._n_before
        n_failed = self._counts.failed - self._n_failed_before
        if n_attempts >= fewest and n_failed > MAX_FAILED_FRACTION * n_attempts:
            self._flusher.close()
            trials = self.study.get_trials(deepcopy=False)
            failed = next(t for t in reversed(trials) if t.state == TrialState.FAIL)
            raise TooManyFailuresError(
                f"{n_failed} of {n_attempts} trials failed, the last with "
                f"{failed.user_attrs.get('error')} on {failed.params}",
                expected="at most a tenth",
                remedy="mend the fault; the study resumes with the same command",
            )

    def _report(self) -> None:
        if self._progress is None:
            return
        seconds = time.monotonic() - self._began
        self._progress(
            StudyProgress(
                study_name=self.study.study_name,
                n_complete=self._counts.complete,
                n_target=self._settings.n_trials,
                n_pruned=self._counts.pruned,
                n_failed=self._counts.failed,
                n_attempts=self._counts.attempts,
                max_attempts=self._settings.max_attempt_limit,
                best_value=self._counts.best,
                trials_per_second=(self.n_told - self._n_before) / max(seconds, 1e-9),
            )
        )


@dataclass
class _Counts:
    complete: int = 0
    pruned: int = 0
    failed: int = 0
    best: float | None = None

    @classmethod
    def of(cls, trials: Sequence[FrozenTrial]) -> "_Counts":
        counts = cls()
        for trial in trials:
            counts.add(trial.state, trial.value)
        return counts

    @property
    def attempts(self) -> int:
        return self.complete + self.pruned + self.failed

    def add(self, state: TrialState, value: float | None) -> None:
        self.pruned += state == TrialState.PRUNED
        self.failed += state == TrialState.FAIL
        if state == TrialState.COMPLETE and value is not None:
            self.complete += 1
            self.best = value if self.best is None else max(self.best, value)


def _record(
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
