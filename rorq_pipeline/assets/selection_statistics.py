"""The asset `selection_statistics`: how far the best of all combinations is luck."""

import time
from typing import Any

import dagster as dg

from rorq_pipeline.assets.common import elapsed, numbers, range_asset, range_of
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.annotations import BestParams, Optimization, SelectionEvidence

# Imported where it is used: what takes long and definitions do without (design/import_times.py).


@range_asset(
    group="evidence",
    kinds={"json", "numba"},
    code_version="4",
    stage="evidence",
    io_manager_key="results",
    description="Probability of backtest overfitting over all splits of the range's blocks, "
    "deflated Sharpe ratio, the test of the whole choice against its null distribution, on the "
    "exact surface, and what the policy earned in the months before.",
)
def selection_statistics(
    context: dg.AssetExecutionContext,
    market_data: MarketData,
    optimization: Optimization,
    best_params: BestParams,
) -> dg.MaterializeResult:
    """Compute the three statistics."""
    from rorq_pipeline.results.evidence import measure_selection

    started = time.perf_counter()
    with one_line_failures():
        found = measure_selection(best_params, optimization, market_data, range_of(context))
    return dg.MaterializeResult(value=found, metadata={**told(found), **elapsed(started)})


def told(found: SelectionEvidence) -> dict[str, Any]:
    """Return the metadata of the statistics; what is not known is left out."""
    pbo, sharpe = found.statistics.overfitting, found.statistics.deflated_sharpe
    tested, history = found.selection_test, found.policy_history
    return {
        "caveat": found.caveat,
        "policy_not_known": (history and history.absent) or "none",
        **numbers(
            {
                "overfitting_fraction": pbo.probability_fraction,
                "overfitting_standard_error": pbo.standard_error_fraction,
                "overfitting_after_costs_fraction": pbo.after_costs_fraction,
                "loss_fraction": pbo.loss_fraction,
                "deflated_sharpe_fraction": sharpe.probability_fraction,
                "effective_trials": sharpe.effective_trials,
                "superior_ability_p_value": (
                    tested.superior_ability_p_value_fraction if tested else None
                ),
                "selection_test_p_value": tested.t_p_value_fraction if tested else None,
                "policy_history_p_value": history.p_value_fraction if history else None,
                "policy_months": len(history.months) if history else 0,
                "policy_usd_a_month": history.usd_a_month if history else None,
                "distinct_trials": pbo.n_trials,
            }
        ),
    }
