"""The asset `report`: one self-contained page a range."""

from typing import Any

import dagster as dg

from rorq_pipeline.artifacts import artifact_path
from rorq_pipeline.assets.common import Table, numbers, range_asset, range_of
from rorq_pipeline.failures import one_line_failures
from rorq_pipeline.pictures import inline_png
from rorq_pipeline.resources import MarketData, StudyDatabase


@range_asset(
    group="results",
    kinds={"html", "plotly"},
    code_version="1",
    stage="report",
    io_manager_key="pages",
    ins={
        "validated_cache": dg.AssetIn(metadata={"required": False}),
        "parameter_surface": dg.AssetIn(metadata={"required": False}),
    },
    description="A self-contained HTML page: best parameters, metrics, equity, every trade, the "
    "study's course, and where the data came from.",
)
def report(
    context: dg.AssetExecutionContext,
    market_data: MarketData,
    study_database: StudyDatabase,
    validated_cache: Table,
    optimization: dict[str, Any],
    best_params: dict[str, Any],
    parameter_surface: Any,
) -> dg.MaterializeResult:
    """Build the page."""
    from rorq_pipeline.report import build_report, key_pictures, summary_markdown
    from rorq_pipeline.report_data import gather_report

    with one_line_failures():
        data = gather_report(
            range_of(context),
            best_params,
            optimization,
            validated_cache,
            market_data,
            study_database.settings(),
            surface=parameter_surface,
        )
        page = build_report(data)
    path = artifact_path("report", context.partition_key, ".html")
    pictures = {name: inline_png(png, name) for name, png in key_pictures(data).items()}
    return dg.MaterializeResult(
        value=page,
        metadata={
            "summary": dg.MetadataValue.md(summary_markdown(data)),
            **pictures,
            "page": dg.MetadataValue.url(path.as_uri()),
            **numbers({"bytes": len(page.encode()), **data.metrics}),
        },
    )
