"""The first screen: what to do, the parameters, what was promised and what came, and the curve."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from markupsafe import Markup

from optimize.statistics.verdict import Finding
from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.figures.equity import daily_pnl_usd
from rorq_pipeline.report.formats import count, metric, percent, share, short_day, span, usd
from rorq_pipeline.report.plain_words import plain_sentence
from rorq_pipeline.report.section import Section
from rorq_pipeline.report.svg import equity_chart

# level -> words and chip, in the order in which the findings are shown
LEVELS = {
    "bad": ("✕ against", "fail"),
    "doubtful": ("◐ neither way", "watch"),
    "unknown": ("? not known", ""),
    "absent": ("∅ not there", ""),
    "good": ("✓ for trading", "pass"),
}
# What a promise is of, by the rule that chose; of the others it is the value in sample itself.
PROMISE_OF = {
    "smooth": "with its neighbours; alone",
    "plateau": "of its neighbours; alone",
    "lower_bound": "at its lower bound;",
    "nested": "by the rule that was best;",
}
VERDICT_MARKS = {"trade": "✓", "watch": "◐", "reject": "✕"}


def verdict_section(data: ReportData) -> Section:
    """Verdict, parameters, promise beside result, and the equity over both in one picture."""
    reached = data.verdict.verdict if data.verdict else None
    return Section(
        id="verdict",
        title="Verdict",
        context={
            "verdict": reached,
            "label": reached.decision.capitalize() if reached else "No verdict",
            "sentence": plain_sentence(data.verdict) if data.verdict else "",
            "mark": VERDICT_MARKS[reached.decision] if reached else "",
            "promise": _promise(data),
            "result": _result(data),
            "curve": _curve(data),
            "findings": [
                (finding, *_speaks(finding))
                for finding in _worst_first(reached.findings if reached else ())
            ],
            "failed_checks": [
                check
                for check in data.checks
                if not check.passed and (check.blocking or not check.is_about_data)
            ],
        },
    )


def _promise(data: ReportData) -> dict[str, Any]:
    """What the way of choosing promised of these parameters, on the range itself."""
    n, inside = len(data.session_dates), data.best.metrics
    title = f"Promised by {_sessions(n)}"
    if data.too_few_inside:
        return {"title": title, "value": "", "note": data.too_few_inside}
    of = PROMISE_OF.get(data.best.selection)
    alone = metric("return_on_risk_percent", inside.return_on_risk_percent)
    return {
        "title": title,
        "value": percent(data.best.promised_percent),
        "note": f"{f'{of} {alone} ' if of else ''}in sample, "
        f"{_trades(inside.total_trades)}, {usd(inside.net_pnl_usd)}",
    }


def _result(data: ReportData) -> dict[str, Any]:
    """What came of it in the sessions that followed; grey words where that says too little."""
    title, traded = "Came in the sessions after", data.outside
    if traded is None or traded.metrics is None:
        status = data.out_of_sample.status if data.out_of_sample else "not traded for this report"
        return {"title": title, "value": "", "note": data.too_few_outside or status}
    interval = traded.intervals.get("return_on_risk_percent")
    band = (
        f", {share(interval.confidence_fraction)} interval {percent(interval.low)} to "
        f"{percent(interval.high)}"
        if interval
        else ""
    )
    return {
        "title": f"Came in the {_sessions(len(traded.sessions))} after",
        "value": percent(traded.return_on_risk_percent),
        "note": f"{_trades(traded.metrics.total_trades)}, {usd(traded.metrics.net_pnl_usd)}{band}",
    }


def _trades(n: int) -> str:
    return f"{count(n)} trade{'' if n == 1 else 's'}"


def _sessions(n: int) -> str:
    return f"{count(n)} session{'' if n == 1 else 's'}"


def _curve(data: ReportData) -> Markup:
    """Net P&L by session, solid where the choice was made and dotted after it."""
    if data.trades.empty:
        return Markup("")
    daily = daily_pnl_usd(data.trades, data.session_dates)
    after = data.out_of_sample.traded.sessions if data.out_of_sample else None
    dates = [*daily, *(after.dates if after else ())]
    equity = list(accumulate([*daily.values(), *(after.net_pnl_usd.tolist() if after else ())]))
    what = f"Net P&L by session, {span(dates[0], dates[-1])}, ends at {usd(equity[-1])}"
    return equity_chart(
        equity,
        label=f"{what}; dotted after the range",
        first=short_day(dates[0]),
        last=short_day(dates[-1]),
        border=(len(daily), short_day(list(daily)[-1])) if after else None,
    )


def _worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """What is against trading, then what holds it back, then the others."""
    order = list(LEVELS)
    return sorted(
        findings,
        key=lambda one: (one.level != "bad", not _holds_back(one), order.index(one.level)),
    )


def _holds_back(finding: Finding) -> bool:
    """Whether a finding decides and is not known to be good."""
    return finding.decides and finding.level in ("doubtful", "unknown")


def _speaks(finding: Finding) -> tuple[str, str]:
    """Words and class of the chip."""
    words, chip = LEVELS[finding.level]
    return (f"{words[0]} holds it back" if _holds_back(finding) else words), chip
