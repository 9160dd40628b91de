"""Statements about one study in Optuna's tables: its direction, attributes, ids, unfinished trials.

Each runs in the caller's transaction. The trials themselves are `optimize.storage.trial_rows`.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from optimize.sampler.unseen import RETRY
from strategy.errors import StudyMismatchError

DIRECTION = "MAXIMIZE"
FAIL_REASON = "fail_reason"
WORKER_DIED = "worker_died"
_DELETE = "DELETE FROM {table} WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = :id)"
_OF_TRIALS = (
    "trial_params", "trial_values", "trial_user_attributes", "trial_system_attributes",
    "trial_intermediate_values", "trial_heartbeats",
)  # fmt: skip
_OF_STUDY = (
    "trials", "study_directions", "study_user_attributes", "study_system_attributes", "studies",
)  # fmt: skip


def exists(connection: Connection, trial_id: int) -> bool:
    """Whether a trial is stored."""
    return bool(
        connection.scalar(
            text("SELECT EXISTS (SELECT FROM trials WHERE trial_id = :id)"), {"id": trial_id}
        )
    )


def next_ids(connection: Connection, n: int) -> list[int]:
    """New trial ids, in order; used up even if the transaction fails."""
    return list(
        connection.scalars(
            text(
                "SELECT nextval(pg_get_serial_sequence('trials', 'trial_id'))"
                " FROM generate_series(1, :n)"
            ),
            {"n": n},
        )
    )


def add_direction(connection: Connection, study_id: int) -> None:
    """Make a new study maximise its one value."""
    connection.execute(
        text(
            "INSERT INTO study_directions (study_id, objective, direction)"
            " VALUES (:id, 0, CAST(:direction AS studydirection)) ON CONFLICT DO NOTHING"
        ),
        {"id": study_id, "direction": DIRECTION},
    )


def require_direction(connection: Connection, study_id: int, study_name: str) -> None:
    """Refuse a study that does not maximise one value; raises StudyMismatchError."""
    directions = connection.scalars(
        text("SELECT direction::text FROM study_directions WHERE study_id = :id"), {"id": study_id}
    ).all()
    if directions != [DIRECTION]:
        raise StudyMismatchError(
            f"study {study_name} has the direction {', '.join(directions).lower()}",
            expected="maximize",
            remedy="choose another study name, or set enable_persistence to false",
        )


def read_attributes(connection: Connection, study_id: int) -> dict[str, Any]:
    """A study's user attributes."""
    rows = connection.execute(
        text("SELECT key, value_json FROM study_user_attributes WHERE study_id = :id"),
        {"id": study_id},
    )
    return {key: json.loads(value) for key, value in rows}


def add_attributes(connection: Connection, study_id: int, attributes: Mapping[str, Any]) -> None:
    """Add user attributes to a study; those that it has stay."""
    for key, value in attributes.items():
        connection.execute(
            text(
                "INSERT INTO study_user_attributes (study_id, key, value_json)"
                " VALUES (:id, :key, :value) ON CONFLICT DO NOTHING"
            ),
            {"id": study_id, "key": key, "value": json.dumps(value)},
        )


def fail_unfinished(connection: Connection, study_id: int) -> list[int]:
    """Fail what dead runs left running or waiting, to be tried again; return the trials' ids.

    Nobody else drives the study while this run has its lock.
    """
    ids = list(
        connection.scalars(
            text(
                "UPDATE trials SET state = 'FAIL', datetime_complete = :now WHERE study_id = :id"
                " AND state IN ('RUNNING', 'WAITING') RETURNING trial_id"
            ),
            {"id": study_id, "now": datetime.now(UTC).replace(tzinfo=None)},
        )
    )
    for key, value in ((FAIL_REASON, WORKER_DIED), (RETRY, True)):
        connection.execute(
            text(
                "INSERT INTO trial_user_attributes (trial_id, key, value_json)"
                " SELECT id, :key, :value FROM unnest(CAST(:ids AS int[])) id"
                " ON CONFLICT DO NOTHING"
            ),
            {"ids": ids, "key": key, "value": json.dumps(value)},
        )
    return ids


def delete_study(connection: Connection, study_id: int | None, study_name: str) -> None:
    """Delete a study, its trials and its combinations, as far as there are any."""
    study = {"id": study_id, "name": study_name}
    for table in _OF_TRIALS:
        connection.execute(text(_DELETE.format(table=table)), study)
    for table in _OF_STUDY:
        connection.execute(text(f"DELETE FROM {table} WHERE study_id = :id"), study)  # noqa: S608
    connection.execute(text("DELETE FROM seen_combos WHERE study_name = :name"), study)
