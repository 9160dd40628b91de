"""run_study: one study from its settings to its summary, resumed if it is stored already.

What belongs here is the order of things. The loop itself is `optimize.study.coordinator`, the
stored side `optimize.storage.study_store`, the way in for readers `optimize.storage.catalog`.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from optuna.trial import FrozenTrial

from optimize.database.connect import DatabaseSettings
from optimize.sampler.unseen import DUPLICATE
from optimize.storage.catalog import StudyInfo, latest_study_name, list_studies, open_study
from optimize.storage.dedup import combo_key
from optimize.storage.driver import Driver, tell_nobody
from optimize.storage.flusher import Flusher
from optimize.storage.memory import quiet_optuna, settled_heap
from optimize.storage.study_store import NewTrial, StudyStore, open_store
from optimize.study.begin import StudyStart, begin
from optimize.study.coordinator import Coordinator
from optimize.study.identity import StudyIdentity, identify
from optimize.study.objective import BacktestObjective, Objective
from optimize.study.results import StopReason, StudySummary, summarize
from optimize.study.settings import StudySettings
from optimize.study.shared import SharedCoordinator
from optimize.study.tally import StudyProgress
from optimize.study.workers import Evaluator
from strategy.date_range import DateRange
from strategy.errors import (
    DatabaseError,
    ResourceError,
    RorqError,
    StudyBusyError,
    StudyInterruptedError,
)
from strategy.session import SessionData
from strategy.space import SearchSpace

__all__ = [
    "StudyInfo",
    "StudyProgress",
    "StudySettings",
    "StudySummary",
    "latest_study_name",
    "list_studies",
    "open_study",
    "run_study",
]


def run_study(
    *,
    settings: StudySettings,
    date_range: DateRange,
    sessions: Sequence[SessionData],
    search_space: SearchSpace,
    fixed_params: Mapping[str, Any],
    database: DatabaseSettings,
    progress: Callable[[StudyProgress], None] | None = None,
    stop: threading.Event | None = None,
    objective: Objective | None = None,
    tell: Callable[[str], None] | None = None,
) -> StudySummary:
    """Run or resume a study until its stop rule holds.

    Args:
        settings: The knobs.
        date_range: What the sessions are of; part of the study's name.
        sessions: The market data.
        search_space: The combinations.
        fixed_params: Strategy parameters that are not searched; the rest keep their defaults.
        database: Where the study is kept.
        progress: Called after each batch.
        stop: Once set, the run ends soon and can be resumed.
        objective: Instead of the backtest; with several workers, called from several threads.
        tell: Called with a line when another run of the study is waited for.

    Raises:
        StudyError: busy, mismatched, interrupted, or failing too often.
        DatabaseError: not reached, or gone for more than five minutes.
        ParameterError: fixed parameters that the strategy does not admit.
    """
    identity = identify(
        base_name=settings.study_name,
        date_range=date_range,
        sessions=sessions,
        search_space=search_space,
        fixed_params=fixed_params,
        min_trade_threshold=settings.min_trade_threshold,
    )
    if objective is None:
        objective = BacktestObjective(
            sessions=sessions,
            fixed_params=fixed_params,
            min_trade_threshold=settings.min_trade_threshold,
        )
    run = _Run(settings, identity, search_space, fixed_params, stop or threading.Event(), tell)
    with quiet_optuna():
        return run(database, objective, progress)


class _Run:
    """One call of run_study, step by step."""

    def __init__(
        self,
        settings: StudySettings,
        identity: StudyIdentity,
        space: SearchSpace,
        fixed_params: Mapping[str, Any],
        stop: threading.Event,
        tell: Callable[[str], None] | None,
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._space = space
        self._fixed_params = fixed_params
        self._stop = stop
        self._tell = tell or tell_nobody

    def __call__(
        self,
        database: DatabaseSettings,
        objective: Objective,
        progress: Callable[[StudyProgress], None] | None,
    ) -> StudySummary:
        driver = Driver(
            database,
            self._identity.study_name,
            shared=self._settings.shared,
            lock_wait_seconds=self._settings.lock_wait_seconds,
            stop=self._stop,
            tell=self._tell,
        )
        try:
            store = open_store(driver, database, self._identity.study_name)
            evaluator = Evaluator(objective, self._settings.workers, self._stop)
            try:
                return self._drive(driver, store, evaluator, progress)
            finally:
                evaluator.close()
        finally:
            driver.close()

    def _drive(
        self,
        driver: Driver,
        store: StudyStore,
        evaluator: Evaluator,
        progress: Callable[[StudyProgress], None] | None,
    ) -> StudySummary:
        start = begin(
            driver, store, identity=self._identity, space=self._space, settings=self._settings
        )
        about = {
            "study": start.study,
            "seen": start.seen,
            "queue": start.queue,
            "space": self._space,
            "settings": self._settings,
            "evaluator": evaluator,
            "stop": self._stop,
            "progress": progress,
        }
        coordinator = self._coordinator(store, start, about)
        reason = self._until_it_ends(coordinator)
        trials = store.load() if driver.shared else coordinator.told_trials()
        if reason is None:
            raise self._interrupted(trials)
        return summarize(
            trials,
            fixed_params=self._fixed_params,
            n_before=start.n_stored,
            seconds=coordinator.seconds,
            study_name=self._identity.study_name,
            warm_started_from=start.warm_started_from,
            stop_reason=reason,
            search_space_size=self._space.size,
        )

    def _until_it_ends(self, coordinator: Coordinator) -> StopReason | None:
        """Run the loop; whatever ends it, what has been told is stored if it can be."""
        try:
            with settled_heap():
                return coordinator.run()
        except (DatabaseError, ResourceError, StudyBusyError):
            coordinator.flusher.abandon()
            raise
        except BaseException:
            self._stop.set()  # the database is waited for no longer than a stop admits
            with suppress(RorqError):
                coordinator.flusher.close()
            raise

    def _coordinator(
        self, store: StudyStore, start: StudyStart, about: dict[str, Any]
    ) -> Coordinator:
        if not self._settings.shared:
            return Coordinator(flusher=Flusher(lambda t: store.append(_new(t))), **about)
        coordinator = SharedCoordinator(
            store=store,
            rebuild=lambda: start.with_trials(store.load()),
            flusher=Flusher(lambda t: coordinator.note_lost(store.append(_new(t)))),
            **about,
        )
        return coordinator

    def _interrupted(self, trials: Sequence[FrozenTrial]) -> StudyInterruptedError:
        return StudyInterruptedError(
            f"study {self._identity.study_name} was stopped on request after {len(trials)} trials",
            remedy="run the same command again to resume it: all of them are stored",
        )


def _new(trials: Sequence[FrozenTrial]) -> list[NewTrial]:
    """What the store needs; a duplicate claims no combination."""
    return [
        NewTrial(
            trial=trial,
            key=None if trial.user_attrs.get(DUPLICATE) else combo_key(trial.params),
        )
        for trial in trials
    ]
