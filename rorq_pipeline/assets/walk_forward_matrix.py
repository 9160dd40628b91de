"""The asset `walk_forward_matrix`: every way of choosing, on the months that followed."""

from typing import Any

import dagster as dg

from rorq_pipeline.assets.common import cluster_link, numbers, range_asset, range_of
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.annotations import BestParams, Optimization, WalkForwardMatrixRecord

# Imported where it is used: what takes long and definitions do without (design/import_times.py).


@range_asset(
    group="evidence",
    kinds={"json", "numba"},
    code_version="1",
    stage="evidence",
    io_manager_key="results",
    description="Every rule of choice, lookback and rate of trades, chosen at the end of each "
    "month and traded in the next: over all cached whole months of the ticker up to the range's "
    "end. Months are kept, so that a run computes only what is new.",
)
def walk_forward_matrix(
    context: dg.AssetExecutionContext,
    market_data: MarketData,
    optimization: Optimization,
    best_params: BestParams,
) -> dg.MaterializeResult:
    """Bring the ticker's matrix up to the range's end."""
    from rorq_pipeline.results.policy_matrix import measure_matrix

    with one_line_failures():
        kept = measure_matrix(best_params, optimization, market_data, range_of(context))
    return dg.MaterializeResult(value=kept, metadata={**told(kept), **cluster_link()})


def told(kept: WalkForwardMatrixRecord) -> dict[str, Any]:
    """Return the metadata of a matrix: of its policies the default, and the nested choice."""
    from optimize.choice.policies import DEFAULT_POLICY

    figures: dict[str, float | int | None] = {
        "months": len(kept.months),
        "policies": len(kept.figures),
        "default_months": 0,
    }
    default = {one.policy: one for one in kept.figures}.get(DEFAULT_POLICY)
    if default:
        figures |= {
            "default_months": default.n_months,
            "default_usd_a_month": default.usd_a_month,
            "default_return_on_risk_percent": default.return_on_risk_percent,
            "default_promised_percent": default.promised_percent,
            "default_kept_fraction": default.kept_fraction,
        }
    nested = {one.name: one for one in kept.curves}.get("nested")
    if nested and nested.months:
        figures["nested_usd_a_month"] = sum(nested.net_pnl_usd) / len(nested.months)
    return {**numbers(figures), "not_known": kept.absent or "none"}
