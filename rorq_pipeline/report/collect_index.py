"""The index of all ranges' reports, made anew whenever one of them is.

Each report leaves its entry beside it; the index is made of those whose page is there.
"""

from pathlib import Path

from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.index import build_index, report_entry
from rorq_pipeline.results.artifacts import (
    ArtifactError,
    artifact_path,
    project_lock,
    write_whole,
)
from rorq_pipeline.results.forward import renewed_record
from rorq_pipeline.results.models import ReportEntry, WalkForwardMatrixRecord, WalkForwardRecord
from strategy.backtest_range import BacktestRange, canonical_key
from strategy.errors import DateRangeError

INDEX_NAME = "index"


def refresh_index(data: ReportData, market_data: MarketData) -> Path:
    """Enter a report, and write the index page beside the reports.

    The walk-forward record of each ticker is that of its latest range, brought up to what is
    published now.

    Args:
        data: What the report shows.
        market_data: Where the sessions of the record's steps are.

    Returns:
        The index page.
    """
    entry = report_entry(data, f"{data.date_range.key}.html")
    entry_path = ReportEntry.path(data.date_range.key)
    index_path = artifact_path("report", INDEX_NAME, ".html")
    with project_lock("index"):  # else of two reports one could be missing
        entry.write_file(entry_path)
        page = _index_page(entry_path, market_data)
        write_whole(index_path, lambda beside: beside.write_text(page, encoding="utf-8"))
    return index_path


def _index_page(entry_path: Path, market_data: MarketData) -> str:
    entries: dict[BacktestRange, ReportEntry] = {}
    unread: list[tuple[str, str]] = []  # key of the range, why its entry cannot be read
    for path in sorted(entry_path.parent.glob("*_*.json")):
        if path == entry_path or path.with_suffix(".html").exists():
            try:
                date_range = BacktestRange.parse(path.stem)
                entry = ReportEntry.read_file(path)
            except (ArtifactError, DateRangeError) as error:  # it comes back with its report
                unread.append((canonical_key(path.stem), str(error)))
                continue
            # What lies under other dates of the same sessions gives way to the range's own.
            if date_range not in entries or path.stem == date_range.key:
                entries[date_range] = entry
    latest: dict[str, BacktestRange] = {}  # by ticker
    for date_range in sorted(entries, key=lambda one: (one.end_date, one)):
        latest[date_range.ticker] = date_range
    records = {ticker: _walk_forward(one, market_data) for ticker, one in latest.items()}
    return build_index(
        list(entries.values()),
        {ticker: record for ticker, record in records.items() if record},
        telling=[one.key for one in entries if _tells_how_to_choose(one)],
        unread=[told for key, told in unread if key not in {one.key for one in entries}],
    )


def _walk_forward(latest: BacktestRange, market_data: MarketData) -> WalkForwardRecord | str | None:
    """The latest range's record, why it cannot be read, or None where it has nothing to tell."""
    try:
        record = renewed_record(latest, market_data)
    except ArtifactError as error:
        return str(error)
    if record is None or not (record.record.steps or record.left_out):
        return None
    return record


def _tells_how_to_choose(date_range: BacktestRange) -> bool:
    """Whether the range's report has the figures of the ways of choosing."""
    try:
        return not WalkForwardMatrixRecord.read(date_range.key).absent
    except ArtifactError:
        return False
