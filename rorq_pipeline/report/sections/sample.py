"""In sample and out of sample, side by side."""

from rorq_pipeline.report.data import OutOfSample, ReportData
from rorq_pipeline.report.figures.equity import daily_pnl_usd
from rorq_pipeline.report.figures.sample import sessions_figure
from rorq_pipeline.report.formats import METRIC_TITLES
from rorq_pipeline.report.section import Section

NOT_YET = "no session after this range is cached yet"


def sample_section(data: ReportData) -> Section:
    """The same metrics on the range and on the sessions after it, with intervals."""
    title = "In sample and out of sample"
    outside = data.out_of_sample
    if outside is None:
        reason = data.absent.get(
            "out_of_sample", "The sessions after this range were not traded for this report."
        )
        return Section(id="sample", title=title, absent=reason)
    if not outside.sessions:
        reason = f"Nothing is out of sample so far: {outside.status or NOT_YET}."
        return Section(id="sample", title=title, absent=reason)
    figures = {}
    if outside.daily_pnl_usd:
        daily = daily_pnl_usd(data.trades, data.session_dates)
        figures["sample"] = sessions_figure(daily, outside.sessions, outside.daily_pnl_usd)
    return Section(
        id="sample",
        title=title,
        context={
            "rows": [
                (
                    name,
                    data.metrics.get(name),
                    outside.metrics.get(name),
                    outside.intervals.get(name),
                )
                for name in METRIC_TITLES
            ],
            "kept_fraction": _kept(data, outside),
            "n_missing": outside.n_sessions_missing,
            "has_intervals": bool(outside.intervals),
        },
        figures=figures,
    )


def _kept(data: ReportData, outside: OutOfSample) -> float | None:
    """Out-of-sample over in-sample return on risk, where the latter is positive."""
    before = data.metrics.get("return_on_risk_percent")
    after = outside.metrics.get("return_on_risk_percent")
    if before is None or after is None or before <= 0:
        return None
    return after / before
