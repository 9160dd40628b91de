"""The asset `verdict`: trade, watch or reject, with the figures that led to it."""

from typing import TYPE_CHECKING

import dagster as dg

from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.assets.common import range_asset, range_of
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.markdown import markdown_table
from rorq_pipeline.project.config import config_from, settings_values
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.annotations import (
    BestParams,
    OutOfSampleEvidence,
    SelectionEvidence,
    Table,
)

if TYPE_CHECKING:
    VerdictConfig = dg.Config
else:
    VerdictConfig = config_from(VerdictSettings, "VerdictConfig")

# Imported where it is used: what takes long and definitions do without (design/import_times.py).


@range_asset(
    group="evidence",
    kinds={"json"},
    code_version="6",
    stage="evidence",
    io_manager_key="results",
    ins={"validated_cache": dg.AssetIn(metadata={"required": False})},
    description="One line on top of everything: trade, watch or reject, and why. Its limits are "
    "run config.",
)
def verdict(
    context: dg.AssetExecutionContext,
    config: VerdictConfig,
    market_data: MarketData,
    validated_cache: Table | None,
    best_params: BestParams,
    out_of_sample: OutOfSampleEvidence,
    selection_statistics: SelectionEvidence,
) -> dg.MaterializeResult:
    """Judge the range."""
    from rorq_pipeline.results.evidence import reach_verdict
    from rorq_pipeline.results.proofs import keep_proofs, kept_proofs, prove
    from rorq_pipeline.results.validated import sessions_with_holes

    date_range = range_of(context)
    with one_line_failures():
        proofs = kept_proofs(best_params, date_range)
        if not proofs:
            context.log.info("no proofs of just this result were at hand: made here")
            proofs = prove(best_params, market_data, date_range)
            keep_proofs(proofs, date_range)
        settings = VerdictSettings(**settings_values(config, VerdictSettings))
        holes = sessions_with_holes(validated_cache, best_params.data_fingerprint)
        found = reach_verdict(
            best_params,
            selection_statistics,
            out_of_sample,
            proofs,
            settings,
            sessions_with_holes=holes,
        )
    reached = found.verdict
    context.log.info(reached.line)
    findings = [(one.name, one.level, one.text) for one in reached.findings]
    return dg.MaterializeResult(
        value=found,
        metadata={
            "verdict": reached.line,
            "decision": reached.decision,
            "findings": dg.MetadataValue.md(
                markdown_table(("finding", "level", "figure"), findings)
            ),
        },
    )
