"""The top of the page: the verdict, what led to it, and the numbers that matter most."""

from rorq_pipeline.report.data import ReportData, VerdictFinding
from rorq_pipeline.report.section import Section

HEADLINE = (
    "return_on_risk_percent",
    "net_pnl_usd",
    "total_trades",
    "win_rate_percent",
    "max_drawdown_usd",
    "daily_sharpe",
)
# level -> words and chip, in the order in which the findings are shown
LEVELS = {
    "bad": ("✕ against", "fail"),
    "doubtful": ("◐ neither way", "watch"),
    "unknown": ("? not known", ""),
    "good": ("✓ for trading", "pass"),
}
VERDICT_MARKS = {"trade": "✓", "watch": "◐", "reject": "✕"}


def verdict_section(data: ReportData) -> Section:
    """Verdict, its figures, and the headline metrics in and out of sample."""
    outside = data.out_of_sample.metrics if data.out_of_sample else {}
    tiles = [
        {"name": name, "value": data.metrics.get(name), "outside": outside.get(name)}
        for name in HEADLINE
    ]
    label = data.verdict.label if data.verdict else ""
    return Section(
        id="verdict",
        title="Verdict",
        context={
            "tiles": tiles,
            "has_outside": bool(outside),
            "mark": VERDICT_MARKS.get(label, ""),
            "findings": _worst_first(data),
            "levels": LEVELS,
            "failed_checks": [check for check in data.checks if not check.passed],
        },
    )


def _worst_first(data: ReportData) -> list[VerdictFinding]:
    order = list(LEVELS)
    findings = data.verdict.findings if data.verdict else ()
    return sorted(findings, key=lambda finding: order.index(finding.level))
