"""StudyStore: one study in PostgreSQL, opened, read and appended to in whole batches.

Every method is one transaction on the run's own connection (see `optimize.storage.driver`), which
is run again if the server went away in the middle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, text

from optimize.database.connect import DatabaseSettings
from optimize.optuna_internals import trial_id
from optimize.sampler.unseen import DUPLICATE
from optimize.storage import dedup
from optimize.storage.driver import Driver, worker_name
from optimize.storage.schema import ensure_schema
from optimize.storage.study_rows import (
    add_attributes,
    add_direction,
    delete_study,
    exists,
    fail_unfinished,
    next_ids,
    read_attributes,
    require_direction,
)
from optimize.storage.trial_rows import insert_trials, select_trials
from strategy.errors import StudyBusyError


@dataclass(frozen=True, kw_only=True)
class NewTrial:
    """A finished trial on its way into the database."""

    trial: FrozenTrial
    key: str | None  # its combination, None for a duplicate, which claims nothing


class StudyStore:
    """The stored side of one study, written by bulk INSERT into Optuna's tables."""

    def __init__(self, driver: Driver, study_name: str) -> None:
        self.study_name = study_name
        self.study_id = -1  # until opened
        self.n_stored = 0  # trials that this run knows to be stored
        self._driver = driver
        self._last_trial_id = -1  # of those read; ids are given out under the study's row lock
        self._own_ids: set[int] = set()  # appended since the last reading

    def open(self, attributes: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """Create the study with these user attributes, or find it; return its own, and if found.

        Raises:
            StudyMismatchError: the stored study does not maximise one value.
        """
        return self._driver.transaction(lambda c: self._open(c, attributes))

    def load(self) -> list[FrozenTrial]:
        """All trials by number; those left running by a dead run are failed first."""

        def work(connection: Connection) -> list[FrozenTrial]:
            failed = [] if self._driver.shared else fail_unfinished(connection, self.study_id)
            trials = select_trials(connection, self.study_id)
            keys = [dedup.combo_key(t.params) for t in trials if trial_id(t) in failed]
            dedup.forget(connection, self.study_name, keys)
            return trials

        trials = self._driver.transaction(work)
        self.n_stored = len(trials)
        self._took_in(trials)
        return trials

    def load_new(self) -> list[FrozenTrial]:
        """The finished trials that other runs have added since the last reading."""
        trials = self._driver.transaction(
            lambda c: select_trials(c, self.study_id, self._last_trial_id)
        )
        others = [t for t in trials if trial_id(t) not in self._own_ids and t.state.is_finished()]
        self._took_in(trials)
        return others

    def release_dead(self) -> tuple[list[str], int]:
        """Release claims of dead runs; return their keys, and how many claims others still hold."""

        def work(connection: Connection) -> tuple[list[str], int]:
            own = self._driver.owner
            dead = dedup.release_dead(connection, self.study_name, alive=[own])
            return dead, dedup.count_claims(connection, self.study_name, besides=own)

        return self._driver.transaction(work)

    def load_keys(self) -> list[str]:
        """Keys of all combinations that are done or claimed, after releasing dead claims."""

        def work(connection: Connection) -> list[str]:
            dedup.release_dead(connection, self.study_name, alive=[self._driver.owner])
            return dedup.load_keys(connection, self.study_name)

        return self._driver.transaction(work)

    def claim(self, keys: Sequence[str]) -> set[str]:
        """Claim combinations for this run; return those it got."""
        return self._driver.transaction(
            lambda c: dedup.claim(c, self.study_name, keys, self._driver.owner, worker_name())
        )

    def release(self) -> int:
        """Give up this run's open claims."""
        return self._driver.transaction(
            lambda c: dedup.release(c, self.study_name, self._driver.owner)
        )

    def append(self, new: Sequence[NewTrial]) -> set[str]:
        """Store finished trials; return the keys that another run had stored before.

        Those trials are stored as duplicates. A repetition after a commit whose answer was lost
        finds the trials under the ids of the former attempt and stores nothing twice.
        """
        attempted: list[int] = []
        lost: set[str] = set()

        def work(connection: Connection) -> None:
            n_before = self._lock_and_count(connection)
            if attempted and exists(connection, attempted[0]):
                return
            self._require_expected(n_before)
            attempted[:] = next_ids(connection, len(new))
            lost.clear()
            lost.update(self._insert(connection, new, attempted, n_before))

        self._driver.transaction(work)
        self.n_stored += len(new)
        self._own_ids.update(attempted)
        return lost

    def delete(self) -> None:
        """Delete the study, its trials and its combinations, if there are any."""

        def work(connection: Connection) -> None:
            delete_study(connection, self._find(connection), self.study_name)

        self._driver.transaction(work)

    def _open(
        self, connection: Connection, attributes: Mapping[str, Any]
    ) -> tuple[dict[str, Any], bool]:
        found = self._find(connection)
        if found is None:
            connection.execute(
                text("INSERT INTO studies (study_name) VALUES (:name) ON CONFLICT DO NOTHING"),
                {"name": self.study_name},
            )
            self.study_id = self._find(connection) or -1
            add_direction(connection, self.study_id)
        else:
            self.study_id = found
        stored = read_attributes(connection, self.study_id)
        missing = {k: v for k, v in attributes.items() if k not in stored}
        add_attributes(connection, self.study_id, missing)
        require_direction(connection, self.study_id, self.study_name)
        return {**stored, **missing}, found is not None

    def _find(self, connection: Connection) -> int | None:
        found: int | None = connection.scalar(
            text("SELECT study_id FROM studies WHERE study_name = :name"),
            {"name": self.study_name},
        )
        return found

    def _took_in(self, trials: Sequence[FrozenTrial]) -> None:
        self._own_ids.clear()
        self._last_trial_id = max((trial_id(t) for t in trials), default=self._last_trial_id)

    def _lock_and_count(self, connection: Connection) -> int:
        connection.execute(
            text("SELECT FROM studies WHERE study_id = :id FOR UPDATE"), {"id": self.study_id}
        )
        count: int = connection.execute(
            text("SELECT count(*) FROM trials WHERE study_id = :id"), {"id": self.study_id}
        ).scalar_one()
        return count

    def _require_expected(self, n_stored: int) -> None:
        if n_stored != self.n_stored and not self._driver.shared:
            raise StudyBusyError(
                f"study {self.study_name} has {n_stored} trials",
                expected=f"{self.n_stored}, as this run left it",
                remedy="another client writes it: stop that client and run again",
            )

    def _insert(
        self, connection: Connection, new: Sequence[NewTrial], ids: Sequence[int], first: int
    ) -> set[str]:
        numbers = {n.key: first + i for i, n in enumerate(new) if n.key is not None}
        lost = dedup.settle(connection, self.study_name, numbers, self._driver.owner, worker_name())
        trials = [_as_duplicate(n.trial) if n.key in lost else n.trial for n in new]
        insert_trials(connection, self.study_id, trials, ids, first)
        return lost


def open_store(driver: Driver, settings: DatabaseSettings, study_name: str) -> StudyStore:
    """The store of a study, whose tables are created where needed.

    Raises:
        StudyMismatchError: there are tables of Optuna, but of another revision.
    """
    driver.transaction(lambda c: ensure_schema(c, settings))
    return StudyStore(driver, study_name)


def _as_duplicate(trial: FrozenTrial) -> FrozenTrial:
    return FrozenTrial(
        number=trial.number,
        trial_id=trial_id(trial),
        state=TrialState.PRUNED,
        value=None,
        datetime_start=trial.datetime_start,
        datetime_complete=trial.datetime_complete,
        params=trial.params,
        distributions=trial.distributions,
        user_attrs={DUPLICATE: True, "duplicate_source": "database", "prune_reason": DUPLICATE},
        system_attrs=trial.system_attrs,
        intermediate_values={},
    )
