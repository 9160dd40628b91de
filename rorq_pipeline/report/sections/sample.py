"""In sample and out of sample, side by side."""

from optimize.statistics import kept_fraction
from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.figures.equity import daily_pnl_usd
from rorq_pipeline.report.figures.sample import sessions_figure
from rorq_pipeline.report.formats import METRIC_TITLES, kept_words, percent
from rorq_pipeline.report.section import Section


def sample_section(data: ReportData) -> Section:
    """The same metrics on the range and on the sessions after it, with intervals."""
    title = "In sample and out of sample"
    outside = data.out_of_sample
    if outside is None:
        absent = "The sessions after this range were not traded for this report."
        return Section(id="sample", title=title, absent=absent)
    traded = outside.traded
    if traded.metrics is None:
        reason = f"Nothing is out of sample so far: {outside.status}."
        return Section(id="sample", title=title, absent=reason)
    if data.too_few_outside:
        reason = f"{data.too_few_outside} to say anything of these parameters."
        return Section(id="sample", title=title, absent=reason)
    daily = daily_pnl_usd(data.trades, data.session_dates)
    sums = traded.sessions
    confidences = {interval.confidence_fraction for interval in traded.intervals.values()}
    return Section(
        id="sample",
        title=title,
        context={
            "traded": traded,
            "kept": _kept(data.best.promised_percent, traded.return_on_risk_percent),
            "rows": [
                (
                    name,
                    getattr(data.best.metrics, name),
                    getattr(traded.metrics, name),
                    traded.intervals.get(name),
                )
                for name in METRIC_TITLES
            ],
            "confidence_fraction": max(confidences, default=None),
        },
        figures={"sample": sessions_figure(daily, sums.dates, sums.net_pnl_usd.tolist())},
    )


def _kept(promised_percent: float | None, came_percent: float | None) -> str:
    fraction = kept_fraction(promised_percent, came_percent)
    if fraction is None:
        return ""
    words = kept_words(fraction)
    came, promised = percent(came_percent), percent(promised_percent)
    return f"{words[0].upper()}{words[1:]}: {promised} promised, {came} came"
