"""The asset `out_of_sample`: the published parameters on the sessions that follow the range."""

from typing import Any

import dagster as dg

from rorq_pipeline.assets.common import numbers, range_asset, range_of
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.resources import MarketData
from rorq_pipeline.results.evidence import measure_out_of_sample


@range_asset(
    group="evidence",
    kinds={"json", "numba"},
    code_version="2",
    stage="evidence",
    io_manager_key="parameters",
    description="What the published parameters earned on the sessions after the range, as many as "
    "it has or as are cached, none of which had a part in the choice; with bootstrap intervals "
    "over days. While there are none it says so.",
)
def out_of_sample(
    context: dg.AssetExecutionContext, market_data: MarketData, best_params: dict[str, Any]
) -> dg.MaterializeResult:
    """Trade what follows."""
    with one_line_failures():
        result = measure_out_of_sample(best_params, market_data, range_of(context))
    interval = result["intervals"].get("return_on_risk_percent", {})
    return dg.MaterializeResult(
        value=result,
        metadata={
            "status": result["status"],
            **numbers(
                {
                    **(result["metrics"] or {}),
                    "low_percent": interval.get("low"),
                    "high_percent": interval.get("high"),
                    "ratio_to_in_sample": result["ratio_to_in_sample"],
                    "sessions": result["n_sessions"],
                    "sessions_missing": result["n_missing"],
                    "sessions_to_come": result["n_to_come"],
                }
            ),
        },
    )
