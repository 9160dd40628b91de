"""`rorq study`: what it prints of stored studies."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from optimize.database.settings import DatabaseSettings
from rorq_pipeline.cli import main
from tests.optimize.studies import SMALL, Landscape, run


def study(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["study", *arguments])


def test_nothing_stored_is_said_and_no_error_to_list(
    database_environment: DatabaseSettings,
) -> None:
    assert study("list").output == "no study is stored\n"
    result = study("show")
    assert result.exit_code == 1
    assert "no study is stored; expected at least one; run `rorq demo`" in result.stderr


def test_studies_are_listed_shown_compared_and_exported(
    database_environment: DatabaseSettings, tmp_path: Path
) -> None:
    objective = Landscape(prune_below=3.5)
    one = run(database_environment, space=SMALL, n_trials=20, objective=objective)
    two = run(database_environment, n_trials=20, study_name="other")
    listed = study("list").output
    assert one.study_name in listed
    assert two.study_name in listed
    assert one.study_name not in study("list", "--study-name", "other").output
    assert two.study_name in study("list", "--range", two.study_name.split("/")[1]).output

    shown = json.loads(study("show", one.study_name, "--json").stdout)
    assert shown["best_value"] == one.best_value
    assert shown["n_complete"] == one.n_complete
    latest = study("show").output
    assert "Best parameters" in latest
    assert "other" in latest

    compared = study("compare", one.study_name, two.study_name).output
    assert "best_value" in compared
    assert "differs" in compared

    output = tmp_path / "trials.parquet"
    assert f"{one.n_trials} trials in" in study("export", one.study_name, "-o", str(output)).output
    best = output.with_name("best.parquet")
    study("export", one.study_name, "-o", str(best), "--top", "3")
    values = pd.read_parquet(best)["return_on_risk_percent"].tolist()
    assert len(values) == 3
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(one.best_value)
    assert len(pd.read_parquet(output)) == one.n_trials


def test_an_unknown_study_is_one_line(
    database_environment: DatabaseSettings,
) -> None:
    result = study("show", "absent")
    assert result.exit_code == 1
    assert "there is no study absent; expected the full name" in result.stderr
