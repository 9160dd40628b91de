"""A new session folder leads to a report, with nobody at the keyboard."""

from datetime import date
from pathlib import Path

import pytest

from optimize.database import DatabaseSettings
from strategy.market_data.sample import SampleSettings, write_samples
from tests.rorq_pipeline.live.deployment import Deployment, deployed, wait_for

JANUARY = "2023-01-01_2023-01-31"
SENSOR_SECONDS = 5


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_new_session_folder_is_worked_through(tmp_path: Path, database: DatabaseSettings) -> None:
    settings = {"RORQ_QUIET_SECONDS": "2", "RORQ_SENSOR_INTERVAL_SECONDS": str(SENSOR_SECONDS)}
    with deployed(tmp_path, database, **settings) as dagster:
        dagster.start()
        write_samples(dagster.cache, [date(2023, 1, 3), date(2023, 1, 4)], SampleSettings())

        def requested() -> bool:
            return any(run["tags"].get("dagster/partition") == JANUARY for run in dagster.runs())

        # Two ticks, each at most the interval and the daemon's own 5 s late.
        wait_for(requested, 2 * (SENSOR_SECONDS + 5) + 10, "a requested run", dagster.log)
        wait_for(lambda: dagster.is_materialized("report", JANUARY), 240, "the report", dagster.log)
        assert (dagster.artifacts / "report" / f"{JANUARY}.html").is_file()
        assert [run["jobName"] for run in dagster.runs()] == ["optimize_range"]
        assert database.password.get_secret_value() not in everything_shown(dagster)


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
