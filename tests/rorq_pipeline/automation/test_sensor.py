import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from rorq_pipeline.automation.sensor import cache_sensor
from rorq_pipeline.automation.settings import AutomationSettings
from rorq_pipeline.dagster_support.jobs import optimize_range
from rorq_pipeline.definitions import defs
from tests.rorq_pipeline.cache_folders import FILES, put_session

Tick = Callable[..., dg.SensorResult]


@pytest.fixture
def tick(tmp_path: Path) -> Tick:
    def evaluate(cursor: str | None = None, **settings: object) -> dg.SensorResult:
        chosen = AutomationSettings(**{"quiet_seconds": 0, **settings})  # type: ignore[arg-type]
        sensor = cache_sensor(chosen, lambda: tmp_path, optimize_range)
        with dg.DagsterInstance.ephemeral() as instance:
            result = sensor(dg.build_sensor_context(instance=instance, cursor=cursor))
        assert isinstance(result, dg.SensorResult)
        return result

    return evaluate


def keys(result: dg.SensorResult) -> list[str | None]:
    return [request.partition_key for request in result.run_requests or []]


def test_an_empty_cache_requests_nothing(tick: Tick) -> None:
    result = tick()
    assert keys(result) == []
    assert "no new data in 0 cached sessions" in str(result.skip_reason)


def test_a_new_session_registers_its_month_and_requests_one_run(tick: Tick, tmp_path: Path) -> None:
    put_session(tmp_path, date(2023, 1, 3))
    put_session(tmp_path, date(2023, 1, 4))
    result = tick()
    assert keys(result) == ["2023-01-03_2023-01-31"]
    (added,) = result.dynamic_partitions_requests or []
    assert list(added.partition_keys) == ["2023-01-03_2023-01-31"]
    assert keys(tick(result.cursor)) == []


def test_the_same_data_gives_the_same_run_key_and_other_data_another(
    tick: Tick, tmp_path: Path
) -> None:
    folder = put_session(tmp_path, date(2023, 1, 3))
    (first,) = tick().run_requests or []
    (again,) = tick().run_requests or []
    (folder / FILES[2]).write_bytes(b"other")
    (other,) = tick().run_requests or []
    assert first.run_key == again.run_key
    assert first.run_key != other.run_key


def test_a_cache_in_motion_is_left_alone(tick: Tick, tmp_path: Path) -> None:
    folder = put_session(tmp_path, date(2023, 1, 3))
    os.utime(folder / FILES[0], (0, 0))  # a copy that keeps modification times
    moving = tick(quiet_seconds=5)
    assert keys(moving) == []
    assert "waiting until it has been quiet for 5 s" in str(moving.skip_reason)
    time.sleep(0.3)
    assert keys(tick(moving.cursor, quiet_seconds=0.2)) == ["2023-01-03_2023-01-31"]


def test_ranges_follow_the_rule(tick: Tick, tmp_path: Path) -> None:
    for day in (date(2023, 1, 3), date(2023, 1, 4), date(2023, 1, 9)):
        put_session(tmp_path, day)
    assert keys(tick(range_rule="week")) == ["2023-01-03_2023-01-06", "2023-01-09_2023-01-13"]
    assert keys(tick(range_rule="quarter")) == ["2023-01-03_2023-03-31"]
    assert keys(tick(range_rule="rolling", rolling_sessions=2)) == [
        "2023-01-03_2023-01-04",
        "2023-01-04_2023-01-09",
    ]


def test_each_ticker_is_watched_with_a_memory_of_its_own(tick: Tick, tmp_path: Path) -> None:
    put_session(tmp_path, date(2023, 1, 3))
    first = tick(tickers=("SPY", "QQQ"))
    assert keys(first) == ["2023-01-03_2023-01-31"]
    put_session(tmp_path, date(2023, 1, 3), ticker="QQQ")
    second = tick(first.cursor, tickers=("SPY", "QQQ"))
    assert keys(second) == ["QQQ_2023-01-03_2023-01-31"]
    told = str(tick(second.cursor, tickers=("SPY", "QQQ")).skip_reason)
    assert "SPY: no new data in 1" in told
    assert "QQQ: no new data in 1" in told
    assert keys(tick(second.cursor, tickers=("QQQ",))) == []
    assert len(keys(tick(tickers=("SPY", "QQQ"), max_runs_per_tick=1))) == 1


def test_many_ranges_are_spread_over_ticks(tick: Tick, tmp_path: Path) -> None:
    for month in range(1, 5):
        put_session(tmp_path, date(2023, month, 10))
    first = tick(max_runs_per_tick=3)
    second = tick(first.cursor, max_runs_per_tick=3)
    assert len(keys(first)) == 3
    assert keys(second) == ["2023-01-10_2023-01-31"]


def test_requested_runs_take_the_projects_run_config(
    tick: Tick, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    put_session(tmp_path, date(2023, 1, 3))
    (plain,) = tick().run_requests or []
    assert plain.run_config == {}
    (tmp_path / "run_config.yaml").write_text("ops: {optimization: {config: {n_trials: 500}}}")
    (request,) = tick().run_requests or []
    assert request.run_config == {"ops": {"optimization": {"config": {"n_trials": 500}}}}
    assert dg.validate_run_config(defs.resolve_job_def("optimize_range"), request.run_config)
