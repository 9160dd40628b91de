"""The daemon finds what a command has published already, of each ticker that it watches."""

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from optimize.database.connect import DatabaseSettings
from rorq_pipeline.cli.main import main
from strategy.market_data.sample.generate import SampleSettings, write_samples
from tests.rorq_pipeline.conftest import small_config
from tests.rorq_pipeline.live.deployment import deployed, wait_for

DAYS = [date(2023, 1, 3), date(2023, 1, 4)]
JANUARY, QQQ = "2023-01-03_2023-01-31", "QQQ_2023-01-03_2023-01-31"
_TICKS = """{ sensorOrError(sensorSelector: {repositoryName: "__repository__",
  repositoryLocationName: "rorq_pipeline", sensorName: "new_cache_data"}) {
  ... on Sensor { sensorState { ticks(limit: 5) { status skipReason } } } } }"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_the_demo_published_is_not_requested_again(
    tmp_path: Path,
    database: DatabaseSettings,
    database_environment: DatabaseSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", "")
    settings = {
        "RORQ_QUIET_SECONDS": "1",
        "RORQ_SENSOR_INTERVAL_SECONDS": "5",
        "RORQ_TICKERS": "SPY,QQQ",
    }
    with deployed(tmp_path, database, **settings) as dagster:
        (tmp_path / "run_config.yaml").write_text(
            small_config("validated_cache", "optimization", "parameter_surface")
        )
        write_samples(dagster.cache, DAYS, SampleSettings())
        shown = CliRunner().invoke(main, ["demo"])
        assert shown.exit_code == 0, shown.output
        assert (dagster.artifacts / "report" / f"{JANUARY}.html").is_file()

        dagster.start()

        def looked() -> bool:
            ticks = dagster.graphql(_TICKS)["sensorOrError"]["sensorState"]["ticks"]
            return any(
                "SPY: no new data in 2 cached sessions" in (t["skipReason"] or "") for t in ticks
            )

        wait_for(looked, 90, "a tick with nothing to do", dagster.log)
        assert [run["jobName"] for run in dagster.runs()] == ["__ASSET_JOB"]  # the demo's own

        write_samples(dagster.cache, DAYS, SampleSettings(ticker="QQQ", seed=7))
        wait_for(lambda: dagster.is_materialized("report", QQQ), 240, "QQQ's report", dagster.log)
        partitions = [run["tags"]["dagster/partition"] for run in dagster.runs()]
        assert partitions == [QQQ, JANUARY]
