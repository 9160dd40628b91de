"""A study's trials as a table, and the table as a file."""

from pathlib import Path

import optuna
import pandas as pd

from strategy.errors import ParameterError

_ENDINGS = (".csv", ".parquet", ".json")


def trials_frame(study: optuna.Study) -> pd.DataFrame:
    """One row a trial: number, state, value, times, dimensions, and user attributes by name.

    Nested attributes become one column each, such as `counts.stale_prices`.
    """
    rows = [
        {
            "number": trial.number,
            "state": trial.state.name,
            "return_on_risk_percent": trial.value,
            "started": trial.datetime_start,
            "completed": trial.datetime_complete,
            **trial.params,
            **trial.user_attrs,
        }
        for trial in study.get_trials(deepcopy=False)
    ]
    return pd.json_normalize(rows)


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, Parquet or JSON, as the file's ending says.

    Raises:
        ParameterError: another ending, or a folder that is not there.
    """
    if path.suffix not in _ENDINGS or not path.parent.is_dir():
        raise ParameterError(
            f"output {path}",
            expected=f"a file in an existing folder that ends in {', '.join(_ENDINGS)}",
            remedy="choose another name",
        )
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_json(path, orient="records", date_format="iso", indent=2)
