"""The report in a few lines of Markdown, for metadata and terminals."""

from rorq_pipeline.dagster_support.markdown import markdown_table
from rorq_pipeline.report import formats
from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.plain_words import plain_sentence

_SPECIAL = "\\`*_{}[]()#+-.!|<>&~"


def summary_markdown(data: ReportData) -> str:
    """Verdict, metrics in and out of sample, and the published parameters as tables."""
    span = formats.span(data.date_range.start_date, data.date_range.end_date)
    lines = [f"## {escape_markdown(data.best.ticker)}, {span}", ""]
    if data.best.is_synthetic:
        lines += ["**Synthetic data:** generated sessions, nothing about a market.", ""]
    if data.verdict is not None:
        sentence = escape_markdown(plain_sentence(data.verdict))
        lines += [f"**{data.verdict.verdict.decision.capitalize()}.** {sentence}", ""]
    lines += [_metric_table(data), ""]
    if data.too_few_outside:
        lines += [f"Out of sample: {data.too_few_outside}.", ""]
    lines += [_parameter_table(data)]
    return "\n".join(lines) + "\n"


def escape_markdown(text: str) -> str:
    """The text as Markdown that reads as itself, on one line."""
    folded = " ".join(str(text).split())
    return "".join(f"\\{c}" if c in _SPECIAL else c for c in folded)


def _metric_table(data: ReportData) -> str:
    head, measured = ["Metric", "In sample#"], [data.best.metrics]
    if data.outside is not None and data.outside.metrics is not None:
        head.append("Out of sample#")
        measured.append(data.outside.metrics)
    return markdown_table(
        head,
        [
            [
                formats.metric_title(name),
                *(formats.metric(name, getattr(m, name)) for m in measured),
            ]
            for name in formats.METRIC_TITLES
        ],
    )


def _parameter_table(data: ReportData) -> str:
    return markdown_table(
        ("Parameter", "Value#"),
        [
            (
                escape_markdown(formats.parameter_title(name)),
                escape_markdown(formats.parameter(name, value)),
            )
            for name, value in data.best.trial_params.items()
        ],
    )
