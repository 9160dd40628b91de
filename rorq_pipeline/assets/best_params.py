"""The asset `best_params`: the parameters to trade, with everything needed to trade them."""

from typing import Any

import dagster as dg

from rorq_pipeline.assets.common import numbers, range_asset, range_of
from rorq_pipeline.failures import one_line_failures
from rorq_pipeline.published import publish
from rorq_pipeline.resources import MarketData


@range_asset(
    group="results",
    kinds={"json", "python"},
    code_version="1",
    stage="selection",
    io_manager_key="parameters",
    description="The best parameters of the study with their metrics, traded once more on the "
    "sessions that the study saw: a JSON file that a trading program can read.",
)
def best_params(
    context: dg.AssetExecutionContext, market_data: MarketData, optimization: dict[str, Any]
) -> dg.MaterializeResult:
    """Publish the best parameters."""
    with one_line_failures():
        best = publish(optimization, market_data, range_of(context))
    metrics, counts = best["metrics"], best["counts"]
    return dg.MaterializeResult(
        value=best,
        metadata={
            **numbers({**metrics, **counts, "trial": best["trial_number"]}),
            **numbers(
                {"entries_lost": counts["missing_contract_data"] + counts["no_price_at_entry"]}
            ),
            "parameters": dg.MetadataValue.md(_table(best["trial_params"])),
            "source": best["source"],
            "study": best["study_name"],
        },
    )


def _table(values: dict[str, Any]) -> str:
    rows = [f"| {name} | {value} |" for name, value in values.items()]
    return "\n".join(["| parameter | value |", "|---|---:|", *rows])
