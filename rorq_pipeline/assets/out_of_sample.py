"""The asset `out_of_sample`: the published parameters on the sessions that follow the range."""

from dataclasses import asdict
from typing import Any

import dagster as dg

from rorq_pipeline.assets.common import numbers, range_asset, range_of
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.annotations import BestParams, OutOfSampleEvidence

# Imported where it is used: what takes long and definitions do without (design/import_times.py).


@range_asset(
    group="evidence",
    kinds={"json", "numba"},
    code_version="4",
    stage="evidence",
    io_manager_key="results",
    description="What the published parameters earned on the sessions after the range, as many as "
    "it has or as are cached, none of which had a part in the choice; with bootstrap intervals "
    "over days. While there are none it says so.",
)
def out_of_sample(
    context: dg.AssetExecutionContext, market_data: MarketData, best_params: BestParams
) -> dg.MaterializeResult:
    """Trade what follows."""
    from rorq_pipeline.results.evidence import measure_out_of_sample

    with one_line_failures():
        outside = measure_out_of_sample(best_params, market_data, range_of(context))
    return dg.MaterializeResult(value=outside, metadata=told(outside, best_params))


def told(outside: OutOfSampleEvidence, best: BestParams) -> dict[str, Any]:
    """Return the metadata of what came of published parameters."""
    from optimize.statistics import kept_fraction

    traded = outside.traded
    interval = traded.intervals.get("return_on_risk_percent")
    return {
        "status": outside.status,
        **numbers(
            {
                **(asdict(traded.metrics) if traded.metrics else {}),
                "low_percent": interval.low if interval else None,
                "high_percent": interval.high if interval else None,
                "kept_fraction": kept_fraction(
                    best.promised_percent, traded.return_on_risk_percent
                ),
                "sessions": len(traded.sessions),
                "sessions_missing": traded.n_missing,
                "sessions_to_come": outside.n_to_come,
            }
        ),
    }
