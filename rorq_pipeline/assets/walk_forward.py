"""The asset `walk_forward`: each range's choice traded in the next, as of this range."""

from typing import Any

import dagster as dg

from rorq_pipeline.assets.common import numbers, range_asset, range_of
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.markdown import markdown_table
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.annotations import BestParams, WalkForwardRecord

# Imported where it is used: what takes long and definitions do without (design/import_times.py).


@range_asset(
    group="evidence",
    kinds={"json", "numba"},
    code_version="2",
    stage="evidence",
    io_manager_key="results",
    description="Each published range's choice traded in the next range, up to this one, stitched "
    "to one equity curve; its ratio to that in sample, and how stable the parameters are.",
)
def walk_forward(
    context: dg.AssetExecutionContext, market_data: MarketData, best_params: BestParams
) -> dg.MaterializeResult:
    """Stitch the record."""
    from rorq_pipeline.results.forward import record_walk_forward

    with one_line_failures():
        kept = record_walk_forward(best_params, market_data, range_of(context))
    return dg.MaterializeResult(value=kept, metadata=told(kept))


def told(kept: WalkForwardRecord) -> dict[str, Any]:
    """Return the metadata of a record."""
    record = kept.record
    return {
        **numbers(
            {
                "n_steps": len(record.steps),
                "n_sessions": len(record.sessions),
                "total_trades": record.total_trades,
                "net_pnl_usd": record.net_pnl_usd,
                "return_on_risk_percent": record.return_on_risk_percent,
                "in_sample_return_on_risk_percent": record.in_sample_return_on_risk_percent,
                "efficiency_ratio": record.efficiency_ratio,
                "profitable_steps_fraction": record.profitable_steps_fraction,
                "max_drawdown_usd": record.max_drawdown_usd,
            }
        ),
        "stability": dg.MetadataValue.md(_stability_table(kept)),
        "left_out": "; ".join(kept.left_out) or "none",
    }


def _stability_table(kept: WalkForwardRecord) -> str:
    stability = kept.record.stability
    if not stability:
        return "no earlier range is published"
    return markdown_table(
        ("parameter", "choices", "unchanged#"),
        [
            (name, ", ".join(map(str, one.values)), _share(one.unchanged_fraction))
            for name, one in stability.items()
        ],
    )


def _share(fraction: float | None) -> str:
    return "" if fraction is None else f"{fraction:.0%}"
