"""SharedCoordinator: one of several runs that drive a study together.

Before a batch is evaluated its combinations are claimed in the database, so that no two runs
evaluate the same one. After it, the trials are stored at once and those of the others taken in.
Claims of runs that have died are released and tried here. The order of trials depends on who was
faster, so a shared study cannot be reproduced from its seed.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from optimize.optuna_internals import add_trial
from optimize.sampler.unseen import RETRY
from optimize.storage.dedup import combo_key
from optimize.storage.study_store import StudyStore
from optimize.study.coordinator import Asked, Coordinator
from optimize.study.results import StopReason
from optimize.study.tally import Counts
from strategy.errors import ParameterError

_POLL_SECONDS = 0.25  # between looks at what the others still hold


class SharedCoordinator(Coordinator):
    """A Coordinator that claims, stores and takes in at every batch.

    Args:
        store: The study's stored side.
        rebuild: Reads the study anew, with a new sampler.
        about: The arguments of Coordinator.
    """

    def __init__(
        self, *, store: StudyStore, rebuild: Callable[[], optuna.Study], **about: Any
    ) -> None:
        super().__init__(**about)
        self._store = store
        self._rebuild = rebuild
        self._lost = False

    def run(self) -> StopReason | None:
        """See Coordinator; claims that dead runs have left are released at the end."""
        reason = super().run()
        self._store.release()
        self._store.release_dead()
        return reason

    def note_lost(self, keys: set[str]) -> None:
        """Another run had stored these first: what is in memory is no longer what is stored."""
        self._lost = self._lost or bool(keys)

    def _ask(self, n: int) -> list[Asked]:
        asked = super()._ask(n)
        got = self._store.claim([a.key for a in asked if a.duplicate is None])
        return [
            a if a.duplicate or a.key in got else replace(a, duplicate="database") for a in asked
        ]

    def _keep(self, told: Sequence[FrozenTrial]) -> None:
        self.flusher.add(told)
        self.flusher.flush()
        self._take_in()

    def _take_in(self) -> None:
        if self._lost:
            self._lost = False
            self.study = self._rebuild()
            self.counts = Counts.of(self.study.get_trials(deepcopy=False))
        for trial in self._store.load_new():
            add_trial(self.study, trial)
            self.counts.add(trial.state, trial.value)
            if not trial.user_attrs.get(RETRY):
                self.seen.add(combo_key(trial.params), "database")
        self.n_told = len(self.study.get_trials(deepcopy=False))

    def _reason_to_stop(self) -> StopReason | None:
        reason = super()._reason_to_stop()
        while reason == "search space exhausted" and not self.stop.is_set():
            released, n_open = self._store.release_dead()
            self._try_again(released)
            self._take_in()
            reason = super()._reason_to_stop()
            if n_open == 0:
                break
            time.sleep(_POLL_SECONDS)
        return reason

    def _try_again(self, keys: Sequence[str]) -> None:
        """Put combinations that a dead run had claimed before all others."""
        for key in keys:
            try:
                index = self.space.index_of(json.loads(key))
            except (ParameterError, ValueError):
                continue
            self.seen.discard(key)
            self.queue.append((self.space.combination(index), {"retry_of_dead_claim": True}))
