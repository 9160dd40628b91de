"""What the checks of the evidence say of figures that are written by hand."""

from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from optimize.statistics import VerdictSettings
from rorq_pipeline.checks.statistics import (
    earns_out_of_sample,
    outside_result,
    selection_checks,
    selection_results,
    verdict_result,
    worth_trading,
)
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.results.artifacts import Artifact
from rorq_pipeline.results.models import OutOfSampleEvidence, SelectionEvidence, VerdictRecord
from tests.rorq_pipeline.checks.conftest import outcome, run_alone
from tests.rorq_pipeline.report import fixtures
from tests.rorq_pipeline.results_made import best_params

BEST = best_params()
FOUND = fixtures.selection_statistics(BEST).model_copy(update={"absent": "Rough."})
BLOCKS = {
    "standard_error_fraction": 0.11, "interval_low_fraction": 0.12, "interval_high_fraction": 0.61,
    "after_costs_fraction": 0.47, "loss_fraction": 0.4, "median_in_sample_percent": 31.0,
    "median_out_of_sample_percent": 4.5, "n_splits": 252, "n_unconfirmed": 3, "n_blocks": 10,
    "n_sessions": 13, "n_trials": 812, "n_valid": 900,
}  # fmt: skip
SHARPE = {
    "published_probability_fraction": 0.55, "undeflated_probability_fraction": 0.97,
    "sharpe": 0.42, "benchmark_sharpe": 0.31, "skewness": 0.2, "kurtosis": 3.3, "n_sessions": 13,
    "effective_trials": 38.0, "trials_by_correlation": 410.0, "average_correlation": 0.45,
}  # fmt: skip


def evidence(pbo: float | None, sharpe: float | None, p_value: float | None) -> SelectionEvidence:
    """The same figures but these."""
    statistics, test = FOUND.statistics, FOUND.selection_test
    assert test is not None
    return FOUND.model_copy(
        update={
            "statistics": replace(
                statistics,
                overfitting=replace(statistics.overfitting, probability_fraction=pbo),
                deflated_sharpe=replace(statistics.deflated_sharpe, probability_fraction=sharpe),
            ),
            "selection_test": None
            if p_value is None
            else replace(test, superior_ability_p_value_fraction=p_value),
        }
    )


def test_each_statistic_is_told_with_its_limit_and_what_it_rests_on() -> None:
    results = selection_results(FOUND, VerdictSettings())
    assert {one.asset_key for one in results} == {dg.AssetKey("selection_statistics")}
    failed = {"passed": False, "severity": "WARN"}
    assert {one.check_name: outcome(one) for one in results} == {
        "overfitting": {
            **failed, "text": "0.34; expected at most 0.25. Rough.", "expected": "at most 0.25",
            "probability_fraction": 0.34, **BLOCKS,
        },
        "deflated_sharpe": {
            **failed, "text": "0.81; expected at least 0.9. Rough.", "expected": "at least 0.9",
            "probability_fraction": 0.81, **SHARPE,
        },
        "superior_ability": {
            **failed, "text": "0.12; expected at most 0.1. Rough.", "expected": "at most 0.1",
            "n_combinations": 812, "n_blocks": 13, "n_draws": 1000,
        },
    }  # fmt: skip


def test_what_is_not_known_fails_and_is_no_figure() -> None:
    told = [
        outcome(one) for one in selection_results(evidence(None, None, None), VerdictSettings())
    ]
    failed = {"passed": False, "severity": "WARN"}
    assert told == [
        {**failed, "text": f"not known; expected {limit}. Rough.", "expected": limit, **figures}
        for limit, figures in (
            ("at most 0.25", BLOCKS),
            ("at least 0.9", SHARPE),
            ("at most 0.1", {}),
        )
    ]


@pytest.mark.parametrize(
    ("figures", "passed"),
    [
        ((0.1, 0.95, 0.01), [True, True, True]),
        ((0.25, 0.9, 0.1), [True, True, True]),  # the limits themselves
        ((0.26, 0.95, 0.01), [False, True, True]),
        ((0.1, 0.89, 0.01), [True, False, True]),
        ((0.1, 0.95, 0.11), [True, True, False]),
    ],
)
def test_statistics_are_held_to_the_limits_of_the_verdict(
    figures: tuple[float, float, float], passed: list[bool]
) -> None:
    results = selection_results(evidence(*figures), VerdictSettings())
    assert [one.passed for one in results] == passed


def outside(**changes: Any) -> OutOfSampleEvidence:
    """Six sessions that earn 6.1 %, but for some changes."""
    made = fixtures.out_of_sample(BEST)
    return made.model_copy(update={"traded": replace(made.traded, **changes)})


def earning(percent: float | None) -> Any:
    return replace(BEST.metrics, return_on_risk_percent=percent)


def test_what_follows_is_told_with_its_interval() -> None:
    result = outside_result(outside())
    assert result.asset_key == dg.AssetKey("out_of_sample")
    assert outcome(result) == {
        "passed": True,
        "severity": "WARN",
        "text": "return on risk 6.10% on 6 sessions, interval -9.50 to 21.40%",
        "sessions": 6,
        "sessions_to_come": 7,
        "return_on_risk_percent": 6.1,
    }


@pytest.mark.parametrize(
    ("percent", "passed", "text", "figure"),
    [
        (0.5, True, "return on risk 0.50% on 6 sessions", {"return_on_risk_percent": 0.5}),
        (0.0, False, "return on risk 0.00% on 6 sessions", {"return_on_risk_percent": 0.0}),
        (-3.0, False, "return on risk -3.00% on 6 sessions", {"return_on_risk_percent": -3.0}),
        (None, False, "measured", {}),  # the evidence's status
    ],
)
def test_what_follows_must_earn(
    percent: float | None, passed: bool, text: str, figure: dict[str, float]
) -> None:
    told = outcome(outside_result(outside(metrics=earning(percent), intervals={})))
    assert told == {
        "passed": passed, "severity": "WARN", "text": text, "sessions": 6, "sessions_to_come": 7,
        **figure,
    }  # fmt: skip


def decided(decision: str) -> VerdictRecord:
    record = fixtures.verdict(BEST)
    changed = replace(record.verdict, decision=decision, line=f"{decision}: so it is")  # type: ignore[arg-type]
    return record.model_copy(update={"verdict": changed})


@pytest.mark.parametrize(
    ("decision", "passed"), [("trade", True), ("watch", False), ("reject", False)]
)
def test_only_a_range_to_trade_looks_like_one(decision: str, passed: bool) -> None:
    result = verdict_result(decided(decision))
    assert result.asset_key == dg.AssetKey("verdict")
    assert outcome(result) == {
        "passed": passed,
        "severity": "WARN",
        "text": f"{decision}: so it is",
        "decision": decision,
    }


@pytest.mark.parametrize(
    ("checks", "name", "content", "config", "passed"),
    [
        (selection_checks, "overfitting", FOUND, {}, False),
        (selection_checks, "overfitting", FOUND, {"overfitting_to_trade": 0.34}, True),
        (earns_out_of_sample, "earns_out_of_sample", outside(), {}, True),
        (worth_trading, "worth_trading", decided("trade"), {}, True),
    ],
)
def test_each_check_is_executed_alone(
    project: ProjectPaths,
    checks: dg.AssetChecksDefinition,
    name: str,
    content: Artifact,
    config: dict[str, Any],
    passed: bool,
) -> None:
    content.write_file(content.path(BEST.date_range))
    made = run_alone(checks, name, BEST.date_range, **config)
    assert {one: told["passed"] for one, told in made.items()} == {name: passed}
    assert not any(spec.blocking for spec in checks.check_specs)
