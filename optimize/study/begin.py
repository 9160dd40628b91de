"""The beginning of a run: the stored study, as the coordinator needs it in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from optimize.optuna_internals import FIXED_PARAMS
from optimize.sampler.unseen import RETRY
from optimize.storage.dedup import SeenCombos, combo_key
from optimize.storage.driver import Driver
from optimize.storage.memory import memory_study
from optimize.storage.study_store import StudyStore
from optimize.study import warm_start
from optimize.study.identity import StudyIdentity
from optimize.study.sampling import make_sampler
from optimize.study.settings import StudySettings
from strategy.backtest_range import canonical_key
from strategy.space import SearchSpace

Queue = list[tuple[dict[str, Any], dict[str, Any]]]  # combinations and their user attributes


@dataclass(frozen=True, kw_only=True)
class StudyStart:
    """What a run begins with."""

    study: optuna.Study  # in memory, with our sampler
    seen: SeenCombos
    queue: Queue  # to try first
    n_stored: int  # trials that the study had
    warm_started_from: str | None  # the previous study's name
    with_trials: Callable[[Sequence[FrozenTrial]], optuna.Study]  # the study anew


def begin(
    driver: Driver,
    store: StudyStore,
    *,
    identity: StudyIdentity,
    space: SearchSpace,
    settings: StudySettings,
) -> StudyStart:
    """Create or open the study and read it.

    Raises:
        StudyMismatchError: the stored study is not this identity's.
    """
    if not settings.enable_persistence:
        store.delete()
    attributes, _ = store.open(_first_attributes(driver, identity, space, settings))
    identity.verify(attributes)
    trials = store.load()
    seen = _seen(trials, store.load_keys())
    salt = driver.owner if settings.shared else 0

    def with_trials(trials: Sequence[FrozenTrial]) -> optuna.Study:
        sampler = make_sampler(settings, space, salt=salt)
        finished = [t for t in trials if t.state.is_finished()]
        return memory_study(identity.study_name, attributes, finished, sampler)

    start = attributes.get(warm_start.ATTRIBUTE)
    queue = [*_retries(trials), *warm_start.queue_of(start)]
    return StudyStart(
        study=with_trials(trials),
        seen=seen,
        queue=[entry for entry in queue if seen.source(combo_key(entry[0])) is None],
        n_stored=len(trials),
        warm_started_from=start["study"] if start else None,
        with_trials=with_trials,
    )


def _first_attributes(
    driver: Driver, identity: StudyIdentity, space: SearchSpace, settings: StudySettings
) -> Mapping[str, Any]:
    """The user attributes that a new study gets; a stored one keeps its own."""
    attributes = identity.as_attributes()
    if not settings.enable_persistence:
        return {**attributes, warm_start.ATTRIBUTE: None}
    previous = driver.transaction(
        lambda connection: warm_start.warm_start(
            connection,
            base_name=identity.base_name,
            date_range=canonical_key(identity.date_range),
            study_name=identity.study_name,
            space=space,
        )
    )
    return {**attributes, warm_start.ATTRIBUTE: previous}


def _seen(trials: Sequence[FrozenTrial], keys: Sequence[str]) -> SeenCombos:
    seen = SeenCombos()
    for key in keys:
        seen.add(key, "database")
    for trial in trials:
        if not trial.user_attrs.get(RETRY):
            seen.add(combo_key(trial.params), "database")
    return seen


def _retries(trials: Sequence[FrozenTrial]) -> Queue:
    """Combinations that dead runs left unfinished."""
    return [
        (params, {"retry_of": trial.number})
        for trial in trials
        if trial.state == TrialState.FAIL and trial.user_attrs.get(RETRY)
        if (params := trial.params or trial.system_attrs.get(FIXED_PARAMS))
    ]
