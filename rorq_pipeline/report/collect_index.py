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
from strategy.backtest_range import BacktestRange

if TYPE_CHECKING:
    from rorq_pipeline.report import IndexEntry, ReportData

INDEX_NAME = "index"


def refresh_index(data: "ReportData", market_data: MarketData) -> Path:
    """Enter a report, and write the index page beside the reports.

    The walk-forward record of each ticker is that of its latest range, brought up to what is
    published now.

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
    entries: dict[BacktestRange, IndexEntry] = {}
    for path in sorted(entry_path.parent.glob("*_*.json")):
        if path == entry_path or path.with_suffix(".html").exists():
            with suppress(ArtifactError):  # a damaged entry comes back with its report
                entry = entry_from_json(read_object(path))
                # The page under other dates of the same sessions gives way to that of the range.
                if entry.date_range not in entries or path.stem == entry.date_range.key:
                    entries[entry.date_range] = entry
    latest: dict[str, BacktestRange] = {}  # by ticker
    for date_range in sorted(entries, key=lambda one: (one.end_date, one)):
        latest[date_range.ticker] = date_range
    records = {ticker: _walk_forward(one, market_data) for ticker, one in latest.items()}
    return build_index(
        list(entries.values()), {ticker: record for ticker, record in records.items() if record}
    )


def _walk_forward(latest: BacktestRange, market_data: MarketData) -> WalkForward | None:
    """The latest range's record; None where it has nothing to tell."""
    try:
        record = renewed_record(latest, market_data)
    except ArtifactError as error:
        return WalkForward(steps=(), left_out=(str(error),))
    if record is None or not (record["steps"] or record["left_out"]):
        return None
    return walk_forward_view(record)
