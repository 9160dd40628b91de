"""The report: one self-contained HTML page a range, the index of all ranges, and their pictures.

Nothing here but `collect` and `collect_index` reads a file, a database or Dagster: `ReportData`
holds everything that is shown.
"""

from rorq_pipeline.report.build import build_report
from rorq_pipeline.report.data import CheckOutcome, ReportData, SessionProvenance
from rorq_pipeline.report.index import build_index, report_entry
from rorq_pipeline.report.key_pictures import key_pictures
from rorq_pipeline.report.pictures import TradePicture, trade_pictures
from rorq_pipeline.report.summary import summary_markdown
from rorq_pipeline.report.surface_view import SurfaceView, surface_view

__all__ = [
    "CheckOutcome",
    "ReportData",
    "SessionProvenance",
    "SurfaceView",
    "TradePicture",
    "build_index",
    "build_report",
    "key_pictures",
    "report_entry",
    "summary_markdown",
    "surface_view",
    "trade_pictures",
]
