from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from rorq_pipeline.checks.results import judge
from rorq_pipeline.project.config import ResultCheckConfig
from rorq_pipeline.results.models import BestParams
from tests.rorq_pipeline.results_made import best_params


def published(**changes: Any) -> BestParams:
    """A sound result: 20 trades of 25 entries, 4 of 40 fills stale, one contract without bars."""
    best = best_params(n_complete_trials=200)
    shares = replace(best.profit_shares, largest_trade_fraction=0.1, largest_day_fraction=0.2)
    metrics = replace(best.metrics, total_trades=20)
    counts = replace(best.counts, valid_entries=25, stale_prices=4, missing_contract_data=1)
    of_counts = {name: changes.pop(name) for name in list(changes) if hasattr(counts, name)}
    of_shares = {name: changes.pop(name) for name in list(changes) if hasattr(shares, name)}
    parts = {
        "metrics": metrics,
        "counts": replace(counts, **of_counts),
        "profit_shares": replace(shares, **of_shares),
    }
    return best.model_copy(update={**parts, **changes})


def failing(best: BestParams, **config: Any) -> dict[str | None, dg.AssetCheckSeverity]:
    results = judge(best, ResultCheckConfig(**config))
    assert len({result.check_name for result in results}) == 5
    return {result.check_name: result.severity for result in results if not result.passed}


def test_a_sound_result_passes_all() -> None:
    assert failing(published()) == {}


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


def test_every_result_tells_figure_and_bound() -> None:
    for result in judge(published(), ResultCheckConfig()):
        assert "value" in result.metadata
        assert "expected" in result.metadata
