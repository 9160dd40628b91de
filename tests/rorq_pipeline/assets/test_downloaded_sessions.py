"""The download as an asset, from a provider on this machine."""

from datetime import date
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
from tests.strategy.market_data.download.conftest import provider
from tests.strategy.market_data.download.fake_provider import KEY, FakeProvider

__all__ = ["provider"]

RANGE = "2023-01-03_2023-01-03"


def materialize(**config: Any) -> dg.ExecuteInProcessResult:
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions(BACKTEST_RANGE.name or "", [RANGE])
    return dg.materialize(
        [downloaded_sessions],
        partition_key=RANGE,
        instance=instance,
        resources={"market_data": MarketData(), "results": ArtifactIOManager()},
        run_config={"ops": {"downloaded_sessions": {"config": config}}},
        raise_on_error=False,
    )


def metadata_of(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    (event,) = result.asset_materializations_for_node("downloaded_sessions")
    return {name: value.value for name, value in event.metadata.items()}


def test_without_a_key_nothing_is_downloaded_and_that_is_said(project: ProjectPaths) -> None:
    result = materialize()
    assert result.success
    assert metadata_of(result)["provider_key"] == "not set"
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
