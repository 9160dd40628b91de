"""The report: one self-contained HTML page a range, the index of all ranges, and their pictures.

Nothing here reads a file, a database or Dagster: `ReportData` holds everything that is shown.
"""

from rorq_pipeline.report.adapters import (
    evidence_fields,
    fills_view,
    out_of_sample_view,
    overfitting_view,
    proof_checks,
    verdict_view,
    walk_forward_view,
)
from rorq_pipeline.report.build import build_report
from rorq_pipeline.report.data import (
    CheckOutcome,
    FillsBand,
    FillScenario,
    IndexEntry,
    OutOfSample,
    Overfitting,
    Regret,
    ReportData,
    Selection,
    SessionProvenance,
    Verdict,
    VerdictFinding,
    WalkForward,
    WalkForwardStep,
)
from rorq_pipeline.report.index import (
    build_index,
    entry_from_json,
    entry_to_json,
    index_entry,
)
from rorq_pipeline.report.key_pictures import key_pictures
from rorq_pipeline.report.pictures import TradePicture, trade_pictures
from rorq_pipeline.report.summary import summary_markdown
from rorq_pipeline.report.surface_view import SurfaceView, surface_view

__all__ = [
    "CheckOutcome",
    "FillScenario",
    "FillsBand",
    "IndexEntry",
    "OutOfSample",
    "Overfitting",
    "Regret",
    "ReportData",
    "Selection",
    "SessionProvenance",
    "SurfaceView",
    "TradePicture",
    "Verdict",
    "VerdictFinding",
    "WalkForward",
    "WalkForwardStep",
    "build_index",
    "build_report",
    "entry_from_json",
    "entry_to_json",
    "evidence_fields",
    "fills_view",
    "index_entry",
    "key_pictures",
    "out_of_sample_view",
    "overfitting_view",
    "proof_checks",
    "summary_markdown",
    "surface_view",
    "trade_pictures",
    "verdict_view",
    "walk_forward_view",
]
