"""FrozenTrial <-> rows of Optuna's tables, in bulk.

The statements here stand for what Optuna 5.0's storage writes and reads one row at a time; a test
holds the two against each other. Rows travel as one array a column, since lists of rows take longer
to send than to insert. Times are stored as naive UTC and are naive local time in a FrozenTrial.
"""

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, RowMapping, text

_INSERTS = (  # of one batch; what a trial has many of travels as one JSON object a trial
    text("""
    INSERT INTO trials (trial_id, number, study_id, state, datetime_start, datetime_complete)
    SELECT id, number, :study_id, state, started, completed
    FROM unnest(CAST(:ids AS int[]), CAST(:numbers AS int[]), CAST(:states AS trialstate[]),
        CAST(:started AS timestamp[]), CAST(:completed AS timestamp[]))
        AS r (id, number, state, started, completed)"""),
    text("""
    INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)
    SELECT r.id, p.key, CAST(p.value AS float8), CAST(:distributions AS json) ->> p.key
    FROM unnest(CAST(:ids AS int[]), CAST(:params AS json[])) AS r (id, params),
        json_each_text(r.params) AS p"""),
    text("""
    INSERT INTO trial_values (trial_id, objective, value, value_type)
    SELECT id, 0, value, value_type
    FROM unnest(CAST(:ids AS int[]), CAST(:values AS float8[]), CAST(:types AS trialvaluetype[]))
        AS r (id, value, value_type) WHERE value_type IS NOT NULL"""),
    text("""
    INSERT INTO trial_user_attributes (trial_id, key, value_json)
    SELECT r.id, a.key, CAST(a.value AS text)
    FROM unnest(CAST(:ids AS int[]), CAST(:user_attrs AS json[])) AS r (id, attrs),
        json_each(r.attrs) AS a"""),
    text("""
    INSERT INTO trial_system_attributes (trial_id, key, value_json)
    SELECT r.id, a.key, CAST(a.value AS text)
    FROM unnest(CAST(:ids AS int[]), CAST(:system_attrs AS json[])) AS r (id, attrs),
        json_each(r.attrs) AS a"""),
)
_SELECT = text("""
SELECT t.trial_id, t.number, t.state::text, t.datetime_start, t.datetime_complete,
    (SELECT json_agg(json_build_array(p.param_name, p.param_value, p.distribution_json)
        ORDER BY p.param_id)::text FROM trial_params p WHERE p.trial_id = t.trial_id) AS params,
    (SELECT json_agg(json_build_array(v.value, v.value_type)
        ORDER BY v.objective)::text FROM trial_values v WHERE v.trial_id = t.trial_id) AS values,
    (SELECT json_agg(json_build_array(a.key, a.value_json) ORDER BY a.trial_user_attribute_id)::text
        FROM trial_user_attributes a WHERE a.trial_id = t.trial_id) AS user_attrs,
    (SELECT json_agg(json_build_array(a.key, a.value_json)
        ORDER BY a.trial_system_attribute_id)::text
        FROM trial_system_attributes a WHERE a.trial_id = t.trial_id) AS system_attrs,
    (SELECT json_agg(json_build_array(i.step, i.intermediate_value, i.intermediate_value_type)
        ORDER BY i.step)::text
        FROM trial_intermediate_values i WHERE i.trial_id = t.trial_id) AS intermediate
FROM trials t WHERE t.study_id = :study_id AND t.trial_id > :after ORDER BY t.trial_id""")
_SPECIAL = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}


def insert_trials(
    connection: Connection,
    study_id: int,
    trials: Sequence[FrozenTrial],
    trial_ids: Sequence[int],
    first_number: int,
) -> None:
    """Insert finished trials with consecutive numbers, all in the caller's transaction."""
    values = [trial.values[0] if trial.values else None for trial in trials]
    columns = {
        "study_id": study_id,
        "ids": list(trial_ids),
        "numbers": list(range(first_number, first_number + len(trials))),
        "states": [trial.state.name for trial in trials],
        "started": [_utc_text(trial.datetime_start) for trial in trials],
        "completed": [_utc_text(trial.datetime_complete) for trial in trials],
        "params": [_internal_params(trial) for trial in trials],
        "distributions": _distributions(trials),
        "values": [None if v is None or math.isinf(v) else v for v in values],
        "types": [None if value is None else _value_type(value) for value in values],
        "user_attrs": [json.dumps(trial.user_attrs) for trial in trials],
        "system_attrs": [json.dumps(trial.system_attrs) for trial in trials],
    }
    for statement in _INSERTS:
        connection.execute(statement, columns)


def select_trials(connection: Connection, study_id: int, after: int = -1) -> list[FrozenTrial]:
    """All trials of a study with an id above `after`, ordered by id."""
    rows = connection.execute(_SELECT, {"study_id": study_id, "after": after})
    return [_frozen(row) for row in rows.mappings()]


def _frozen(row: RowMapping) -> FrozenTrial:
    params, distributions = {}, {}
    for name, value, text_of_distribution in _list(row["params"]):
        distributions[name] = _from_json(text_of_distribution)
        params[name] = distributions[name].to_external_repr(value)
    values = [_value(value, kind) for value, kind in _list(row["values"])]
    return FrozenTrial(
        number=row["number"],
        trial_id=row["trial_id"],
        state=TrialState[row["state"]],
        value=None,
        values=values or None,
        datetime_start=_local(row["datetime_start"]),
        datetime_complete=_local(row["datetime_complete"]),
        params=params,
        distributions=distributions,
        user_attrs={key: json.loads(value) for key, value in _list(row["user_attrs"])},
        system_attrs={key: json.loads(value) for key, value in _list(row["system_attrs"])},
        intermediate_values={s: _value(v, kind) for s, v, kind in _list(row["intermediate"])},
    )


def _internal_params(trial: FrozenTrial) -> str:
    """Optuna's numbers for the values of a trial, as a JSON object."""
    return json.dumps(
        {
            name: float(distribution.to_internal_repr(trial.params[name]))
            for name, distribution in trial.distributions.items()
        }
    )


def _distributions(trials: Sequence[FrozenTrial]) -> str:
    """Name -> Optuna's text of the distribution, which is the same in all trials of a study."""
    known: dict[str, str] = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            if name not in known:
                known[name] = distribution_to_json(distribution)
    return json.dumps(known)


def _value_type(value: float) -> str:
    if math.isinf(value):
        return "INF_POS" if value > 0 else "INF_NEG"
    return "FINITE"


def _value(value: float | None, kind: str) -> float:
    return _SPECIAL[kind] if value is None else value


def _list(aggregate: str | None) -> list[Any]:
    return json.loads(aggregate) if aggregate else []


def _utc_text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() if moment else None


def _local(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=None) if moment else None


@lru_cache(maxsize=1024)
def _from_json(text_of_distribution: str) -> BaseDistribution:
    return json_to_distribution(text_of_distribution)
