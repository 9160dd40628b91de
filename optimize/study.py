"""run_study: one study from its settings to its summary, resumed if it is stored already.

What belongs here is the order of things. The loop itself is `optimize.coordinator`, the stored
side `optimize.study_store`, the way in for readers `optimize.catalog`.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from optimize import warm_start
from optimize.catalog import StudyInfo, latest_study_name, list_studies, open_study
from optimize.coordinator import Coordinator, StudyProgress
from optimize.database import DatabaseSettings
from optimize.dedup import SeenCombos, combo_key
from optimize.driver import Driver
from optimize.flusher import Flusher
from optimize.identity import StudyIdentity, identify
from optimize.memory import memory_study, quiet_optuna
from optimize.objective import BacktestObjective, Objective
from optimize.results import StudySummary, summarize
from optimize.sampler import DUPLICATE, RETRY
from optimize.samplers import make_sampler, optuna_sampler_factory
from optimize.search_space import SearchSpace
from optimize.settings import StudySettings
from optimize.study_store import NewTrial, StudyStore, open_store
from optimize.workers import Evaluator, InProcess, WorkerPool
from strategy.date_range import DateRange
from strategy.errors import StudyInterruptedError
from strategy.session import SessionData

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
        objective: Instead of the backtest; picklable if there is more than one worker.

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
    run = _Run(settings, identity, search_space, fixed_params, stop or threading.Event())
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
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._space = space
        self._fixed_params = fixed_params
        self._stop = stop
        self._began = time.monotonic()

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
        )
        try:
            store = open_store(driver, database, self._identity.study_name)
            evaluator = self._evaluator(objective)
            try:
                return self._drive(driver, store, evaluator, progress)
            finally:
                evaluator.close()
        finally:
            driver.close()

    def _evaluator(self, objective: Objective) -> Evaluator:
        if self._settings.workers == 1:
            return InProcess(objective, self._stop)
        return WorkerPool(objective, self._settings.workers, self._stop)

    def _drive(
        self,
        driver: Driver,
        store: StudyStore,
        evaluator: Evaluator,
        progress: Callable[[StudyProgress], None] | None,
    ) -> StudySummary:
        if not self._settings.enable_persistence:
            store.delete()
        attributes, _ = store.open(self._first_attributes(driver))
        self._identity.verify(attributes)
        stored = store.load()
        seen = SeenCombos()
        queue = self._queue(stored, attributes)
        for key in store.load_keys():
            seen.add(key, "database")
        for trial in stored:
            if not trial.user_attrs.get(RETRY):
                seen.add(combo_key(trial.params), "database")
        queue = [entry for entry in queue if seen.source(combo_key(entry[0])) is None]
        study = memory_study(
            self._identity.study_name,
            attributes,
            stored,
            make_sampler(self._settings, self._space),
        )
        flusher = Flusher(lambda trials: store.append([_new(trial) for trial in trials]))
        coordinator = Coordinator(
            study=study,
            seen=seen,
            queue=queue,
            space=self._space,
            settings=self._settings,
            evaluator=evaluator,
            flusher=flusher,
            stop=self._stop,
            progress=progress,
            make_sampler=optuna_sampler_factory(self._settings),
        )
        reason = coordinator.run()
        trials = study.get_trials(deepcopy=False)[: coordinator.n_told]
        if reason is None:
            raise self._interrupted(trials)
        return summarize(
            trials,
            fixed_params=self._fixed_params,
            n_before=len(stored),
            seconds=time.monotonic() - self._began,
            study_name=self._identity.study_name,
            warm_started_from=(attributes.get(warm_start.ATTRIBUTE) or {}).get("study"),
            stop_reason=reason,
            search_space_size=self._space.size,
        )

    def _first_attributes(self, driver: Driver) -> dict[str, Any]:
        """The user attributes that a new study gets; a stored one keeps its own."""
        attributes = self._identity.as_attributes()
        if self._settings.enable_persistence:
            attributes[warm_start.ATTRIBUTE] = driver.transaction(
                lambda connection: warm_start.warm_start(
                    connection,
                    prefix=self._identity.prefix,
                    study_name=self._identity.study_name,
                    space=self._space,
                )
            )
        return attributes

    def _queue(
        self, stored: Sequence[FrozenTrial], attributes: Mapping[str, Any]
    ) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """What to try first: combinations of dead runs, then the previous study's best."""
        retries = [
            (params, {"retry_of": trial.number})
            for trial in stored
            if trial.state == TrialState.FAIL and trial.user_attrs.get(RETRY)
            if (params := trial.params or trial.system_attrs.get("fixed_params"))
        ]
        return [*retries, *warm_start.queue_of(attributes.get(warm_start.ATTRIBUTE))]

    def _interrupted(self, trials: Sequence[FrozenTrial]) -> StudyInterruptedError:
        return StudyInterruptedError(
            f"study {self._identity.study_name} was stopped on request after {len(trials)} trials",
            remedy="run the same command again to resume it: all of them are stored",
        )


def _new(trial: FrozenTrial) -> NewTrial:
    is_duplicate = bool(trial.user_attrs.get(DUPLICATE))
    return NewTrial(trial=trial, key=None if is_duplicate else combo_key(trial.params))
