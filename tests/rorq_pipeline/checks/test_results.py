from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from rorq_pipeline.checks.results import judge, result_checks
from rorq_pipeline.project.config import ResultCheckConfig
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.results.models import BestParams
from tests.rorq_pipeline.checks.conftest import outcome, run_alone
from tests.rorq_pipeline.results_made import best_params


def published(**changes: Any) -> BestParams:
    """A sound result: 20 trades of 25 entries, 4 of 40 fills stale, one contract without bars."""
    best = best_params(n_complete_trials=200)
    shares = replace(best.profit_shares, largest_trade_fraction=0.1, largest_day_fraction=0.2)
    metrics = replace(best.metrics, total_trades=20)
    counts = replace(best.counts, valid_entries=25, stale_prices=4, missing_contract_data=1)
    of_metrics = {name: changes.pop(name) for name in list(changes) if hasattr(metrics, name)}
    of_counts = {name: changes.pop(name) for name in list(changes) if hasattr(counts, name)}
    of_shares = {name: changes.pop(name) for name in list(changes) if hasattr(shares, name)}
    parts = {
        "metrics": replace(metrics, **of_metrics),
        "counts": replace(counts, **of_counts),
        "profit_shares": replace(shares, **of_shares),
    }
    return best.model_copy(update={**parts, **changes})


def failing(best: BestParams, **config: Any) -> dict[str | None, dg.AssetCheckSeverity]:
    results = judge(best, ResultCheckConfig(**config))
    assert len({result.check_name for result in results}) == 5
    return {result.check_name: result.severity for result in results if not result.passed}


def test_a_sound_result_passes_all_with_its_figures() -> None:
    sound = {"passed": True, "severity": "WARN"}
    judged = judge(published(), ResultCheckConfig())
    assert {one.asset_key for one in judged} == {dg.AssetKey("best_params")}
    assert {one.check_name: outcome(one) for one in judged} == {
        "enough_complete_trials": sound
        | {
            "text": "the study completed 200 trials; expected at least 50",
            "expected": "at least 50",
            "value": 200,
        },
        "not_one_trade": sound
        | {
            "text": "the best trade made 10% of the profit; expected at most 25%",
            "expected": "at most 25%",
            "value": 0.1,
        },
        "not_one_day": sound
        | {
            "text": "the best session made 20% of the profit; expected at most 50%",
            "expected": "at most 50%",
            "value": 0.2,
        },
        "stale_fills": sound
        | {
            "text": "10% of the fills happened at a stale price; expected at most 25%",
            "expected": "at most 25%",
            "value": 0.1,  # 4 of 20 entries and 20 exits
        },
        "entries_lost": sound
        | {
            "text": "4% of the entries were lost to contracts without cached bars; "
            "expected at most 5%",
            "expected": "at most 5%",
            "value": 0.04,
        },
    }


def test_what_is_not_defined_warns_whatever_the_severity() -> None:
    nothing = published(
        n_complete_trials=0, total_trades=0, valid_entries=0, largest_trade_fraction=None,
        largest_day_fraction=None,
    )  # fmt: skip
    loud: dict[str, Any] = {
        "complete_trials_severity": "ERROR",
        "single_trade_severity": "ERROR",
        "stale_fills_severity": "ERROR",
        "missing_contracts_severity": "ERROR",
    }
    none, *others = judge(nothing, ResultCheckConfig(**loud))
    assert outcome(none) == {
        "passed": False,
        "severity": "ERROR",
        "text": "the study completed 0 trials; expected at least 50",
        "expected": "at least 50",
        "value": 0,
    }
    assert [outcome(one) for one in others] == [
        {
            "passed": False,
            "severity": "WARN",
            "text": f"not defined; expected at most {limit}",
            "expected": f"at most {limit}",
        }
        for limit in ("25%", "50%", "25%", "5%")
    ]


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"n_complete_trials": 49}, "enough_complete_trials"),
        ({"largest_trade_fraction": 0.26}, "not_one_trade"),
        ({"largest_trade_fraction": None}, "not_one_trade"),
        ({"largest_day_fraction": 0.51}, "not_one_day"),
        ({"stale_prices": 11}, "stale_fills"),  # of 20 entries and 20 exits
        ({"missing_contract_data": 2}, "entries_lost"),  # of 25
    ],
)
def test_each_figure_beyond_its_threshold_fails_one_check(
    change: dict[str, Any], check: str
) -> None:
    assert failing(published(**change)) == {check: dg.AssetCheckSeverity.WARN}


def test_the_bounds_themselves_pass() -> None:
    best = published(
        n_complete_trials=50,
        largest_trade_fraction=0.25,
        largest_day_fraction=0.5,
        stale_prices=10,
    )
    assert failing(best) == {}


def test_thresholds_and_severities_are_configuration() -> None:
    best = published(n_complete_trials=10)
    assert failing(best, min_complete_trials=10) == {}
    assert failing(best, complete_trials_severity="ERROR") == {
        "enough_complete_trials": dg.AssetCheckSeverity.ERROR
    }


def test_one_check_is_executed_alone_with_its_config(project: ProjectPaths) -> None:
    best = published(largest_day_fraction=0.55)
    best.write_file(best.path(best.date_range))
    made = run_alone(result_checks, "not_one_day", best.date_range, max_day_share_fraction=0.6)
    assert made == {
        "not_one_day": {
            "passed": True,
            "severity": "WARN",
            "text": "the best session made 55% of the profit; expected at most 60%",
            "expected": "at most 60%",
            "value": 0.55,
        }
    }
    assert [spec.blocking for spec in result_checks.check_specs] == [False] * 5
