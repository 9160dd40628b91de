import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from optimize.statistics import Interval
from rorq_pipeline.assets.out_of_sample import out_of_sample
from rorq_pipeline.assets.selection_statistics import selection_statistics
from rorq_pipeline.assets.verdict import verdict
from rorq_pipeline.assets.walk_forward import walk_forward
from rorq_pipeline.assets.walk_forward_matrix import walk_forward_matrix
from rorq_pipeline.checks.honesty import proofs
from rorq_pipeline.checks.statistics import (
    earns_out_of_sample,
    outside_result,
    selection_checks,
    worth_trading,
)
from rorq_pipeline.dagster_support.io_managers import ArtifactIOManager
from rorq_pipeline.dagster_support.partitions import BACKTEST_RANGE, PARTITION_SET
from rorq_pipeline.results.evidence import measure_out_of_sample
from rorq_pipeline.results.models import (
    BestParams,
    OutOfSampleEvidence,
    Proofs,
    SelectionEvidence,
    WalkForwardMatrixRecord,
    WalkForwardRecord,
)
from tests.rorq_pipeline.results.conftest import FIRST, SECOND, Published

EVIDENCE = [out_of_sample, selection_statistics, walk_forward, walk_forward_matrix, verdict]
UPSTREAM = ("validated_cache", "best_params", "optimization")
CHECKS = [proofs, selection_checks, earns_out_of_sample, worth_trading]


def upstream(name: str) -> dg.AssetSpec:
    """An asset that was made before."""
    return dg.AssetSpec(name, partitions_def=BACKTEST_RANGE).with_io_manager_key("results")


@pytest.fixture
def run(published: Published, artifacts: Path) -> Any:
    everything = dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks()

    def materialize(date_range: Any) -> dg.ExecuteInProcessResult:
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions(PARTITION_SET, [date_range.key])
            definitions = dg.Definitions(
                assets=[*EVIDENCE, *map(upstream, UPSTREAM)],
                asset_checks=CHECKS,
                resources={"market_data": published.market_data, "results": ArtifactIOManager()},
                jobs=[dg.define_asset_job("evidence", selection=everything)],
            )
            job = definitions.resolve_job_def("evidence")
            return job.execute_in_process(instance=instance, partition_key=date_range.key)

    return materialize


def stored(artifacts: Path, asset: str, date_range: Any) -> dict[str, Any]:
    text = (artifacts / asset / f"{date_range.key}.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def test_the_evidence_of_a_range_is_made_checked_and_kept(run: Any, artifacts: Path) -> None:
    result = run(FIRST)
    assert result.success
    found = stored(artifacts, "verdict", FIRST)
    assert found["evidence"]["out_of_sample_traded_sessions"] == 5
    assert Proofs.read(FIRST.key).replay.matches
    matrix = WalkForwardMatrixRecord.read(FIRST.key)
    assert matrix.absent == "0 of at least 4 whole months up to 2023-01-13"
    assert matrix.of == BestParams.read(FIRST.key).identity
    assert SelectionEvidence.read(FIRST.key).statistics.overfitting.n_blocks == 8
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert set(checks) == {
        "no_look_ahead",
        "replay",
        "adverse_fills",
        "survives_quotes",
        "overfitting",
        "deflated_sharpe",
        "superior_ability",
        "earns_out_of_sample",
        "worth_trading",
    }
    assert checks["replay"].passed
    assert checks["no_look_ahead"].passed
    told = result.asset_materializations_for_node("verdict")[0].metadata
    assert told["verdict"].value == found["verdict"]["line"]


def test_the_last_range_says_that_nothing_follows_yet(run: Any, artifacts: Path) -> None:
    result = run(SECOND)
    assert result.success
    assert stored(artifacts, "out_of_sample", SECOND)["n_to_come"] == 6
    assert len(WalkForwardRecord.read(SECOND.key).record.steps) == 1
    found = stored(artifacts, "verdict", SECOND)
    assert found["verdict"]["decision"] != "trade"
    worth = {one.check_name: one for one in result.get_asset_check_evaluations()}["worth_trading"]
    assert (worth.passed, worth.severity.value) == (False, "WARN")
    assert worth.description == found["verdict"]["line"]
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    unknown = checks["earns_out_of_sample"]  # a warning, never a pass
    assert (unknown.passed, unknown.severity.value) == (False, "WARN")


def test_out_of_sample_warns_of_a_loss_and_of_unreadable_sessions(published: Published) -> None:
    made = measure_out_of_sample(published.best[FIRST], published.market_data, FIRST)
    assert made.traded.metrics is not None

    def outside(value: float) -> OutOfSampleEvidence:
        metrics = replace(made.traded.metrics, return_on_risk_percent=value)  # type: ignore[type-var]
        interval = {"return_on_risk_percent": Interval(low=-1, high=7, confidence_fraction=0.9)}
        traded = replace(made.traded, metrics=metrics, intervals=interval)
        return made.model_copy(update={"traded": traded})

    assert outside_result(outside(3.0)).passed
    told = outside_result(outside(3.0)).description
    assert told == "return on risk 3.00% on 6 sessions, interval -1.00 to 7.00%"
    assert not outside_result(outside(0.0)).passed
    assert not outside_result(outside(-3.0)).passed
    nothing = measure_out_of_sample(published.best[SECOND], published.market_data, SECOND)
    assert not outside_result(nothing).passed  # not known, a warning
    assert outside_result(nothing).description == "no following session is cached yet"
    unread = nothing.model_copy(update={"n_to_come": 3, "status": "cannot be read"})
    assert not outside_result(unread).passed
