"""The asset `best_params`: the parameters to trade, with everything needed to trade them."""

from typing import Any

import dagster as dg

from rorq_pipeline.assets.common import numbers, range_asset, range_of
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.resources import MarketData
from rorq_pipeline.project.config import SelectionConfig
from rorq_pipeline.results.published import publish


@range_asset(
    group="results",
    kinds={"json", "python"},
    code_version="1",
    stage="selection",
    io_manager_key="parameters",
    ins={"parameter_surface": dg.AssetIn(metadata={"required": False})},
    description="The best parameters with their metrics, traded once more on the sessions that "
    "the study saw: a JSON file that a trading program can read. The study's best, the exact best "
    "and the best plateau stand side by side; which one is published is run config.",
)
def best_params(
    context: dg.AssetExecutionContext,
    config: SelectionConfig,
    market_data: MarketData,
    optimization: dict[str, Any],
    parameter_surface: Any,
) -> dg.MaterializeResult:
    """Publish the best parameters."""
    with one_line_failures():
        best = publish(
            optimization,
            market_data,
            range_of(context),
            selection=config.selection,
            surface=parameter_surface,
        )
    metrics, counts = best["metrics"], best["counts"]
    return dg.MaterializeResult(
        value=best,
        metadata={
            **numbers({**metrics, **counts, "trial": best["trial_number"]}),
            "selection": best["selection"],
            "selections": dg.MetadataValue.md(_selections_table(best["selections"])),
            **numbers(
                {"entries_lost": counts["missing_contract_data"] + counts["no_price_at_entry"]}
            ),
            "parameters": dg.MetadataValue.md(_table(best["trial_params"])),
            "source": best["source"],
            "study": best["study_name"],
        },
    )


def _selections_table(selections: dict[str, Any]) -> str:
    if not selections:
        return "the search space is too large for the exact surface"
    rows = [
        f"| {name} | {told['return_on_risk_percent']:.2f} | {told['total_trades']} "
        f"| {told['rank']:,} of {told['n_valid']:,} | {_percent(told['neighbours_mean_percent'])} "
        f"| {_percent(told['neighbours_worst_percent'])} |"
        for name, told in selections.items()
    ]
    head = "| selection | return on risk, % | trades | rank | neighbours' mean, % | worst, % |"
    return "\n".join([head, "|---|---:|---:|---:|---:|---:|", *rows])


def _percent(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"


def _table(values: dict[str, Any]) -> str:
    rows = [f"| {name} | {value} |" for name, value in values.items()]
    return "\n".join(["| parameter | value |", "|---|---:|", *rows])
