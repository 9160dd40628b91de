"""The band that fills put around the result, and how much of it hangs on thin evidence."""

from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.section import Section

SHOWN = ("return_on_risk_percent", "net_pnl_usd", "total_trades", "win_rate_percent")


def fills_section(data: ReportData) -> Section:
    """One row a scenario, with a bar on a common scale."""
    title = "Fills"
    if data.proofs is None:
        absent = "Other assumptions about fills were not tried for this range."
        return Section(id="fills", title=title, absent=absent)
    fills = data.proofs.fills
    values = [one.metrics.return_on_risk_percent for one in fills.scenarios]
    known = [value for value in values if value is not None]
    return Section(
        id="fills",
        title=title,
        context={
            "scenarios": fills.scenarios,
            "shown": SHOWN,
            "scale": max((abs(value) for value in known), default=1.0) or 1.0,
            "low": min(known, default=None),
            "high": max(known, default=None),
            "shares": fills.profit_shares.described(),
        },
    )
