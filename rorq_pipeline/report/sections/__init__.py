"""The report's sections, each a function from the data to what its template shows, in order."""

from collections.abc import Callable, Sequence

from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.section import Section
from rorq_pipeline.report.sections.equity import equity_section
from rorq_pipeline.report.sections.fills import fills_section
from rorq_pipeline.report.sections.outcomes import outcomes_section
from rorq_pipeline.report.sections.overfitting import overfitting_section
from rorq_pipeline.report.sections.parameters import parameters_section
from rorq_pipeline.report.sections.policies import policies_section
from rorq_pipeline.report.sections.provenance import provenance_section
from rorq_pipeline.report.sections.reproduce import reproduce_section
from rorq_pipeline.report.sections.sample import sample_section
from rorq_pipeline.report.sections.study import study_section
from rorq_pipeline.report.sections.surface import surface_section
from rorq_pipeline.report.sections.trades import trades_section
from rorq_pipeline.report.sections.verdict import verdict_section

SECTIONS: Sequence[Callable[[ReportData], Section]] = (
    verdict_section,
    parameters_section,
    sample_section,
    equity_section,
    surface_section,
    policies_section,
    overfitting_section,
    fills_section,
    study_section,
    outcomes_section,
    trades_section,
    provenance_section,
    reproduce_section,
)

__all__ = ["SECTIONS"]
