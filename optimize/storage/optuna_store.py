"""OptunaStore: the same study through Optuna's own storage calls, one trial at a time.

For tables of a revision that bulk writing was not made for: slow, but as right as Optuna is.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from optuna.exceptions import DuplicatedStudyError, StorageInternalError
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from sqlalchemy import Connection

from optimize.storage import dedup
from optimize.storage.driver import Driver, worker_name
from optimize.storage.study_store import NewTrial, StudyStore
from strategy.errors import DatabaseUnreachableError, StudyMismatchError


class OptunaStore(StudyStore):
    """A StudyStore that leaves Optuna's tables to Optuna."""

    def __init__(self, driver: Driver, study_name: str, storage: RDBStorage) -> None:
        super().__init__(driver, study_name)
        self._storage = storage
        if driver.shared:
            raise StudyMismatchError(
                "a shared run on Optuna tables of an unknown revision",
                expected="the revision that bulk writing knows",
                remedy="run without sharing, or install the Optuna that made the tables",
            )

    def append(self, new: Sequence[NewTrial]) -> set[str]:
        """Store finished trials; those that a broken attempt has stored are left out."""

        def work(connection: Connection) -> None:
            n_done = self._lock_and_count(connection) - self.n_stored
            if not 0 <= n_done <= len(new):
                self._require_expected(self.n_stored + n_done)
            for entry in new[n_done:]:
                with _optuna_faults():
                    self._storage.create_new_trial(self.study_id, template_trial=entry.trial)
            numbers = {n.key: self.n_stored + i for i, n in enumerate(new) if n.key is not None}
            dedup.settle(connection, self.study_name, numbers, self._driver.owner, worker_name())

        self._driver.transaction(work)
        self.n_stored += len(new)
        return set()

    def _open(
        self,
        connection: Connection,
        attributes: Mapping[str, Any],
    ) -> tuple[dict[str, Any], bool]:
        with _optuna_faults(), suppress(DuplicatedStudyError):
            self._storage.create_new_study([StudyDirection.MAXIMIZE], self.study_name)
        return super()._open(connection, attributes)

    def _lock_and_count(self, connection: Connection) -> int:  # noqa: ARG002
        with _optuna_faults():
            return len(self._storage.get_all_trials(self.study_id, deepcopy=False))

    def _select(self, connection: Connection, after: int) -> list[FrozenTrial]:  # noqa: ARG002
        with _optuna_faults():
            trials = self._storage.get_all_trials(self.study_id, deepcopy=False)
        return [trial for trial in trials if trial._trial_id > after]


@contextmanager
def _optuna_faults() -> Iterator[None]:
    """Give Optuna's many faces of a lost server the one that the driver waits for."""
    try:
        yield
    except (StorageInternalError, UnboundLocalError, AssertionError) as error:
        raise DatabaseUnreachableError(
            f"Optuna's storage failed: {type(error).__name__} {error}"
        ) from error
