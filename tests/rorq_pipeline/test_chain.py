"""The chain as a user runs it, in one process, on a real PostgreSQL."""

import html
import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from click.testing import Result
from sqlalchemy import text

from optimize.database.connect import DatabaseSettings, open_engine
from optimize.run_study import list_studies
from rorq_pipeline.dagster_support.instance import project_instance
from rorq_pipeline.definitions import build_definitions
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.results.history import publications
from rorq_pipeline.results.models import BestParams, Optimization, VerdictRecord
from strategy.market_data.sample.generate import SampleSettings, write_samples
from tests.rorq_pipeline.conftest import SESSIONS, small_config

RANGE = "2023-01-03_2023-01-04"
ALONE = (RANGE, "--select", "optimization")
FULL = """CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$"""
CALLED = "FOR EACH ROW EXECUTE FUNCTION full_disk()"
CHAIN = ("validated_cache", "optimization", "parameter_surface")
Rorq = Callable[..., Result]

pytestmark = pytest.mark.timeout(300)


def materialize(rorq: Rorq, selection: str, *assets: str, **study: Any) -> Result:
    config = small_config(*assets, **study)
    return rorq("materialize", RANGE, "--select", selection, "--config-json", config)


def artifact(project: ProjectPaths, asset: str, suffix: str = ".json") -> Path:
    return project.artifacts / asset / f"{RANGE}{suffix}"


def read(project: ProjectPaths, asset: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(artifact(project, asset).read_text("utf-8"))
    return content


@pytest.mark.slow
def test_the_chain_leaves_readable_files_and_resumes(
    sampled_project: ProjectPaths, rorq: Rorq, database: DatabaseSettings
) -> None:
    first = materialize(rorq, "+report", *CHAIN)
    assert first.exit_code == 0, first.output
    manifest = pd.read_parquet(artifact(sampled_project, "validated_cache", ".parquet"))
    assert list(manifest["date"]) == list(SESSIONS)
    best = read(sampled_project, "best_params")
    assert best["source"] == "synthetic"
    assert best["metrics"]["total_trades"] >= 1
    assert best["trial_params"]["stretch_threshold"] in (0.002, 0.003)
    assert best["strategy_params"]["entry_end_time"] == "15:45:00"
    page = artifact(sampled_project, "report", ".html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "synthetic" in page.lower()
    trials = read(sampled_project, "optimization")["study"]["n_trials"]

    second = materialize(rorq, "+report", *CHAIN)
    assert second.exit_code == 0, second.output
    again = read(sampled_project, "optimization")["study"]
    assert (again["resumed"], again["n_trials"]) == (True, trials)
    assert len(list_studies(database)) == 1
    assert not [path for path in sampled_project.artifacts.rglob("*") if path.name.startswith(".")]


def test_optimization_alone_works_on_a_fresh_project(
    sampled_project: ProjectPaths, rorq: Rorq
) -> None:
    result = materialize(rorq, "optimization", "optimization")
    assert result.exit_code == 0, result.output
    assert "validated here" in result.output
    study = read(sampled_project, "optimization")["study"]
    assert study["n_complete"] == 10
    lines = result.output.splitlines()
    assert f"best return on risk {study['best_value']:.2f}% of 10 completed trials" in lines
    after = "publish, test and report it; the study is kept"
    assert lines[-1] == f"next: rorq materialize {RANGE}    # {after}"
    assert not artifact(sampled_project, "validated_cache", ".parquet").exists()


def test_other_data_starts_another_study_warmed_by_the_last(
    sampled_project: ProjectPaths, rorq: Rorq, database: DatabaseSettings
) -> None:
    assert materialize(rorq, "optimization", "optimization").exit_code == 0
    first = read(sampled_project, "optimization")["study"]
    write_samples(sampled_project.cache, SESSIONS[1:], SampleSettings(seed=1), force=True)
    assert materialize(rorq, "optimization", "optimization").exit_code == 0
    second = read(sampled_project, "optimization")["study"]
    assert second["study_name"] != first["study_name"]
    assert second["warm_started_from"] == first["study_name"]
    assert {info.study_name for info in list_studies(database)} == {
        first["study_name"],
        second["study_name"],
    }


def test_where_nothing_is_cached_all_sessions_are_counted_as_not(
    sampled_project: ProjectPaths, rorq: Rorq, database: DatabaseSettings
) -> None:
    result = rorq("materialize", "2023-02-01_2023-02-28", "--select", "validated_cache")
    assert result.exit_code == 1
    assert "  0 of 19 sessions cached and validated, 0 of them" in result.output
    assert "0 of 19 sessions are cached; fetch sessions with `rorq download RANGE`" in result.output


def test_a_damaged_session_stops_the_chain_before_anything_is_computed(
    sampled_project: ProjectPaths, rorq: Rorq, database: DatabaseSettings
) -> None:
    damaged = sampled_project.cache / "SPY" / "2023-01-04" / "options.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1000])
    result = materialize(rorq, "+best_params", *CHAIN)
    assert result.exit_code == 1
    error = last_error(result)
    assert "2023-01-04/options.parquet" in error
    assert artifact(sampled_project, "validated_cache", ".parquet").exists()
    assert not artifact(sampled_project, "optimization").exists()
    assert list_studies(database) == []


def test_optimization_refuses_damaged_data_by_itself(
    sampled_project: ProjectPaths, rorq: Rorq, database: DatabaseSettings
) -> None:
    (sampled_project.cache / "SPY" / "2023-01-04" / "chain.parquet").write_bytes(b"PAR1")
    result = materialize(rorq, "optimization", "optimization")
    assert result.exit_code == 1
    assert "chain.parquet" in last_error(result)
    assert list_studies(database) == []


@pytest.mark.slow
def test_a_session_that_changed_after_validation_is_validated_again(
    sampled_project: ProjectPaths, rorq: Rorq
) -> None:
    assert materialize(rorq, "validated_cache", "validated_cache").exit_code == 0
    assert "validated here" not in materialize(rorq, "optimization", "optimization").output
    write_samples(sampled_project.cache, SESSIONS[:1], SampleSettings(seed=7), force=True)
    assert "validated here" in materialize(rorq, "optimization", "optimization").output


def test_parameters_are_published_on_the_data_of_the_study_only(
    sampled_project: ProjectPaths, rorq: Rorq
) -> None:
    assert materialize(rorq, "optimization", "optimization").exit_code == 0
    write_samples(sampled_project.cache, SESSIONS[:1], SampleSettings(seed=7), force=True)
    result = materialize(rorq, "best_params")
    assert result.exit_code == 1
    assert f"of the new data with: rorq materialize {RANGE}" in last_error(result)
    assert not artifact(sampled_project, "best_params").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["2023-01-04_2023-01-03"], "start 2023-01-04 is after end 2023-01-03"),
        (["2023-01-07_2023-01-08"], "no exchange session"),
        ([RANGE, "--select", "nonsense"], "'nonsense' names no asset"),
        ([RANGE, "--select", "report"], "--select best_params"),
        (
            [
                RANGE,
                "--select",
                "optimization",
                "--config-json",
                small_config("optimization", n_trials=0),
            ],
            "n_trials is 0",
        ),
        (
            [
                RANGE,
                "--select",
                "optimization",
                "--config-json",
                small_config("optimization", nope=1),
            ],
            "unknown name 'nope'",
        ),
        (["2023-02-01_2023-02-28", "--select", "optimization"], "no session of SPY is cached"),
    ],
)
def test_mistakes_get_one_line_and_an_exit_code(
    sampled_project: ProjectPaths, rorq: Rorq, arguments: list[str], expected: str
) -> None:
    result = rorq("materialize", *arguments)
    assert result.exit_code == 1
    assert expected in last_error(result)
    assert "Traceback" not in result.output
    assert not artifact(sampled_project, "optimization").exists()


def last_error(result: Result) -> str:
    """The last line, which must be the error."""
    line = result.output.strip().splitlines()[-1]
    assert line.startswith("error: "), result.output
    return line


@pytest.mark.slow
def test_a_result_is_restored_and_made_again_as_the_report_says(
    sampled_project: ProjectPaths, rorq: Rorq
) -> None:
    """Experiments in between, other project config and a lost study change nothing."""
    config = json.loads(small_config(*CHAIN, seed=7, n_trials=9))
    config["ops"] |= {
        "best_params": {"config": {"min_trades_per_session": 0.5}},
        "verdict": {"config": {"trades_to_trade": 41}},
    }
    first = rorq("materialize", RANGE, "--config-json", json.dumps(config))
    assert first.exit_code == 0, first.output
    assert "verdict " in first.output
    assert f"next: rorq backtest {RANGE} --best" in first.output
    page = artifact(sampled_project, "report", ".html").read_text("utf-8")
    command = shlex.split(html.unescape(page.split("<code>rorq", 1)[1].split("</code>", 1)[0]))
    assert command[:2] == ["materialize", RANGE]
    best = BestParams.read(RANGE)
    study = Optimization.read(RANGE).study
    verdict = VerdictRecord.read(RANGE)

    experiment = materialize(rorq, "+best_params", *CHAIN[:2], study_name="other", seed=1)
    assert experiment.exit_code == 0, experiment.output
    assert BestParams.read(RANGE) != best
    (sampled_project.root / "run_config.yaml").write_text(
        "ops: {optimization: {config: {n_trials: 3, seed: 5}}}"
    )
    restored = rorq("results", RANGE, "--restore", "1")
    assert restored.exit_code == 0, restored.output
    assert BestParams.read(RANGE) == best
    assert list(publications(RANGE)) == [1, 2]

    assert rorq("study", "delete", study.study_name).exit_code == 0
    shutil.rmtree(sampled_project.artifacts)
    again = rorq(*command)
    assert again.exit_code == 0, again.output
    assert BestParams.read(RANGE) == best
    assert Optimization.read(RANGE).study.top_trials == study.top_trials
    assert VerdictRecord.read(RANGE).limits == verdict.limits


@pytest.mark.parametrize("table", ["public.trials", "dagster.event_logs"])
def test_a_full_disk_of_the_database_is_one_line_and_the_command_goes_on(
    sampled_project: ProjectPaths, rorq: Rorq, database: DatabaseSettings, table: str
) -> None:
    assert materialize(rorq, "optimization", "optimization").exit_code == 0
    engine = open_engine(database)
    with engine.begin() as connection:
        connection.execute(text(FULL))
        connection.execute(text(f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} {CALLED}"))
    result = materialize(rorq, "optimization", "optimization", n_trials=20)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)  # else a traceback
    assert "no space is left on the disk of the database" in last_error(result)
    assert result.output.count("optimization …") <= 1  # tried once
    with engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER full_disk ON {table}"))
    engine.dispose()
    again = materialize(rorq, "optimization", "optimization", n_trials=20)
    assert again.exit_code == 0, again.output


@pytest.mark.timeout(90)
def test_what_an_ended_run_left_behind_keeps_nobody_waiting(
    sampled_project: ProjectPaths, rorq: Rorq
) -> None:
    """`rorq dev` ended in the midst of a launch leaves a claimed slot of its former pool."""
    with project_instance(sampled_project) as instance:
        ended = instance.create_run_for_job(
            build_definitions().resolve_job_def("optimize_range"),
            status=dg.DagsterRunStatus.FAILURE,
        )
        instance.event_log_storage.set_concurrency_slots("studies", 1)
        instance.event_log_storage.claim_concurrency_slot("studies", ended.run_id, "optimization")
    result = materialize(rorq, "optimization", "optimization")
    assert result.exit_code == 0, result.output
