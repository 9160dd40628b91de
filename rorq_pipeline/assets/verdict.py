"""The asset `verdict`: trade, watch or reject, with the figures that led to it."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.assets.common import range_asset, range_of
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.resources import MarketData
from rorq_pipeline.project.config import config_from, settings_values
from rorq_pipeline.results.evidence import reach_verdict
from rorq_pipeline.results.proofs import keep_proofs, kept_proofs, prove

if TYPE_CHECKING:
    VerdictConfig = dg.Config
else:
    VerdictConfig = config_from(VerdictSettings, "VerdictConfig")


@range_asset(
    group="evidence",
    kinds={"json"},
    code_version="2",
    stage="evidence",
    io_manager_key="parameters",
    description="One line on top of everything: trade, watch or reject, and why. Its limits are "
    "run config.",
)
def verdict(
    context: dg.AssetExecutionContext,
    config: VerdictConfig,
    market_data: MarketData,
    best_params: dict[str, Any],
    out_of_sample: dict[str, Any],
    selection_statistics: dict[str, Any],
) -> dg.MaterializeResult:
    """Judge the range."""
    date_range = range_of(context)
    with one_line_failures():
        proofs = kept_proofs(best_params, date_range)
        if proofs is None:
            context.log.info("no proofs of just this result were at hand: made here")
            proofs = prove(best_params, market_data, date_range)
            keep_proofs(proofs, date_range)
        settings = VerdictSettings(**settings_values(config, VerdictSettings))
        result = reach_verdict(best_params, selection_statistics, out_of_sample, proofs, settings)
    context.log.info(result["line"])
    return dg.MaterializeResult(
        value=result,
        metadata={
            "verdict": result["line"],
            "decision": result["decision"],
            "findings": dg.MetadataValue.md(_table(result["findings"])),
        },
    )


def _table(findings: list[dict[str, Any]]) -> str:
    rows = [f"| {one['name']} | {one['level']} | {one['text']} |" for one in findings]
    return "\n".join(["| finding | level | figure |", "|---|---|---|", *rows])
