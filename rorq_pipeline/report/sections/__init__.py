"""The report's sections, each a function from the data to what its template shows, in order."""

from collections.abc import Callable, Sequence

from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.section import Section
from rorq_pipeline.report.sections.equity import equity_section
from rorq_pipeline.report.sections.parameters import parameters_section
from rorq_pipeline.report.sections.study import study_section
from rorq_pipeline.report.sections.trades import trades_section
from rorq_pipeline.report.sections.verdict import verdict_section

SECTIONS: Sequence[Callable[[ReportData], Section]] = (
    verdict_section,
    parameters_section,
    equity_section,
    study_section,
    trades_section,
)

__all__ = ["SECTIONS"]
