import json
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from rorq_pipeline.automation.following import awaited_ranges, following_sensor, renew_evidence
from rorq_pipeline.automation.settings import AutomationSettings
from rorq_pipeline.definitions import defs
from strategy.date_range import DateRange
from tests.rorq_pipeline.test_cache_scan import put_session

WEEK = DateRange(date(2023, 1, 3), date(2023, 1, 6))  # four sessions
LATER = DateRange(date(2023, 1, 9), date(2023, 1, 10))  # two


def record(*days: int) -> dict[str, Any]:
    return {"sessions": {"dates": [f"2023-01-{day:02d}" for day in days]}}


def days(*numbers: int) -> list[date]:
    return [date(2023, 1, number) for number in numbers]


def test_a_range_is_returned_to_while_sessions_come_and_no_longer() -> None:
    cached = days(3, 4, 5, 6)
    assert awaited_ranges({WEEK: record()}, cached) == []
    (found,) = awaited_ranges({WEEK: record()}, [*cached, *days(9)])
    assert (found.date_range, list(found.sessions)) == (WEEK, days(9))
    assert awaited_ranges({WEEK: record(9)}, [*cached, *days(9)]) == []
    (more,) = awaited_ranges({WEEK: record(9)}, [*cached, *days(9, 10)])
    assert more.run_key != found.run_key
    full = days(9, 10, 11, 12)
    assert awaited_ranges({WEEK: record(9, 10, 11, 12)}, [*cached, *full, *days(13)]) == []


def test_the_latest_range_comes_first() -> None:
    found = awaited_ranges({WEEK: record(), LATER: record()}, days(9, 10, 11))
    assert [one.date_range for one in found] == [LATER, WEEK]


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RORQ_ARTIFACTS", str(tmp_path / "artifacts"))
    folder = tmp_path / "artifacts" / "out_of_sample"
    folder.mkdir(parents=True)
    (folder / f"{WEEK.key}.json").write_text(json.dumps(record()))
    (folder / "notes.json").write_text("{}")
    (folder / f"{LATER.key}.json").write_text("{")  # cut short
    return tmp_path


def tick(cache: Path, **settings: Any) -> dg.SensorResult:
    chosen = AutomationSettings(**{"quiet_seconds": 0, **settings})
    sensor = following_sensor(chosen, lambda: cache, renew_evidence)
    with dg.DagsterInstance.ephemeral() as instance:
        result = sensor(dg.build_sensor_context(instance=instance))
    assert isinstance(result, dg.SensorResult)
    return result


def test_the_sensor_requests_the_evidence_of_a_range_once_a_set_of_sessions(
    artifacts: Path,
) -> None:
    cache = artifacts / "cache"
    put_session(cache, date(2023, 1, 6))
    assert "nothing new follows any of 1" in str(tick(cache).skip_reason)
    put_session(cache, date(2023, 1, 9))
    (first,) = tick(cache).run_requests or []
    (again,) = tick(cache).run_requests or []
    assert first.partition_key == WEEK.key
    assert first.run_key == again.run_key
    assert "a moment ago" in str(tick(cache, quiet_seconds=3600).skip_reason)


def test_the_job_repeats_no_search() -> None:
    job = defs.resolve_job_def("renew_evidence")
    names = {node.name for node in job.all_node_defs}
    assert {"out_of_sample", "verdict", "report"} <= names
    assert not names & {"optimization", "parameter_surface", "validated_cache", "best_params"}
