"""build_index: the page that leads to every range's report, with walk-forward on top."""

import math
from collections.abc import Container, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from markupsafe import Markup

from optimize.statistics import VerdictSettings, WalkForward
from rorq_pipeline.report import formats
from rorq_pipeline.report.build import environment, script_json, static_text
from rorq_pipeline.report.data import ReportData, too_few
from rorq_pipeline.report.figures.equity import equity_usd
from rorq_pipeline.report.plain_words import plain_sentence
from rorq_pipeline.report.sections.verdict import VERDICT_MARKS
from rorq_pipeline.report.svg import equity_chart, sparkline
from rorq_pipeline.results.models import ReportEntry, WalkForwardRecord
from strategy.backtest_range import BacktestRange
from strategy.errors import DateRangeError
from strategy.market_data.schema import SYNTHETIC

_LEAST = VerdictSettings().out_of_sample_sessions
_MANY_RANGES = 2
MAX_SPARK_POINTS = 160  # a sparkline is 160 pixels wide


def build_index(
    entries: Sequence[ReportEntry],
    walk_forwards: Mapping[str, WalkForwardRecord | str] | None = None,
    *,
    unread: Sequence[str] = (),
    telling: Container[str] = (),
) -> str:
    """Return the index page; ranges newest first, and a walk-forward record a ticker on top.

    Args:
        entries: One a range that has a report.
        walk_forwards: By ticker the record of its latest range, or why it cannot be read.
        unread: Why entries of other ranges cannot be read, a line each.
        telling: Keys of the ranges whose report tells how to choose.
    """
    ordered = sorted(entries, key=_end_and_range, reverse=True)
    telling_ranges = [entry for entry in ordered if entry.date_range in telling]
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            rows=[_row(entry) for entry in ordered],
            unread=unread,
            walk_forwards=[
                _walk_forward(ticker, kept)
                for ticker, kept in sorted((walk_forwards or {}).items())
            ],
            span_of=_span,
            tried=_tried(entries),
            how_to_choose=[
                (ticker, f"./{entry.href}#policies")
                for ticker, entry in sorted(
                    {one.ticker: one for one in telling_ranges[::-1]}.items()
                )
            ],
            any_synthetic=any(entry.source == SYNTHETIC for entry in entries),
            styles=static_text("tokens.css", "page.css", "sections.css", "tables.css", "print.css"),
            compared=script_json([_compared(entry) for entry in ordered])
            if len(ordered) > 1
            else "",
            scripts=static_text("page.js", "compare.js"),
        )
    )


def _end_and_range(entry: ReportEntry) -> tuple[date, BacktestRange]:
    date_range = BacktestRange.parse(entry.date_range)
    return date_range.end_date, date_range


def _tried(entries: Sequence[ReportEntry]) -> str:
    """How many ranges were judged, and what that number gives by chance."""
    decisions = [entry.verdict.decision for entry in entries if entry.verdict]
    if len(decisions) < _MANY_RANGES:
        return ""
    n_trade = decisions.count("trade")
    limits = VerdictSettings()
    level = limits.selection_test_to_trade + limits.policy_to_trade
    by_chance = len(decisions) * level
    return (
        f"{formats.count(len(decisions))} ranges were judged and {formats.count(n_trade)} of them "
        f"{'says' if n_trade == 1 else 'say'} trade. Without any edge up to "
        f"{formats.share(level)} would, here {formats.number(by_chance, 1)}: of many ranges, the "
        "best verdict is the luckiest."
    )


def report_entry(data: ReportData, href: str) -> ReportEntry:
    """What the index shows of a range's report, which lies at `href` from the index."""
    outside = data.outside
    return ReportEntry(
        date_range=data.date_range.key,
        ticker=data.best.ticker,
        source=data.best.source,
        href=href,
        metrics=data.best.metrics,
        selection=data.best.selection,
        promised_percent=None if data.too_few_inside else data.best.promised_percent,
        trial_params=data.best.trial_params,
        equity_usd=tuple(_thinned([float(value) for value in equity_usd(data.trades)])),
        verdict=data.verdict.verdict if data.verdict else None,
        sentence=plain_sentence(data.verdict) if data.verdict else "",
        out_of_sample_return_on_risk_percent=outside.return_on_risk_percent if outside else None,
        out_of_sample_too_few=data.too_few_outside,
        made_at=data.made_at,
    )


def _thinned(values: Sequence[float]) -> list[float]:
    """At most `MAX_SPARK_POINTS` of the values, the last one among them."""
    step = math.ceil(len(values) / MAX_SPARK_POINTS) or 1
    return [round(value, 2) for value in values[::-step][::-1]]  # counted from the end


def _row(entry: ReportEntry) -> dict[str, Any]:
    end = entry.equity_usd[-1] if entry.equity_usd else None
    return {
        "entry": entry,
        "href": f"./{entry.href}",  # never read as a scheme of its own
        "title": _span(entry.date_range),
        "mark": VERDICT_MARKS[entry.verdict.decision] if entry.verdict else "",
        "spark": sparkline(entry.equity_usd, label=f"Equity by trade, ends at {formats.usd(end)}"),
    }


def _compared(entry: ReportEntry) -> dict[str, Any]:
    """What stands of a range beside another: verdict, promise and result, metrics, parameters."""
    followed = entry.out_of_sample_too_few or formats.percent(
        entry.out_of_sample_return_on_risk_percent
    )
    return {
        "title": f"{entry.ticker}, {_span(entry.date_range)}",
        "values": [
            ("Verdict", entry.verdict.decision if entry.verdict else "none"),
            ("Promised", formats.percent(entry.promised_percent)),
            ("In the sessions that followed", followed),
            *(
                (
                    f"{formats.metric_title(name)}, in sample",
                    formats.metric(name, getattr(entry.metrics, name)),
                )
                for name in formats.METRIC_TITLES
            ),
            ("Way of choosing", entry.selection.replace("_", " ")),
            *(
                (formats.parameter_title(name), formats.parameter(name, value))
                for name, value in entry.trial_params.items()
            ),
        ],
    }


def _walk_forward(ticker: str, kept: WalkForwardRecord | str) -> dict[str, Any]:
    """What the page shows of a ticker's record; of one that cannot be read, the reason."""
    if isinstance(kept, str):
        absent: dict[str, Any] = {"record": None, "too_few": "", "stability": {}}
        return {"ticker": ticker, "left_out": [kept], **absent}
    record = kept.record
    return {
        "ticker": ticker,
        "record": record if record.steps else None,
        "too_few": too_few(record.sessions, _LEAST) if record.steps else "",
        "left_out": kept.left_out,
        "stability": record.stability,
        "stitched": _stitched(record),
    }


def _stitched(record: WalkForward) -> Markup:
    if not len(record.sessions):
        return Markup("")
    equity = np.cumsum(record.sessions.net_pnl_usd).tolist()
    label = f"Walk-forward equity by session, ends at {formats.usd(equity[-1])}"
    first, last = (formats.short_day(record.sessions.dates[at]) for at in (0, -1))
    return equity_chart(equity, label=label, first=first, last=last)


def _span(key: str) -> str:
    """A range key in words, as it stands where it is none."""
    try:
        parsed = BacktestRange.parse(key)
    except DateRangeError:
        return key
    return formats.span(parsed.start_date, parsed.end_date)
