"""FrozenTrial <-> rows of Optuna's tables, in bulk.

The statements here stand for what Optuna 5.0's storage writes and reads one row at a time; a test
holds the two against each other. Rows travel as one JSON text a table. Times are stored as naive
UTC and are naive local time in a FrozenTrial.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, RowMapping, text

_INSERTS = {
    "trials": """
        INSERT INTO trials (trial_id, number, study_id, state, datetime_start, datetime_complete)
        SELECT trial_id, number, study_id, state::trialstate, started, completed
        FROM json_to_recordset(CAST(:rows AS json)) AS r(trial_id int, number int, study_id int,
            state text, started timestamp, completed timestamp)""",
    "params": """
        INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)
        SELECT trial_id, name, value, CAST(:distributions AS json) ->> name
        FROM json_to_recordset(CAST(:rows AS json)) AS r(trial_id int, name text, value float8)""",
    "values": """
        INSERT INTO trial_values (trial_id, objective, value, value_type)
        SELECT trial_id, 0, value, value_type::trialvaluetype
        FROM json_to_recordset(CAST(:rows AS json))
            AS r(trial_id int, value float8, value_type text)""",
    "user_attrs": """
        INSERT INTO trial_user_attributes (trial_id, key, value_json)
        SELECT trial_id, key, value FROM json_to_recordset(CAST(:rows AS json))
            AS r(trial_id int, key text, value text)""",
    "system_attrs": """
        INSERT INTO trial_system_attributes (trial_id, key, value_json)
        SELECT trial_id, key, value FROM json_to_recordset(CAST(:rows AS json))
            AS r(trial_id int, key text, value text)""",
}
_SELECT = """
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
FROM trials t WHERE t.study_id = :study_id AND t.trial_id > :after ORDER BY t.trial_id"""
_SPECIAL = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}


def insert_trials(
    connection: Connection,
    study_id: int,
    trials: Sequence[FrozenTrial],
    trial_ids: Sequence[int],
    first_number: int,
) -> None:
    """Insert finished trials with consecutive numbers, all in the caller's transaction."""
    rows: dict[str, list[dict[str, Any]]] = {table: [] for table in _INSERTS}
    distributions: dict[str, str] = {}
    for offset, (trial, trial_id) in enumerate(zip(trials, trial_ids, strict=True)):
        rows["trials"].append(
            {
                "trial_id": trial_id,
                "number": first_number + offset,
                "study_id": study_id,
                "state": trial.state.name,
                "started": _utc_text(trial.datetime_start),
                "completed": _utc_text(trial.datetime_complete),
            }
        )
        for name, distribution in trial.distributions.items():
            distributions.setdefault(name, _to_json(distribution))
            value = distribution.to_internal_repr(trial.params[name])
            rows["params"].append({"trial_id": trial_id, "name": name, "value": value})
        if trial.values is not None:
            rows["values"].append({"trial_id": trial_id, **_stored_value(trial.values[0])})
        rows["user_attrs"] += _attribute_rows(trial_id, trial.user_attrs)
        rows["system_attrs"] += _attribute_rows(trial_id, trial.system_attrs)
    for table, statement in _INSERTS.items():
        if rows[table]:
            parameters = {"rows": json.dumps(rows[table])}
            if table == "params":
                parameters["distributions"] = json.dumps(distributions)
            connection.execute(text(statement), parameters)


def select_trials(connection: Connection, study_id: int, after: int = -1) -> list[FrozenTrial]:
    """All trials of a study with an id above `after`, ordered by id."""
    rows = connection.execute(text(_SELECT), {"study_id": study_id, "after": after})
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


def _attribute_rows(trial_id: int, attributes: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    return [
        {"trial_id": trial_id, "key": key, "value": json.dumps(value)}
        for key, value in attributes.items()
    ]


def _stored_value(value: float) -> dict[str, Any]:
    if math.isinf(value):
        return {"value": None, "value_type": "INF_POS" if value > 0 else "INF_NEG"}
    return {"value": value, "value_type": "FINITE"}


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


def _to_json(distribution: BaseDistribution) -> str:
    return distribution_to_json(distribution)
