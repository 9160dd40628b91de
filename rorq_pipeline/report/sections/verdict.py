"""The top of the page: the verdict, what led to it, and the numbers that matter most."""

from collections.abc import Sequence

from optimize.statistics.verdict import Finding
from rorq_pipeline.report.data import ReportData
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
    "absent": ("∅ not there", ""),
    "good": ("✓ for trading", "pass"),
}
VERDICT_MARKS = {"trade": "✓", "watch": "◐", "reject": "✕"}


def verdict_section(data: ReportData) -> Section:
    """Verdict, its figures, and the headline metrics in and out of sample."""
    outside = data.out_of_sample.traded.metrics if data.out_of_sample else None
    reached = data.verdict.verdict if data.verdict else None
    tiles = [
        {
            "name": name,
            "value": getattr(data.best.metrics, name),
            "outside": getattr(outside, name) if outside else None,
        }
        for name in HEADLINE
    ]
    return Section(
        id="verdict",
        title="Verdict",
        context={
            "verdict": reached,
            "tiles": tiles,
            "has_outside": outside is not None,
            "mark": VERDICT_MARKS[reached.decision] if reached else "",
            "findings": _worst_first(reached.findings if reached else ()),
            "levels": LEVELS,
            "failed_checks": [check for check in data.checks if not check.passed],
        },
    )


def _worst_first(findings: Sequence[Finding]) -> list[Finding]:
    order = list(LEVELS)
    return sorted(findings, key=lambda finding: order.index(finding.level))
