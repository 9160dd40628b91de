"""`rorq study`: what it prints of stored studies."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from optimize.database.settings import DatabaseSettings
from optimize.storage.driver import Driver
from optimize.storage.schema import ensure_schema, rdb_storage
from rorq_pipeline.cli import main
from tests.conftest import fresh_database
from tests.optimize.studies import SMALL, Landscape, run

COMBINATION = {
    "entry_window": "09:30-15:45", "stretch_threshold": 0.0021234567, "reclaim_percentage": 0.6,
    "cooldown_period_seconds": 120, "take_profit_percent": 50, "stop_loss_percent": -50,
    "max_trade_duration_seconds": 300, "strikes_depth": 1, "option_selection_mode": "itm",
}  # fmt: skip
SPACE = {name: [value] for name, value in COMBINATION.items()} | {"strikes_depth": [1, 2]}
JANUARY, FEBRUARY = "2023-01-03_2023-01-31", "2023-02-01_2023-02-28"
LATEST, LAST, EMPTY = f"one/{JANUARY}/aaaa", f"[red]/{FEBRUARY}/bbbb", f"new/{JANUARY}/cccc"
HEAD = "  trials  completed   best, %  last trial, UTC   study"
LATEST_LINE = f"       4          2     12.35  2023-06-02 10:30  {LATEST}"
LAST_LINE = f"       1          1     -3.00  2023-06-01 23:59  {LAST}"
EMPTY_LINE = f"       0          0         -  -                 {EMPTY}"


def study(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["study", *arguments])


def trial(value: float | None, ended: datetime, *, state: str = "COMPLETE", **changes: Any) -> Any:
    """A trial with all metrics that it needs."""
    params = {**COMBINATION, **changes}
    made: FrozenTrial = create_trial(
        state=TrialState[state],
        value=value,
        params=params,
        distributions={name: CategoricalDistribution(values) for name, values in SPACE.items()},
        user_attrs={"total_trades": 12, "net_pnl_usd": 12345.678},
    )
    made.datetime_complete = ended
    return made


@pytest.fixture(scope="module")
def three(postgres: DatabaseSettings) -> Iterator[DatabaseSettings]:
    """A database that holds three studies, which nobody changes."""
    with fresh_database(postgres) as database:
        store_three(database)
        yield database


@pytest.fixture
def stored(three: DatabaseSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """That database as the one of commands."""
    for name, value in three.environment().items():
        monkeypatch.setenv(name, value)


def store_three(database: DatabaseSettings) -> None:
    """Three studies, of which the first has the latest trial and the last has none."""
    driver = Driver(database, "schema")
    driver.transaction(lambda connection: ensure_schema(connection, database))
    driver.close()
    storage = rdb_storage(database)
    june, before = datetime(2023, 6, 2, 10, 30), datetime(2023, 6, 1, 23, 59)  # noqa: DTZ001
    attributes = {"fixed_params": {}, "search_space": SPACE, "n_trials": 60}
    made = {
        LATEST: (
            {"seed": 1},
            [
                trial(1.5, before),
                trial(None, before, state="PRUNED"),
                trial(12.3456789, june, strikes_depth=2),
                trial(None, before, state="FAIL"),
            ],
        ),
        LAST: (
            {"fixed_params": {"latency_seconds": 2}, "space": "[red]"},
            [trial(-3.0, before)],
        ),
        EMPTY: ({}, []),
    }
    for name, (own, trials) in made.items():
        one = optuna.create_study(storage=storage, study_name=name, direction="maximize")
        for key, value in {**attributes, **own}.items():
            one.set_user_attr(key, value)
        one.add_trials(trials)
    storage.remove_session()
    storage.engine.dispose()


def test_each_study_is_a_line_in_order_of_creation(stored: None) -> None:
    def lines(*options: str) -> list[str]:
        return study("list", *options).output.splitlines()

    assert lines() == [HEAD, LATEST_LINE, LAST_LINE, EMPTY_LINE]
    assert lines("--study-name", "one") == [HEAD, LATEST_LINE]
    assert lines("--range", "2023-01") == [HEAD, LATEST_LINE, EMPTY_LINE]
    assert lines("--range", "2023-01", "--study-name", "new") == [HEAD, EMPTY_LINE]
    refused = study("list", "--range", "2023-01", "--study-name", "[red]")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == (
        f"error: no study of [red] and {JANUARY} is stored; expected the base name or the range of "
        "one that is; see `rorq study list`\n"
    )


def test_the_latest_is_that_of_the_latest_trial(stored: None, tmp_path: Path) -> None:
    lines = study("show", "--json").stdout.splitlines()
    assert lines[:2] == ["{", f'  "study_name": "{LATEST}",']
    file = tmp_path / "[red].csv"
    assert study("export", "-o", str(file)).output == f"4 trials in {file}\n"
    assert pd.read_csv(file)["state"].tolist() == ["COMPLETE", "PRUNED", "COMPLETE", "FAIL"]


def test_studies_without_a_trial_are_no_latest(database_environment: DatabaseSettings) -> None:
    store_three(database_environment)
    assert study("delete", LATEST, LAST).output == (
        f"deleted {LATEST} with 4 trials\ndeleted {LAST} with 1 trials\n"
    )
    result = study("show")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "error: no study is stored; expected at least one; run `rorq demo`, `rorq materialize "
        "RANGE` or `python -m optimize.smart`\n"
    )


def test_the_best_are_exported_best_first(stored: None, tmp_path: Path) -> None:
    file = tmp_path / "best.csv"
    for top, numbers in (("1", [2]), ("2", [2, 0]), ("9", [2, 0])):
        done = study("export", LATEST, "-o", str(file), "--top", top)
        assert done.output == f"{len(numbers)} trials in {file}\n"
        assert pd.read_csv(file)["number"].tolist() == numbers


def test_what_they_found_and_what_differs_stand_side_by_side(
    stored: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rorq_pipeline.cli.common.console._width", 200)
    lines = study("compare", LATEST, LAST, EMPTY).output.splitlines()
    rows = [line for line in lines if line.startswith(("│", "┃"))]
    assert [[cell.strip() for cell in re.split("[│┃]", row)[1:-1]] for row in rows] == [
        ["", LATEST, LAST, EMPTY],
        ["n_complete", "2", "1", "0"],
        ["n_trials", "4", "1", "0"],
        ["n_failed", "1", "0", "0"],
        ["best_value", "12.3457", "-3", "-"],
        ["entry_window", "09:30-15:45", "09:30-15:45", "-"],
        ["stretch_threshold", "0.00212346", "0.00212346", "-"],
        ["reclaim_percentage", "0.6", "0.6", "-"],
        ["cooldown_period_seconds", "120", "120", "-"],
        ["take_profit_percent", "50", "50", "-"],
        ["stop_loss_percent", "-50", "-50", "-"],
        ["max_trade_duration_seconds", "300", "300", "-"],
        ["strikes_depth", "2", "1", "-"],
        ["option_selection_mode", "itm", "itm", "-"],
        ["total_trades", "12", "12", "-"],
        ["win_rate_percent", "-", "-", "-"],
        ["expectancy_usd", "-", "-", "-"],
        ["avg_risk_per_trade_usd", "-", "-", "-"],
        ["return_on_risk_percent", "-", "-", "-"],
        ["daily_sharpe", "-", "-", "-"],
        ["profit_factor", "-", "-", "-"],
        ["max_drawdown_usd", "-", "-", "-"],
        ["net_pnl_usd", "12,345.7", "12,345.7", "-"],
        ["differs: seed", "1", "-", "-"],
        ["differs: fixed_params.latency_seconds", "-", "2", "-"],
        ["differs: space", "-", "[red]", "-"],
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["compare"], "Missing argument 'STUDY_NAMES...'"),
        (["delete"], "Missing argument 'STUDY_NAMES...'"),
        (["export"], "Missing option '--output' / '-o'"),
        (["export", "-o", "."], "File '.' is a directory"),
        (["export", "-o", "a.csv", "--top", "0"], "0 is not in the range x>=1"),
    ],
)
def test_what_cannot_be_meant_is_told(arguments: list[str], told: str) -> None:
    result = study(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


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
