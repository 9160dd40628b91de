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

from optimize.optuna_internals import stored_trial
from optimize.storage.dedup import DuplicateSource, SeenCombos, combo_key
from optimize.storage.flusher import Flusher
from optimize.study.objective import Outcome
from optimize.study.results import StopReason
from optimize.study.settings import StudySettings
from optimize.study.tally import Counts, StudyProgress, record_of
from optimize.study.workers import Evaluator, Interrupted
from strategy.errors import TooManyFailuresError
from strategy.space import SearchSpace

MAX_FAILED_FRACTION = 0.1  # of this run's attempts
_FEWEST_ATTEMPTS = 20  # before failures are judged within a run


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A trial that the sampler has proposed, and whether the study had its combination."""

    trial: optuna.Trial
    params: dict[str, Any]
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
    ) -> None:
        self.study = study
        self.seen = seen
        self.queue = deque(queue)
        self.n_told = len(study.get_trials(deepcopy=False))
        self.seconds = 0.0  # that the loop took
        self.space = space
        self._distributions: dict[str, BaseDistribution] = {
            name: CategoricalDistribution(tuple(values)) for name, values in space.items()
        }
        self.settings = settings
        self.evaluator = evaluator
        self.flusher = flusher
        self.stop = stop
        self._progress = progress
        self.counts = Counts.of(study.get_trials(deepcopy=False))
        self._n_before = self.n_told
        self._n_failed_before = self.counts.failed
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
        while reason is None and not self.stop.is_set():
            try:
                self._one_batch()
            except Interrupted:
                break
            reason = self._reason_to_stop()
        self.flusher.close()
        self.seconds = time.monotonic() - self._began
        self._judge_failures(fewest=1)
        return reason

    def told_trials(self) -> list[FrozenTrial]:
        """The study's trials without those of a batch that was given up."""
        return self.study.get_trials(deepcopy=False)[: self.n_told]

    def _one_batch(self) -> None:
        asked = self._ask(self._batch_size())
        fresh = [a for a in asked if a.duplicate is None]
        outcomes = iter(self.evaluator.evaluate([a.params for a in fresh]))
        told = [self._tell(one, None if one.duplicate else next(outcomes)) for one in asked]
        self.n_told += len(told)
        self._keep(told)
        self._report()
        self._judge_failures(fewest=_FEWEST_ATTEMPTS)

    def _keep(self, told: Sequence[FrozenTrial]) -> None:
        """Have a batch stored, now or later."""
        self.flusher.add(told)

    def _ask(self, n: int) -> list[Asked]:
        asked = []
        for _ in range(n):
            if self.queue:
                params, attributes = self.queue.popleft()
                self.study.enqueue_trial(dict(params), user_attrs=dict(attributes))
            elif len(self.seen) >= self.space.size:
                break
            trial = self.study.ask(self._distributions)
            params = stored_trial(self.study, trial).params
            key = combo_key(params)
            source = self.seen.source(key)
            self.seen.add(key, "memory")
            asked.append(Asked(trial=trial, params=params, key=key, duplicate=source))
        return asked

    def _tell(self, asked: Asked, outcome: Outcome | None) -> FrozenTrial:
        state, value, attributes = record_of(asked.duplicate, outcome)
        for name, attribute in attributes.items():
            asked.trial.set_user_attr(name, attribute)
        self.study.tell(asked.trial, value, state)
        self.counts.add(state, value)
        return stored_trial(self.study, asked.trial)

    def _batch_size(self) -> int:
        return min(
            self.settings.ask_batch,
            self.settings.n_trials - self.counts.complete,
            self.settings.max_attempt_limit - self.counts.attempts,
        )

    def _reason_to_stop(self) -> StopReason | None:
        if self.counts.complete >= self.settings.n_trials:
            return "completed"
        if not self.queue and len(self.seen) >= self.space.size:
            return "search space exhausted"
        if self.counts.attempts >= self.settings.max_attempt_limit:
            return "attempt limit reached"
        return None

    def _judge_failures(self, fewest: int) -> None:
        n_attempts = self.n_told - self._n_before
        n_failed = self.counts.failed - self._n_failed_before
        if n_attempts >= fewest and n_failed > MAX_FAILED_FRACTION * n_attempts:
            self.flusher.close()
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
                n_complete=self.counts.complete,
                n_target=self.settings.n_trials,
                n_pruned=self.counts.pruned,
                n_failed=self.counts.failed,
                n_attempts=self.counts.attempts,
                max_attempts=self.settings.max_attempt_limit,
                best_value=self.counts.best,
                trials_per_second=(self.n_told - self._n_before) / max(seconds, 1e-9),
            )
        )
