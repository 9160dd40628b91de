"""The asset `walk_forward`: each range's choice traded in the next, as of this range."""

from typing import Any

import dagster as dg

from rorq_pipeline.assets.common import numbers, range_asset, range_of
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.resources import MarketData
from rorq_pipeline.results.forward import record_walk_forward


@range_asset(
    group="evidence",
    kinds={"json", "numba"},
    code_version="2",
    stage="evidence",
    io_manager_key="parameters",
    description="Each published range's choice traded in the next range, up to this one, stitched "
    "to one equity curve; its ratio to what was promised, and how stable the parameters are.",
)
def walk_forward(
    context: dg.AssetExecutionContext, market_data: MarketData, best_params: dict[str, Any]
) -> dg.MaterializeResult:
    """Stitch the record."""
    with one_line_failures():
        record = record_walk_forward(best_params, market_data, range_of(context))
    names = (
        "n_steps",
        "n_sessions",
        "total_trades",
        "net_pnl_usd",
        "return_on_risk_percent",
        "in_sample_return_on_risk_percent",
        "efficiency_ratio",
        "profitable_steps_fraction",
        "max_drawdown_usd",
    )
    return dg.MaterializeResult(
        value=record,
        metadata={
            **numbers({name: record[name] for name in names}),
            "stability": dg.MetadataValue.md(_stability_table(record["stability"])),
            "left_out": "; ".join(record["left_out"]) or "none",
        },
    )


def _stability_table(stability: dict[str, Any]) -> str:
    if not stability:
        return "no earlier range is published"
    rows = [
        f"| {name} | {', '.join(map(str, one['values']))} | {_share(one['unchanged_fraction'])} |"
        for name, one in stability.items()
    ]
    return "\n".join(["| parameter | choices | unchanged |", "|---|---|---:|", *rows])


def _share(fraction: float | None) -> str:
    return "" if fraction is None else f"{fraction:.0%}"
