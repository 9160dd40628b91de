"""The asset `report`: one self-contained page a range."""

from datetime import timedelta
from typing import Any

import dagster as dg

from rorq_pipeline.assets.common import Table, numbers, range_asset, range_of
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.pictures import inline_png
from rorq_pipeline.dagster_support.resources import MarketData, StudyDatabase
from rorq_pipeline.results.artifacts import artifact_path, write_whole
from rorq_pipeline.results.identity import of_result
from rorq_pipeline.results.proofs import kept_proofs

Evidence = dict[str, Any] | None  # None where the asset was never made

# New sessions come on every trading day; a long weekend has four days without one.
_FRESHNESS = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(days=5), fail_window=timedelta(days=10)
)


@range_asset(
    group="results",
    kinds={"html", "plotly"},
    code_version="2",
    stage="report",
    io_manager_key="pages",
    freshness_policy=_FRESHNESS,
    ins={
        "validated_cache": dg.AssetIn(metadata={"required": False}),
        "parameter_surface": dg.AssetIn(metadata={"required": False}),
        "out_of_sample": dg.AssetIn(metadata={"required": False}),
        "selection_statistics": dg.AssetIn(metadata={"required": False}),
        "verdict": dg.AssetIn(metadata={"required": False}),
    },
    deps=["walk_forward"],  # read from disk, since the index shows the latest range's
    description="A self-contained HTML page: best parameters, metrics, equity, every trade, the "
    "study's course, the evidence for and against, and where the data came from.",
)
def report(
    context: dg.AssetExecutionContext,
    market_data: MarketData,
    study_database: StudyDatabase,
    validated_cache: Table,
    optimization: dict[str, Any],
    best_params: dict[str, Any],
    parameter_surface: Any,
    out_of_sample: Evidence,
    selection_statistics: Evidence,
    verdict: Evidence,
) -> dg.MaterializeResult:
    """Build the page."""
    from rorq_pipeline.report import (
        build_report,
        evidence_fields,
        key_pictures,
        proof_checks,
        summary_markdown,
    )
    from rorq_pipeline.report.collect import gather_report
    from rorq_pipeline.report.collect_index import refresh_index

    date_range = range_of(context)
    path = artifact_path("report", date_range.key, ".html")
    with one_line_failures():
        proofs = kept_proofs(best_params, date_range)
        data = gather_report(
            date_range,
            best_params,
            optimization,
            validated_cache,
            market_data,
            study_database.settings(),
            surface=parameter_surface,
            more_checks=proof_checks(proofs) if proofs else (),
            **evidence_fields(
                out_of_sample=of_result(best_params, out_of_sample),
                selection_statistics=of_result(best_params, selection_statistics),
                verdict=of_result(best_params, verdict),
                proofs=proofs,
            ),
        )
        page = build_report(data)
        # The page first: another range's report may make the index before this asset ends.
        write_whole(path, lambda beside: beside.write_text(page, encoding="utf-8"))
        index_path = refresh_index(data, market_data)
    pictures = {name: inline_png(png, name) for name, png in key_pictures(data).items()}
    return dg.MaterializeResult(
        value=page,
        metadata={
            "summary": dg.MetadataValue.md(summary_markdown(data)),
            **pictures,
            "page": dg.MetadataValue.url(path.as_uri()),
            "index": dg.MetadataValue.url(index_path.as_uri()),
            **numbers({"bytes": len(page.encode()), **data.metrics}),
        },
    )
