"""build_index: the page that leads to every range's report, with walk-forward on top."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from markupsafe import Markup

from rorq_pipeline.report import formats
from rorq_pipeline.report.build import environment, static_text
from rorq_pipeline.report.data import IndexEntry, ReportData, WalkForward
from rorq_pipeline.report.figures.equity import equity_usd
from rorq_pipeline.report.sections.verdict import VERDICT_MARKS
from rorq_pipeline.report.svg import equity_chart, sparkline
from strategy.backtest_range import BacktestRange
from strategy.errors import DateRangeError

MAX_SPARK_POINTS = 160  # a sparkline is 160 pixels wide


def build_index(
    entries: Sequence[IndexEntry], walk_forwards: Mapping[str, WalkForward] | None = None
) -> str:
    """Return the index page; ranges newest first, and a walk-forward record a ticker on top."""
    ordered = sorted(entries, key=lambda entry: entry.date_range, reverse=True)
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            rows=[_row(entry) for entry in ordered],
            records=[
                (ticker, record, _stitched(record))
                for ticker, record in sorted((walk_forwards or {}).items())
            ],
            span_of=_span,
            any_synthetic=any(entry.source == "synthetic" for entry in entries),
            styles=static_text("tokens.css", "page.css", "sections.css", "tables.css", "print.css"),
            scripts=static_text("page.js"),
        )
    )


def index_entry(data: ReportData, href: str) -> IndexEntry:
    """What the index shows of a range's report, which lies at `href` from the index."""
    outside = data.out_of_sample.metrics if data.out_of_sample else {}
    return IndexEntry(
        date_range=data.date_range,
        ticker=data.ticker,
        source="synthetic" if data.is_synthetic else data.source,
        href=href,
        metrics=dict(data.metrics),
        equity_usd=_thinned([float(value) for value in equity_usd(data.trades)]),
        verdict=data.verdict.label if data.verdict else None,
        verdict_sentence=data.verdict.sentence if data.verdict else "",
        out_of_sample_return_on_risk_percent=outside.get("return_on_risk_percent"),
        made_at=data.made_at,
    )


def entry_to_json(entry: IndexEntry) -> dict[str, Any]:
    """An entry as JSON values, to be kept beside its report."""
    made_at = entry.made_at.isoformat() if entry.made_at else None
    return {**asdict(entry), "date_range": entry.date_range.key, "made_at": made_at}


def entry_from_json(values: Mapping[str, Any]) -> IndexEntry:
    """Read what `entry_to_json` gave."""
    made_at = datetime.fromisoformat(values["made_at"]) if values["made_at"] else None
    date_range = BacktestRange.parse(values["date_range"])
    return IndexEntry(**{**values, "date_range": date_range, "made_at": made_at})


def _thinned(values: Sequence[float]) -> list[float]:
    """At most `MAX_SPARK_POINTS` of the values, the last one among them."""
    step = -(-len(values) // MAX_SPARK_POINTS) or 1
    return [round(value, 2) for value in values[::-1][::step][::-1]]


def _row(entry: IndexEntry) -> dict[str, Any]:
    end = entry.equity_usd[-1] if entry.equity_usd else None
    return {
        "entry": entry,
        "href": f"./{entry.href}",  # never read as a scheme of its own
        "title": formats.span(entry.date_range.start_date, entry.date_range.end_date),
        "mark": VERDICT_MARKS.get(entry.verdict or "", ""),
        "spark": sparkline(entry.equity_usd, label=f"Equity by trade, ends at {formats.usd(end)}"),
    }


def _stitched(walk_forward: WalkForward) -> Markup:
    if not walk_forward.equity_usd:
        return Markup("")
    end = formats.usd(walk_forward.equity_usd[-1])
    label = f"Walk-forward equity by session, ends at {end}"
    return equity_chart(walk_forward.equity_usd, label=label, unit="session")


def _span(key: str) -> str:
    """A range key in words, as it stands where it is none."""
    try:
        parsed = BacktestRange.parse(key)
    except DateRangeError:
        return key
    return formats.span(parsed.start_date, parsed.end_date)
