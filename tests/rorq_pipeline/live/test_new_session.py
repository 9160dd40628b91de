"""New session folders lead to reports, with nobody at the keyboard."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from optimize.database.connect import DatabaseSettings
from strategy.market_data.sample.generate import SampleSettings, write_samples
from tests.rorq_pipeline.conftest import SMALL_SPACE
from tests.rorq_pipeline.live.deployment import Deployment, deployed, wait_for

JANUARY, FEBRUARY = "2023-01-03_2023-01-31", "2023-02-01_2023-02-28"
STUDY = {"n_trials": 30, "min_trade_threshold": 1}
RUN_CONFIG = {
    "validated_cache": {"search_space": SMALL_SPACE},
    "optimization": {"search_space": SMALL_SPACE, **STUDY},
    "parameter_surface": {"search_space": SMALL_SPACE, "min_trade_threshold": 1},
    "verdict": {"trades_to_trade": 12},
}
SENSOR_SECONDS = 5


@pytest.mark.slow
@pytest.mark.timeout(700)
def test_a_new_session_folder_is_worked_through(tmp_path: Path, database: DatabaseSettings) -> None:
    settings = {
        "RORQ_QUIET_SECONDS": "2",
        "RORQ_SENSOR_INTERVAL_SECONDS": str(SENSOR_SECONDS),
        "RORQ_RANGE_RULE": "month",
    }
    with deployed(tmp_path, database, **settings) as dagster:
        ops = {name: {"config": config} for name, config in RUN_CONFIG.items()}
        (tmp_path / "run_config.yaml").write_text(json.dumps({"ops": ops}))
        dagster.start()
        write_samples(dagster.cache, [date(2023, 1, 3), date(2023, 1, 4)], SampleSettings())

        def requested() -> bool:
            return any(run["tags"].get("dagster/partition") == JANUARY for run in dagster.runs())

        # Two ticks, each at most the interval and the daemon's own 5 s late.
        wait_for(requested, 2 * (SENSOR_SECONDS + 5) + 10, "a requested run", dagster.log)
        wait_for(lambda: dagster.is_materialized("report", JANUARY), 240, "the report", dagster.log)
        assert (dagster.artifacts / "report" / f"{JANUARY}.html").is_file()
        assert [run["jobName"] for run in dagster.runs()] == ["optimize_range"]
        settings_of_study = read(dagster, "optimization")["settings"]
        assert settings_of_study.items() >= STUDY.items()
        assert following(dagster) == []

        # What follows January is traded with January's parameters; its search is not repeated.
        write_samples(dagster.cache, [date(2023, 2, 1), date(2023, 2, 2)], SampleSettings())
        wait_for(
            lambda: following(dagster) == ["2023-02-01", "2023-02-02"],
            240,
            "January's evidence",
            dagster.log,
        )
        wait_for(lambda: dagster.is_materialized("report", FEBRUARY), 240, "a report", dagster.log)
        jobs = {(run["jobName"], run["tags"]["dagster/partition"]) for run in dagster.runs()}
        assert jobs == {
            ("optimize_range", JANUARY),
            ("renew_evidence", JANUARY),
            ("optimize_range", FEBRUARY),
        }
        assert read(dagster, "verdict")["limits"]["trades_to_trade"] == 12
        assert database.password.get_secret_value() not in everything_shown(dagster)


def read(dagster: Deployment, asset: str) -> dict[str, Any]:
    """What an asset keeps of January."""
    text = (dagster.artifacts / asset / f"{JANUARY}.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def following(dagster: Deployment) -> list[str]:
    """The sessions after January on which its parameters were traded."""
    dates: list[str] = read(dagster, "out_of_sample")["traded"]["sessions"]["dates"]
    return dates


def everything_shown(dagster: Deployment) -> str:
    """What the pages of instance, resources, launchpad and runs show, and what was logged."""
    pages = [
        "{ instance { info } }",
        _RESOURCES,
        "{ runsOrError { ... on Runs { results { runConfigYaml tags { key value } } } } }",
    ]
    logs = [*dagster.home.rglob("*.out"), *dagster.home.rglob("*.err"), dagster.home / "dev.log"]
    return "".join(
        [
            *(str(dagster.graphql(page)) for page in pages),
            *(path.read_text(errors="replace") for path in logs),
        ]
    )


_RESOURCES = """{ repositoriesOrError { ... on RepositoryConnection { nodes {
  allTopLevelResourceDetails { name configuredValues { key value } } } } } }"""
