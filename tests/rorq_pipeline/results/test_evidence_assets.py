import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.assets.out_of_sample import out_of_sample
from rorq_pipeline.assets.selection_statistics import selection_statistics
from rorq_pipeline.assets.verdict import verdict
from rorq_pipeline.assets.walk_forward import walk_forward
from rorq_pipeline.checks.honesty import proof_results, proofs
from rorq_pipeline.checks.statistics import (
    earns_out_of_sample,
    outside_result,
    selection_checks,
    selection_results,
)
from rorq_pipeline.dagster_support.io_managers import JsonIOManager
from rorq_pipeline.dagster_support.partitions import BACKTEST_RANGE, PARTITION_SET
from tests.rorq_pipeline.results.conftest import FIRST, SECOND, Published

EVIDENCE = [out_of_sample, selection_statistics, walk_forward, verdict]
CHECKS = [proofs, selection_checks, earns_out_of_sample]


def upstream(name: str) -> dg.AssetSpec:
    """An asset that was made before."""
    return dg.AssetSpec(name, partitions_def=BACKTEST_RANGE).with_io_manager_key("parameters")


@pytest.fixture
def run(published: Published, artifacts: Path) -> Any:
    everything = dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks()

    def materialize(date_range: Any) -> dg.ExecuteInProcessResult:
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions(PARTITION_SET, [date_range.key])
            definitions = dg.Definitions(
                assets=[*EVIDENCE, upstream("best_params"), upstream("optimization")],
                asset_checks=CHECKS,
                resources={"market_data": published.market_data, "parameters": JsonIOManager()},
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
    assert stored(artifacts, "proofs", FIRST)["replay"]["passed"]
    assert stored(artifacts, "selection_statistics", FIRST)["overfitting"]["n_blocks"] == 8
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert set(checks) == {
        "no_look_ahead",
        "replay",
        "adverse_fills",
        "overfitting",
        "deflated_sharpe",
        "superior_ability",
        "earns_out_of_sample",
    }
    assert checks["replay"].passed
    assert checks["no_look_ahead"].passed
    told = result.asset_materializations_for_node("verdict")[0].metadata
    assert told["verdict"].value == found["line"]


def test_the_last_range_says_that_nothing_follows_yet(run: Any, artifacts: Path) -> None:
    result = run(SECOND)
    assert result.success
    assert stored(artifacts, "out_of_sample", SECOND)["n_to_come"] == 6
    assert stored(artifacts, "walk_forward", SECOND)["n_steps"] == 1
    found = stored(artifacts, "verdict", SECOND)
    assert found["decision"] != "trade"
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    unknown = checks["earns_out_of_sample"]  # a warning, never a pass
    assert (unknown.passed, unknown.severity.value) == (False, "WARN")


def test_replay_blocks_and_the_rest_warns() -> None:
    blocking = {spec.name: spec.blocking for spec in proofs.check_specs}
    assert blocking == {"no_look_ahead": False, "replay": True, "adverse_fills": False}
    told = {"passed": False, "summary": "the replay differs", "n_trades": 3}
    metrics = {"return_on_risk_percent": -2.0, "total_trades": 4}
    scenario = {"name": "adverse", "description": "harsh", "metrics": metrics}
    shares = {"best_trade_fraction": 0.5, "best_day_fraction": None}
    results = proof_results(
        {
            "look_ahead": told,
            "replay": told,
            "fills": {"scenarios": [scenario], "profit_shares": shares},
        }
    )
    assert [result.passed for result in results] == [False, False, False]
    assert [result.severity.value for result in results] == ["ERROR", "ERROR", "WARN"]
    assert "-2.00 %" in (results[2].description or "")


@pytest.mark.parametrize(
    ("pbo", "sharpe", "p_value", "passed"),
    [
        (0.1, 0.95, 0.01, [True, True, True]),
        (0.5, 0.5, 0.5, [False, False, False]),
        (None, None, None, [False, False, False]),
    ],
)
def test_statistics_are_held_against_the_limits_of_the_verdict(
    pbo: float | None, sharpe: float | None, p_value: float | None, passed: list[bool]
) -> None:
    statistics = {
        "overfitting": {"probability_fraction": pbo, "n_trials": 9},
        "deflated_sharpe": {"probability_fraction": sharpe},
        "superior_ability": {"p_value_fraction": p_value},
        "absent": None,
        "caveat": "From 20 sessions.",
    }
    results = selection_results(statistics, VerdictSettings())
    assert [result.passed for result in results] == passed
    assert {result.severity.value for result in results} == {"WARN"}
    assert all("From 20 sessions." in (result.description or "") for result in results)


def outside(**changes: Any) -> dict[str, Any]:
    return {
        "status": "measured",
        "metrics": {"return_on_risk_percent": 3.0},
        "intervals": {"return_on_risk_percent": {"low": -1.0, "high": 7.0}},
        "n_sessions": 6,
        "n_wanted": 9,
        "n_to_come": 3,
        **changes,
    }


def test_out_of_sample_warns_of_a_loss_and_of_unreadable_sessions() -> None:
    assert outside_result(outside()).passed
    assert "interval -1.00 to 7.00" in (outside_result(outside()).description or "")
    assert not outside_result(outside(metrics={"return_on_risk_percent": -3.0})).passed
    nothing = outside(metrics=None, intervals={}, n_sessions=0, n_to_come=9, status="none yet")
    assert not outside_result(nothing).passed  # not known, a warning
    unread = outside(metrics=None, intervals={}, n_sessions=0, n_to_come=3, status="cannot be read")
    assert not outside_result(unread).passed
