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
    assert "differs: n_trials" not in compared
    assert "differs: base_name" in compared
    assert "…" not in compared

    output = tmp_path / "trials.parquet"
    assert f"{one.n_trials} trials in" in study("export", one.study_name, "-o", str(output)).output
    best = output.with_name("best.parquet")
    study("export", one.study_name, "-o", str(best), "--top", "3")
    values = pd.read_parquet(best)["return_on_risk_percent"].tolist()
    assert len(values) == 3
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(one.best_value)
    assert len(pd.read_parquet(output)) == one.n_trials


def test_a_comparison_names_the_dimension_alone_that_differs(
    database_environment: DatabaseSettings,
) -> None:
    name, other = (
        run(database_environment, space=SMALL.replacing(strikes_depth=depths), n_trials=4)
        for depths in ([1], [2])
    )
    compared = study("compare", name.study_name, other.study_name).output
    assert "…" not in compared
    told = compared[compared.index("differs: ") :].replace(" ", "").replace("│", "")
    assert "search_space.strikes_depth" in told.replace("\n", "")
    assert "take_profit_percent" not in told


def test_a_filter_that_nothing_matches_is_one_line(database_environment: DatabaseSettings) -> None:
    run(database_environment, space=SMALL, n_trials=4)
    for option, value in (("--study-name", "zzz"), ("--range", "2023-02-01_2023-02-28")):
        result = study("list", option, value)
        assert (result.exit_code, result.stdout) == (1, "")
        assert f"no study of {value} is stored" in result.stderr


def test_studies_are_deleted_by_name_all_or_none(database_environment: DatabaseSettings) -> None:
    names = [
        run(database_environment, space=SMALL, n_trials=4, study_name=name).study_name
        for name in ("a", "b", "c")
    ]
    assert study("delete", names[0], "absent").exit_code == 1
    assert names[0] in study("list").output
    result = study("delete", *names[:2], names[0])
    assert result.exit_code == 0, result.output
    assert result.output.count("deleted") == 2
    left = study("list").output
    assert names[2] in left
    assert names[0] not in left


def test_a_terminal_of_80_columns_cuts_no_trial(database_environment: DatabaseSettings) -> None:
    name = run(database_environment, n_trials=8).study_name
    shown = study("show", name).output
    table = shown[shown.index("Best trials") :]
    summary = json.loads(study("show", name, "--json").stdout)
    assert "…" not in table
    for trial in summary["top_trials"]:
        assert f"#{trial['number']} " in table
    assert table.count("max_trade_duration_seconds ") == table.count("Best trials") == 2


def test_duplicates_are_told_by_source_zeros_included(
    database_environment: DatabaseSettings,
) -> None:
    shown = study("show", run(database_environment, space=SMALL, n_trials=4).study_name).output
    for source in ("memory", "database"):
        (line,) = (li for li in shown.splitlines() if f"duplicates known from {source}" in li)
        assert line.split()[-2] == "0"


def test_an_unknown_study_is_one_line(
    database_environment: DatabaseSettings,
) -> None:
    result = study("show", "absent")
    assert result.exit_code == 1
    assert "there is no study absent; expected the full name" in result.stderr
