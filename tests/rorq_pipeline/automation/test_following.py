from dataclasses import MISSING, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from optimize.statistics import Evidence, Verdict, VerdictSettings, out_of_sample
from rorq_pipeline.automation.following import (
    Record,
    awaited_ranges,
    following_sensor,
    renew_evidence,
)
from rorq_pipeline.automation.settings import AutomationSettings
from rorq_pipeline.definitions import defs
from rorq_pipeline.results.models import BestParams, OutOfSampleEvidence, VerdictRecord
from strategy.backtest_range import BacktestRange
from strategy.params import StrategyParams
from tests.rorq_pipeline.cache_folders import put_session
from tests.rorq_pipeline.results_made import best_params, identity

WEEK = BacktestRange(date(2023, 1, 3), date(2023, 1, 6))  # four sessions
LATER = BacktestRange(date(2023, 1, 9), date(2023, 1, 10))  # two


def looked_at(*days: int, signature: str = "a") -> dict[str, str]:
    return {f"2023-01-{day:02d}": signature for day in days}


def record(*days: int, signature: str = "a", stamp: str = "1") -> Record:
    return Record(looked_at=looked_at(*days, signature=signature), stamp=stamp)


def cached(*days: int, signature: str = "a") -> dict[date, str]:
    return {date(2023, 1, day): signature for day in days}


def test_a_range_is_returned_to_while_sessions_come_and_no_longer() -> None:
    assert awaited_ranges({WEEK: record()}, {"SPY": cached(3, 4, 5, 6)}) == []
    (found,) = awaited_ranges({WEEK: record()}, {"SPY": cached(3, 4, 5, 6, 9)})
    assert (found.date_range, found.signatures) == (WEEK, {"2023-01-09": "a"})
    assert awaited_ranges({WEEK: record(9)}, {"SPY": cached(3, 9)}) == []
    (more,) = awaited_ranges({WEEK: record(9)}, {"SPY": cached(3, 9, 10)})
    assert more.run_key != found.run_key
    assert (
        awaited_ranges({WEEK: record(9, 10, 11, 12)}, {"SPY": cached(3, 9, 10, 11, 12, 13)}) == []
    )


def test_a_range_is_returned_to_whenever_a_following_session_changes() -> None:
    (changed,) = awaited_ranges({WEEK: record(9)}, {"SPY": cached(9, signature="b")})
    (back,) = awaited_ranges({WEEK: record(9, signature="b", stamp="2")}, {"SPY": cached(9)})
    (again,) = awaited_ranges({WEEK: record(9, stamp="3")}, {"SPY": cached(9, signature="b")})
    assert len({changed.run_key, back.run_key, again.run_key}) == 3


def test_sessions_that_are_gone_do_not_take_their_evidence_with_them() -> None:
    assert awaited_ranges({WEEK: record(9, 10)}, {"SPY": cached(3, 9)}) == []
    assert awaited_ranges({WEEK: record(9, 10)}, {"SPY": {}}) == []


def test_the_latest_range_comes_first() -> None:
    found = awaited_ranges({WEEK: record(), LATER: record()}, {"SPY": cached(9, 10, 11)})
    assert [one.date_range for one in found] == [LATER, WEEK]


def looked_at_nothing() -> OutOfSampleEvidence:
    nothing = out_of_sample(StrategyParams(), [], n_wanted=4)
    return OutOfSampleEvidence(
        of=identity(), traded=nothing, status=nothing.status, n_to_come=4, looked_at={},
        missing=(), selections={},
    )  # fmt: skip


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RORQ_ARTIFACTS", str(tmp_path / "artifacts"))
    folder = tmp_path / "artifacts" / "out_of_sample"
    folder.mkdir(parents=True)
    looked_at_nothing().write_file(folder / f"{WEEK.key}.json")
    (folder / "notes.json").write_text("{}")
    (folder / f"{LATER.key}.json").write_text("{")  # cut short
    return tmp_path


def tick(cache: Path, cursor: str | None = None, **settings: Any) -> dg.SensorResult:
    chosen = AutomationSettings(**{"quiet_seconds": 0, **settings})
    sensor = following_sensor(chosen, lambda: cache, renew_evidence)
    with dg.DagsterInstance.ephemeral() as instance:
        result = sensor(dg.build_sensor_context(instance=instance, cursor=cursor))
    assert isinstance(result, dg.SensorResult)
    return result


def test_the_sensor_requests_the_evidence_of_a_range_once_a_set_of_sessions(
    artifacts: Path,
) -> None:
    cache = artifacts / "cache"
    put_session(cache, date(2023, 1, 6))
    assert "nothing new follows any of 1" in str(tick(cache).skip_reason)
    put_session(cache, date(2023, 1, 9))
    asked = tick(cache)
    (first,) = asked.run_requests or []
    assert first.partition_key == WEEK.key
    assert first.run_config == {}
    (added,) = asked.dynamic_partitions_requests or []
    assert list(added.partition_keys) == [WEEK.key]
    assert not tick(cache, asked.cursor).run_requests
    put_session(cache, date(2023, 1, 10))
    (second,) = tick(cache, asked.cursor).run_requests or []
    assert second.run_key != first.run_key
    assert "a moment ago" in str(tick(cache, quiet_seconds=3600).skip_reason)


def test_a_request_without_success_does_not_keep_others_waiting(artifacts: Path) -> None:
    cache = artifacts / "cache"
    put_session(cache, date(2023, 1, 11))
    looked_at_nothing().write_file(OutOfSampleEvidence.path(LATER.key))
    first = tick(cache, max_runs_per_tick=1)
    second = tick(cache, first.cursor, max_runs_per_tick=1)
    asked = [one.partition_key for result in (first, second) for one in result.run_requests or []]
    assert asked == [LATER.key, WEEK.key]
    assert not tick(cache, second.cursor, max_runs_per_tick=1).run_requests


def test_a_range_is_judged_again_by_the_limits_of_its_verdict(artifacts: Path) -> None:
    settings = VerdictSettings(trades_to_trade=12)
    known = {f.name: None for f in fields(Evidence) if f.default is MISSING}
    evidence = Evidence(**known)
    VerdictRecord(
        of=identity(),
        verdict=Verdict(decision="watch", line="watch: x", findings=()),
        evidence=replace(
            evidence, total_trades=1, out_of_sample_traded_sessions=0, synthetic=False
        ),
        limits=settings,
    ).write_file(VerdictRecord.path(WEEK.key))
    limits = settings.model_dump()
    put_session(artifacts / "cache", date(2023, 1, 9))
    (request,) = tick(artifacts / "cache").run_requests or []
    assert request.run_config == {
        "ops": {name: {"config": limits} for name in ("selection_checks", "verdict")}
    }
    job = defs.resolve_job_def("renew_evidence")
    assert dg.validate_run_config(job, request.run_config)["ops"]["verdict"]["config"] == limits


def test_a_record_of_a_former_version_is_made_again_where_the_parameters_can_be_read(
    artifacts: Path,
) -> None:
    OutOfSampleEvidence.path(WEEK.key).write_text("{}")
    put_session(artifacts / "cache", date(2023, 1, 9))
    assert "nothing new follows any of 0" in str(tick(artifacts / "cache").skip_reason)
    best_params().write_file(BestParams.path(WEEK.key))
    (request,) = tick(artifacts / "cache").run_requests or []
    assert request.partition_key == WEEK.key


def test_the_job_repeats_no_search() -> None:
    job = defs.resolve_job_def("renew_evidence")
    names = {node.name for node in job.all_node_defs}
    assert {"out_of_sample", "selection_statistics", "verdict", "report"} <= names
    assert not names & {"optimization", "parameter_surface", "validated_cache", "best_params"}
