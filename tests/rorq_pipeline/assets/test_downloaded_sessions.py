"""The download as an asset, from a provider on this machine."""

from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from rorq_pipeline.assets.downloaded_sessions import downloaded_sessions
from rorq_pipeline.dagster_support.io_managers import ArtifactIOManager
from rorq_pipeline.dagster_support.partitions import BACKTEST_RANGE
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.models import Download
from strategy.market_data import list_sessions
from tests.rorq_pipeline.conftest import plain
from tests.strategy.market_data.download.conftest import PRICES, provider
from tests.strategy.market_data.download.fake_provider import KEY, FakeProvider

__all__ = ["provider"]

RANGE = "2023-01-03_2023-01-03"


def materialize(
    instance: dg.DagsterInstance | None = None, partition: str = RANGE, **config: Any
) -> dg.ExecuteInProcessResult:
    instance = instance or dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions(BACKTEST_RANGE.name or "", [partition])
    return dg.materialize(
        [downloaded_sessions],
        partition_key=partition,
        instance=instance,
        resources={"market_data": MarketData(), "results": ArtifactIOManager()},
        run_config={"ops": {"downloaded_sessions": {"config": config}}},
        raise_on_error=False,
    )


def metadata_of(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    (event,) = result.asset_materializations_for_node("downloaded_sessions")
    return plain(event.metadata)


def test_without_a_key_nothing_is_downloaded_and_that_is_said(project: ProjectPaths) -> None:
    result = materialize()
    assert result.success
    told = metadata_of(result)
    assert Path(told.pop("path")).name == f"{RANGE}.json"
    assert told == {"downloaded": 0, "provider_key": "not set"}
    assert Download.read(RANGE).report is None
    assert list_sessions(project.cache, "SPY") == []


def test_a_key_can_be_required(project: ProjectPaths) -> None:
    result = materialize(require_key=True)
    assert not result.success
    (failure,) = [e for e in result.all_events if e.is_step_failure]
    assert "POLYGON_API_KEY is not set" in str(failure.step_failure_data.user_failure_data)


def test_a_session_comes_from_the_provider_without_showing_the_key(
    project: ProjectPaths, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYGON_API_KEY", KEY)
    result = materialize(base_url=provider.url)
    assert result.success
    told = metadata_of(result)
    assert told["downloaded"] == 1
    assert told["requests"] >= 3
    kept = Download.read(RANGE).report
    assert kept is not None
    assert kept.written == (date(2023, 1, 3),)
    assert (kept.requests, kept.contracts) == (told["requests"], told["contracts"])
    assert [str(day) for day in list_sessions(project.cache, "SPY")] == ["2023-01-03"]
    assert KEY not in "".join(str(event) for event in result.all_events)


def test_each_session_is_a_line_of_the_log_and_counted(
    project: ProjectPaths, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYGON_API_KEY", KEY)
    assert materialize(base_url=provider.url).success
    for day in (4, 5):
        provider.add_session("SPY", date(2023, 1, day), PRICES)
    with dg.DagsterInstance.ephemeral() as instance:
        result = materialize(instance, "2023-01-03_2023-01-05", base_url=provider.url)
        entries = instance.all_logs(result.run_id)
    lines = [entry.user_message for entry in entries if entry.dagster_event is None]
    assert [line for line in lines if " of " in line] == [
        "0 of 2 sessions, 2023-01-04",
        "1 of 2 sessions, 2023-01-04",
        "2 of 2 sessions, 2023-01-05",
    ]
    told = metadata_of(result)
    kept = Download.read("2023-01-03_2023-01-05").report
    assert kept is not None
    told.pop("path")
    assert told == {
        "downloaded": 2,
        "cached_before": 1,
        "empty_at_provider": 0,
        "not_yet_ended": 0,
        "requests": kept.requests,
        "contracts": kept.contracts,
        "contracts_without_bars": kept.contracts_without_bars,
    }
