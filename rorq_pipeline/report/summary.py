"""The report in a few lines of Markdown, for metadata and terminals."""

from rorq_pipeline.report import formats
from rorq_pipeline.report.data import ReportData

_SPECIAL = "\\`*_{}[]()#+-.!|<>&~"


def summary_markdown(data: ReportData) -> str:
    """Verdict, metrics in and out of sample, and the published parameters as tables."""
    span = formats.span(data.date_range.start_date, data.date_range.end_date)
    lines = [f"## {escape_markdown(data.ticker)}, {span}", ""]
    if data.is_synthetic:
        lines += ["**Synthetic data:** generated sessions, nothing about a market.", ""]
    if data.verdict is not None:
        sentence = escape_markdown(data.verdict.sentence)
        lines += [f"**{data.verdict.label.capitalize()}.** {sentence}", ""]
    lines += _metric_table(data)
    lines += ["", "| Parameter | Value |", "|---|---:|"]
    for name, value in data.trial_params.items():
        shown = escape_markdown(formats.parameter(name, value))
        lines.append(f"| {escape_markdown(formats.parameter_title(name))} | {shown} |")
    return "\n".join(lines) + "\n"


def escape_markdown(text: str) -> str:
    """The text as Markdown that reads as itself, on one line."""
    folded = " ".join(str(text).split())
    return "".join(f"\\{c}" if c in _SPECIAL else c for c in folded)


def _metric_table(data: ReportData) -> list[str]:
    outside = data.out_of_sample.metrics if data.out_of_sample else None
    head = "| Metric | In sample |" + (" Out of sample |" if outside is not None else "")
    lines = [head, "|---|---:|" + ("---:|" if outside is not None else "")]
    for name in formats.METRIC_TITLES:
        row = f"| {formats.metric_title(name)} | {formats.metric(name, data.metrics.get(name))} |"
        if outside is not None:
            row += f" {formats.metric(name, outside.get(name))} |"
        lines.append(row)
    return lines
