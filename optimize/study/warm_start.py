"""Warm start: the best trials of the previous study of the same name and range, to try first.

Only their parameters are taken over, never their values: those were measured on other data, by
another engine or under other fixed parameters. The list is kept with the new study, so that a
resumed run goes on with it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from optimize.storage.trial_rows import select_trials
from optimize.study.results import top_trials
from strategy.backtest_range import canonical_key
from strategy.errors import ParameterError
from strategy.space import SearchSpace

ATTRIBUTE = "warm_start"  # study user attribute: {"study": name, "trials": [...]}
TRIAL_ATTRIBUTE = "warm_start_from"  # trial user attribute: "study name #number"
N_TRIALS = 10  # best trials of the previous study that are tried first


def warm_start(
    connection: Connection, *, base_name: str, date_range: str, study_name: str, space: SearchSpace
) -> dict[str, Any] | None:
    """The attribute for a new study: what to try first, None without a previous study.

    Args:
        connection: To the database of both studies.
        base_name: Base name of both studies.
        date_range: Key of the range; other dates of the same sessions are the same range.
        study_name: The new study.
        space: Combinations outside of it are left out.
    """
    stored = connection.execute(
        text(
            "SELECT study_id, study_name FROM studies WHERE starts_with(study_name, :prefix)"
            " AND study_name <> :name ORDER BY study_id DESC"
        ),
        {"prefix": f"{base_name}/", "name": study_name},
    )
    for previous in stored:
        key = previous.study_name.removeprefix(f"{base_name}/").rpartition("/")[0]
        if canonical_key(key) == date_range:
            break
    else:
        return None
    best = top_trials(select_trials(connection, previous.study_id), N_TRIALS)
    trials = [
        {"number": trial.number, "params": trial.params}
        for trial in best
        if _is_in(space, trial.params)
    ]
    return {"study": previous.study_name, "trials": trials}


def queue_of(
    attribute: Mapping[str, Any] | None,
) -> Sequence[tuple[dict[str, Any], dict[str, Any]]]:
    """Combinations to try first, each with the user attributes of its trial."""
    if not attribute:
        return []
    return [
        (trial["params"], {TRIAL_ATTRIBUTE: f"{attribute['study']} #{trial['number']}"})
        for trial in attribute["trials"]
    ]


def _is_in(space: SearchSpace, params: Mapping[str, Any]) -> bool:
    try:
        space.index_of(params)
    except ParameterError:
        return False
    return len(params) == len(space)
