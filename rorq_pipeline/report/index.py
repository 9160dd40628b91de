"""build_index: the page that leads to every range's report, with walk-forward on top."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from rorq_pipeline.report import formats
from rorq_pipeline.report.build import environment, static_text
from rorq_pipeline.report.data import IndexEntry, WalkForward
from rorq_pipeline.report.sections.verdict import VERDICT_MARKS
from rorq_pipeline.report.svg import equity_chart, sparkline
from strategy.date_range import DateRange
from strategy.errors import DateRangeError


def build_index(entries: Sequence[IndexEntry], walk_forward: WalkForward | None = None) -> str:
    """Return the index page; ranges newest first."""
    ordered = sorted(entries, key=lambda entry: entry.date_range, reverse=True)
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            rows=[_row(entry) for entry in ordered],
            walk_forward=walk_forward,
            stitched=_stitched(walk_forward),
            span_of=_span,
            any_synthetic=any(entry.source == "synthetic" for entry in entries),
            styles=static_text("tokens.css", "page.css", "sections.css", "tables.css", "print.css"),
            scripts=static_text("page.js"),
        )
    )


def _row(entry: IndexEntry) -> dict[str, Any]:
    end = entry.equity_usd[-1] if entry.equity_usd else None
    return {
        "entry": entry,
        "href": f"./{entry.href}",  # never read as a scheme of its own
        "title": formats.span(entry.date_range.start_date, entry.date_range.end_date),
        "mark": VERDICT_MARKS.get(entry.verdict or "", ""),
        "spark": sparkline(entry.equity_usd, label=f"Equity by trade, ends at {formats.usd(end)}"),
    }


def _stitched(walk_forward: WalkForward | None) -> Markup:
    if walk_forward is None or not walk_forward.equity_usd:
        return Markup("")
    end = formats.usd(walk_forward.equity_usd[-1])
    label = f"Walk-forward equity by session, ends at {end}"
    return equity_chart(walk_forward.equity_usd, label=label, unit="session")


def _span(key: str) -> str:
    """A range key in words, as it stands where it is none."""
    try:
        parsed = DateRange.parse(key)
    except DateRangeError:
        return key
    return formats.span(parsed.start_date, parsed.end_date)
