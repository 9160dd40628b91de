from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from rorq_pipeline.automation.schedule import evening_schedule
from rorq_pipeline.automation.settings import AutomationSettings
from rorq_pipeline.dagster_support.jobs import optimize_range
from rorq_pipeline.definitions import defs
from tests.rorq_pipeline.cache_folders import put_session

EVENING = datetime(2023, 2, 15, 23, 30, tzinfo=UTC)


def requested(cache: Path) -> list[str | None]:
    schedule = evening_schedule(AutomationSettings(), lambda: cache, optimize_range)
    with dg.DagsterInstance.local_temp(str(cache.parent / "dagster")) as instance:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=EVENING,
            repository_def=defs.get_repository_def(),
        )
        data = schedule.evaluate_tick(context)
        registered = instance.get_dynamic_partitions("backtest_range")
    keys = [request.partition_key for request in data.run_requests or []]
    assert set(keys) <= set(registered)
    return keys


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RORQ_ARTIFACTS", str(tmp_path / "artifacts"))
    (tmp_path / "dagster").mkdir()
    return tmp_path / "cache"


def test_it_is_off_until_somebody_turns_it_on(cache: Path) -> None:
    schedule = evening_schedule(AutomationSettings(), lambda: cache, optimize_range)
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    assert schedule.execution_timezone == "America/New_York"


def test_a_range_without_a_report_is_stale(cache: Path) -> None:
    put_session(cache, date(2023, 1, 3))
    assert "2023-01-03_2023-01-31" in requested(cache)


def test_a_range_with_a_report_younger_than_its_sessions_is_not(
    cache: Path, tmp_path: Path
) -> None:
    put_session(cache, date(2023, 1, 3))
    report = tmp_path / "artifacts" / "report" / "2023-01-03_2023-01-31.html"
    report.parent.mkdir(parents=True)
    report.write_text("page")
    assert "2023-01-03_2023-01-31" not in requested(cache)
