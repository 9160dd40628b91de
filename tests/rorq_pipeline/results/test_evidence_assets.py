import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pytest

from optimize.choice.selection_test import SelectionTest
from optimize.statistics import Interval, VerdictSettings, trial_blocks
from optimize.statistics import selection_statistics as measured
from rorq_pipeline.assets.out_of_sample import out_of_sample
from rorq_pipeline.assets.selection_statistics import selection_statistics
from rorq_pipeline.assets.verdict import verdict
from rorq_pipeline.assets.walk_forward import walk_forward
from rorq_pipeline.assets.walk_forward_matrix import walk_forward_matrix
from rorq_pipeline.checks.honesty import proof_results, proofs
from rorq_pipeline.checks.statistics import (
    earns_out_of_sample,
    outside_result,
    selection_checks,
    selection_results,
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
from strategy.proofs.lookahead import Violation
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


def test_replay_blocks_and_the_rest_warns(first_proofs: Proofs) -> None:
    blocking = {spec.name: spec.blocking for spec in proofs.check_specs}
    assert blocking == {
        "no_look_ahead": False,
        "replay": True,
        "adverse_fills": False,
        "survives_quotes": False,
    }
    passed = proof_results(first_proofs)
    assert [result.passed for result in passed[:2]] == [True, True]
    assert passed[0].metadata["n_moments"].value == first_proofs.look_ahead.n_moments
    assert passed[0].metadata["n_decisions"].value == first_proofs.look_ahead.n_decisions
    seen = Violation(session_date=FIRST.start_date, moment="", decision="x", before="1", after="2")
    harsh = tuple(
        replace(one, metrics=replace(one.metrics, return_on_risk_percent=-2.0))
        if one.name == "adverse"
        else one
        for one in first_proofs.fills.scenarios
    )
    failed = Proofs(
        of=first_proofs.of,
        look_ahead=replace(first_proofs.look_ahead, violations=(seen,)),
        replay=replace(first_proofs.replay, difference="trade 3"),
        fills=replace(first_proofs.fills, scenarios=harsh, quotes=None),
    )
    results = proof_results(failed)
    assert [result.passed for result in results] == [False, False, False, False]
    assert [result.severity.value for result in results] == ["ERROR", "ERROR", "WARN", "WARN"]
    assert results[3].description == "no quotes of these fills; `rorq quotes RANGE` brings them"
    assert "-2.00%" in (results[2].description or "")
    assert results[1].description == "the replay differs: trade 3"


@pytest.mark.parametrize(
    ("pbo", "sharpe", "p_value", "passed"),
    [
        (0.1, 0.95, 0.01, [True, True, True]),
        (0.25, 0.9, 0.1, [True, True, True]),  # the limits themselves
        (0.5, 0.95, 0.01, [False, True, True]),
        (0.1, 0.5, 0.01, [True, False, True]),
        (0.1, 0.95, 0.5, [True, True, False]),
        (None, None, None, [False, False, False]),
    ],
)
def test_statistics_are_held_against_the_limits_of_the_verdict(
    published: Published,
    pbo: float | None,
    sharpe: float | None,
    p_value: float | None,
    passed: list[bool],
) -> None:
    generator = np.random.default_rng(2)
    pnl = generator.normal(1, 20, (8, 30))
    blocks = trial_blocks(
        np.full((8, 30), 6), pnl, np.full((8, 30), 100.0), min_trades=10,
        sessions_per_block=np.full(8, 2),
    )  # fmt: skip
    found = measured(blocks, pnl[:, 0])
    evidence = SelectionEvidence(
        of=published.best[FIRST].identity,
        statistics=replace(
            found,
            overfitting=replace(found.overfitting, probability_fraction=pbo),
            deflated_sharpe=replace(found.deflated_sharpe, probability_fraction=sharpe),
        ),
        selection_test=None
        if p_value is None
        else SelectionTest(
            p_value_fraction=0.5,
            t_p_value_fraction=0.5,
            before_costs_p_value_fraction=0.5,
            superior_ability_p_value_fraction=p_value,
            best_value_percent=9.0,
            null_median_percent=5.0,
            n_combinations=30,
            n_blocks=8,
            n_sessions=16,
            n_draws=100,
        ),
        absent="too large",
    )
    results = selection_results(evidence, VerdictSettings())
    assert [result.check_name for result in results] == [
        "overfitting",
        "deflated_sharpe",
        "superior_ability",
    ]
    assert [result.passed for result in results] == passed
    assert {result.severity.value for result in results} == {"WARN"}
    assert all((result.description or "").endswith("too large") for result in results)


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
