"""The stored studies, for readers: which there are, and one of them as an Optuna study."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import optuna
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from optimize.database.connect import DatabaseSettings, open_engine
from optimize.storage.driver import Driver
from optimize.storage.memory import memory_study
from optimize.storage.study_rows import read_attributes
from optimize.storage.study_store import open_store
from optimize.storage.trial_rows import select_trials
from strategy.backtest_range import canonical_key
from strategy.errors import StudyMismatchError

_LIST = """
SELECT s.study_id, s.study_name, count(t.trial_id) AS n_trials,
    count(t.trial_id) FILTER (WHERE t.state = 'COMPLETE') AS n_complete,
    max(v.value) FILTER (WHERE t.state = 'COMPLETE') AS best_value,
    max(t.datetime_complete) AS last_completed
FROM studies s LEFT JOIN trials t USING (study_id)
LEFT JOIN trial_values v ON v.trial_id = t.trial_id AND v.objective = 0
WHERE starts_with(s.study_name, :prefix)
GROUP BY s.study_id ORDER BY s.study_id"""


@dataclass(frozen=True, kw_only=True)
class StudyInfo:
    """One stored study, without its trials."""

    study_name: str
    base_name: str
    date_range: str  # partition key, empty for a study of another program
    n_trials: int
    n_complete: int
    best_value: float | None  # return on risk, percent
    last_completed: datetime | None  # naive UTC, of the latest trial


def list_studies(
    database: DatabaseSettings,
    base_name: str | None = None,
    range: str | None = None,  # noqa: A002
) -> list[StudyInfo]:
    """Stored studies in order of creation, all or those of a base name and a range (key).

    A range is found under any dates that hold the same sessions.
    """
    engine = open_engine(database)
    try:
        with engine.connect() as connection:
            prefix = f"{base_name}/" if base_name else ""
            rows = connection.execute(text(_LIST), {"prefix": prefix}).mappings().all()
    except ProgrammingError:  # Optuna's tables are not there: nothing has been stored
        return []
    finally:
        engine.dispose()
    infos = [_info(dict(row)) for row in rows]
    if range is None:
        return infos
    wanted = canonical_key(str(range))
    return [info for info in infos if canonical_key(info.date_range) == wanted]


def latest_study_name(
    database: DatabaseSettings,
    base_name: str,
    range: str,  # noqa: A002
) -> str | None:
    """The youngest study of a base name and a range (key), None if there is none."""
    found = list_studies(database, base_name, range)
    return found[-1].study_name if found else None


def open_study(database: DatabaseSettings, study_name: str) -> optuna.Study:
    """A copy of a stored study in memory, with all trials and attributes.

    Raises:
        StudyMismatchError: there is no such study.
    """
    engine = open_engine(database)
    try:
        with engine.connect() as connection:
            study_id = connection.scalar(
                text("SELECT study_id FROM studies WHERE study_name = :n"), {"n": study_name}
            )
            if study_id is None:
                raise _absent(study_name)
            attributes = read_attributes(connection, study_id)
            trials = select_trials(connection, study_id)
    except ProgrammingError:
        raise _absent(study_name) from None
    finally:
        engine.dispose()
    return memory_study(study_name, attributes, trials)


def delete_stored(database: DatabaseSettings, study_name: str) -> None:
    """Delete a study with all its trials.

    Raises:
        StudyBusyError: a run drives it.
    """
    driver = Driver(database, study_name)
    try:
        open_store(driver, database, study_name).delete()
    finally:
        driver.close()


def _absent(study_name: str) -> StudyMismatchError:
    return StudyMismatchError(
        f"there is no study {study_name}",
        expected="the full name of a stored study",
        remedy="see `rorq study list`",
    )


def _info(row: dict[str, Any]) -> StudyInfo:
    base_name, _, rest = row["study_name"].partition("/")
    return StudyInfo(
        study_name=row["study_name"],
        base_name=base_name,
        date_range=rest.rpartition("/")[0],
        n_trials=row["n_trials"],
        n_complete=row["n_complete"],
        best_value=row["best_value"],
        last_completed=row["last_completed"],
    )
