"""The asset `validated_cache`: what a range's cached sessions are, and what is wrong in them."""

import dagster as dg

from rorq_pipeline.assets.common import numbers, range_asset, range_of
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.project.config import ValidationConfig
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.annotations import Table
from rorq_pipeline.results.artifacts import artifact_path
from rorq_pipeline.results.validated import read_manifest, validate

# Imported where it is used: what takes long and definitions do without (design/import_times.py).


@range_asset(
    group="data",
    kinds={"parquet", "python"},
    code_version="1",
    stage="validation",
    io_manager_key="tables",
    deps=["downloaded_sessions"],
    description="The manifest of a range's cached sessions: one row a session with its source, "
    "fingerprint, counts and findings. Errors stop the run before anything is computed.",
)
def validated_cache(
    context: dg.AssetExecutionContext, config: ValidationConfig, market_data: MarketData
) -> dg.MaterializeResult:
    """Validate the cached sessions; those that have not changed since are taken over."""
    date_range = range_of(context)
    with one_line_failures():
        report = validate(
            market_data,
            date_range,
            config.space(),
            config.settings(),
            _former_manifest(context),
        )
    cached = sum(record.is_cached for record in report.records)
    context.log.info(
        "%d of %d sessions cached and validated, %d of them unchanged: %d errors, %d warnings",
        cached,
        len(date_range.sessions),
        report.taken_over,
        len(report.errors),
        len(report.warnings),
    )
    return dg.MaterializeResult(
        value=report.manifest,
        data_version=dg.DataVersion(report.fingerprint[:32]),
        metadata={
            **numbers(
                {
                    "sessions": cached,
                    "not_yet_cached": report.not_yet_cached,
                    "taken_over": report.taken_over,
                    "errors": len(report.errors),
                    "warnings": len(report.warnings),
                    "option_bars": sum(record.option_bars for record in report.records),
                }
            ),
            "source": ", ".join(report.sources) or "none",
            "synthetic": report.is_synthetic,
            "data_fingerprint": report.fingerprint,
        },
    )


def _former_manifest(context: dg.AssetExecutionContext) -> Table | None:
    """Return what the last materialisation of this partition left, if it can be read."""
    return read_manifest(artifact_path("validated_cache", range_of(context).key, ".parquet"))
