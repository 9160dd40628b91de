"""The asset `report`: one self-contained page a range."""

from dataclasses import asdict

import dagster as dg

from rorq_pipeline.assets.common import numbers, range_asset, range_of
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.pictures import inline_png
from rorq_pipeline.project.config import ResultCheckConfig
from rorq_pipeline.project.page_addresses import report_address
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.resources import MarketData, StudyDatabase
from rorq_pipeline.project.run_config import merged, project_run_config
from rorq_pipeline.results.annotations import (
    BestParams,
    Optimization,
    OutOfSampleEvidence,
    SelectionEvidence,
    Surface,
    Table,
    VerdictRecord,
    WalkForwardMatrixRecord,
)
from rorq_pipeline.results.artifacts import artifact_path, write_whole

# Imported where it is used: what takes long and definitions do without (design/import_times.py).

_CHECKS = "result_checks"  # the op that has the limits as its config


@range_asset(
    group="pages",
    kinds={"html", "plotly"},
    code_version="2",
    stage="report",
    io_manager_key="pages",
    ins={
        "validated_cache": dg.AssetIn(metadata={"required": False}),
        "parameter_surface": dg.AssetIn(metadata={"required": False}),
        "out_of_sample": dg.AssetIn(metadata={"required": False}),
        "selection_statistics": dg.AssetIn(metadata={"required": False}),
        "walk_forward_matrix": dg.AssetIn(metadata={"required": False}),
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
    validated_cache: Table | None,
    optimization: Optimization,
    best_params: BestParams,
    parameter_surface: Surface | None,
    out_of_sample: OutOfSampleEvidence | None,
    selection_statistics: SelectionEvidence | None,
    walk_forward_matrix: WalkForwardMatrixRecord | None,
    verdict: VerdictRecord | None,
) -> dg.MaterializeResult:
    """Build the page."""
    from rorq_pipeline.report import build_report, key_pictures, summary_markdown
    from rorq_pipeline.report.collect import gather_report
    from rorq_pipeline.report.collect_index import refresh_index
    from rorq_pipeline.results.proofs import kept_proofs

    date_range = range_of(context)
    path = artifact_path("report", date_range.key, ".html")
    with one_line_failures():
        data = gather_report(
            date_range,
            best_params,
            optimization,
            market_data,
            study_database.settings(),
            manifest=validated_cache,
            surface=parameter_surface,
            out_of_sample=out_of_sample,
            selection_statistics=selection_statistics,
            matrix=walk_forward_matrix,
            proofs=kept_proofs(best_params, date_range),
            verdict=verdict,
            limits=_limits(context),
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
            "page": dg.MetadataValue.url(report_address(date_range.key)),
            "index": dg.MetadataValue.url(report_address(index_path.stem)),
            **numbers({"bytes": len(page.encode()), **asdict(best_params.metrics)}),
        },
    )


def _limits(context: dg.AssetExecutionContext) -> ResultCheckConfig:
    """The limits of the checks of `best_params`: those of this run, else of the project."""
    project = project_run_config(ProjectPaths.resolve().root, {_CHECKS})
    ops = merged(project, context.run.run_config).get("ops", {})
    return ResultCheckConfig(**ops.get(_CHECKS, {}).get("config", {}))
