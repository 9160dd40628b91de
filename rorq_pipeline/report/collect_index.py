"""The index of all ranges' reports, made anew whenever one of them is.

Each report leaves its entry beside it; the index is made of those whose page is there.
"""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rorq_pipeline.dagster_support.resources import MarketData
from rorq_pipeline.report import (
    WalkForward,
    build_index,
    entry_from_json,
    entry_to_json,
    index_entry,
    walk_forward_view,
)
from rorq_pipeline.results.artifacts import (
    ArtifactError,
    artifact_path,
    json_text,
    project_lock,
    read_object,
    write_whole,
)
from rorq_pipeline.results.forward import renewed_record

if TYPE_CHECKING:
    from rorq_pipeline.report import ReportData
    from strategy.date_range import DateRange

INDEX_NAME = "index"


def refresh_index(data: "ReportData", market_data: MarketData) -> Path:
    """Enter a report, and write the index page beside the reports.

    The walk-forward record on it is that of the latest range, brought up to what is published now.

    Args:
        data: What the report shows.
        market_data: Where the sessions of the record's steps are.

    Returns:
        The index page.
    """
    key = data.date_range.key
    entry = json_text(entry_to_json(index_entry(data, f"{key}.html")))
    entry_path = artifact_path("report", key, ".json")
    index_path = artifact_path("report", INDEX_NAME, ".html")
    with project_lock("index"):  # else of two reports one could be missing
        write_whole(entry_path, lambda beside: beside.write_text(entry, encoding="utf-8"))
        page = _index_page(entry_path, market_data)
        write_whole(index_path, lambda beside: beside.write_text(page, encoding="utf-8"))
    return index_path


def _index_page(entry_path: Path, market_data: MarketData) -> str:
    entries = []
    for path in sorted(entry_path.parent.glob("*_*.json")):
        if path == entry_path or path.with_suffix(".html").exists():
            with suppress(ArtifactError):  # a damaged entry comes back with its report
                entries.append(entry_from_json(read_object(path)))
    latest = max(entries, key=lambda one: (one.date_range.end_date, one.date_range)).date_range
    return build_index(entries, _walk_forward(latest, market_data))


def _walk_forward(latest: "DateRange", market_data: MarketData) -> WalkForward | None:
    """The latest range's record; None where it has nothing to tell."""
    try:
        record = renewed_record(latest, market_data)
    except ArtifactError as error:
        return WalkForward(steps=(), left_out=(str(error),))
    if record is None or not (record["steps"] or record["left_out"]):
        return None
    return walk_forward_view(record)
