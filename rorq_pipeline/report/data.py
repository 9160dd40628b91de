"""What a report is made of: results as they are kept, and what is looked up for the page alone.

`ReportData` is the only input of `build_report`; the same data gives the same bytes. Figures are
those of the results, under their names; nothing is renamed on the way. A part that is None or empty
makes its section say why it is absent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
import pandas as pd
from optuna.trial import FrozenTrial

from optimize.statistics import OutOfSample, SessionSums
from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.report.pictures import TradePicture
from rorq_pipeline.report.surface_view import SurfaceView
from rorq_pipeline.results.history import Publication
from rorq_pipeline.results.models import (
    BestParams,
    Optimization,
    OutOfSampleEvidence,
    Proofs,
    SelectionEvidence,
    VerdictRecord,
    WalkForwardMatrixRecord,
)
from strategy.backtest_range import BacktestRange


@dataclass(frozen=True, kw_only=True)
class CheckOutcome:
    """An asset check as the report shows it."""

    name: str
    passed: bool
    blocking: bool = True
    sentence: str = ""
    is_about_data: bool = False  # a warning of it stands in the section Data alone


@dataclass(frozen=True, kw_only=True)
class SessionProvenance:
    """Where one session's data came from and what was found in it."""

    session: date
    source: str
    fingerprint: str  # sha256 hex
    findings: Sequence[str] = ()
    n_underlying_bars: int | None = None
    n_option_bars: int | None = None
    n_contracts: int | None = None


@dataclass(frozen=True, kw_only=True)
class BrokenRule:
    """One rule of the validation, over all sessions that break it."""

    name: str
    meaning: str
    is_error: bool
    n_sessions: int
    n_hits: int


@dataclass(frozen=True, kw_only=True)
class ReportData:
    """Everything that one range's report shows.

    Required: the range, the published parameters with their study, and their trades. The rest is
    additive.
    """

    date_range: BacktestRange
    best: BestParams
    optimization: Optimization
    trades: pd.DataFrame  # BacktestResult.trades
    sessions: Sequence[SessionProvenance] = ()
    broken_rules: Sequence[BrokenRule] = ()
    trials: Sequence[FrozenTrial] = ()
    surface: SurfaceView | None = None
    pictures: Sequence[TradePicture] = ()
    checks: Sequence[CheckOutcome] = ()
    max_trade_share_fraction: float | None = None  # of gross profit, that the checks admit
    max_day_share_fraction: float | None = None

    out_of_sample: OutOfSampleEvidence | None = None
    selection_statistics: SelectionEvidence | None = None
    matrix: WalkForwardMatrixRecord | None = None
    proofs: Proofs | None = None
    verdict: VerdictRecord | None = None

    versions: Mapping[str, str] = field(default_factory=dict)  # package -> version
    command: str = ""  # reproduces this report, whatever run_config.yaml says then
    publications: Mapping[int, Publication] = field(default_factory=dict)  # by number
    made_at: datetime | None = None

    @property
    def session_dates(self) -> tuple[date, ...]:
        """The sessions that were backtested: those of the provenance, else the range's own."""
        return tuple(s.session for s in self.sessions) or self.date_range.sessions

    @property
    def outside(self) -> OutOfSample | None:
        """Out of sample, where it has sessions with trades enough to say something."""
        traded = self.out_of_sample.traded if self.out_of_sample else None
        return traded if traded and traded.metrics and not self.too_few_outside else None

    @property
    def too_few_inside(self) -> str:
        """Why the range itself promises nothing: 5 trades in 4 sessions, too few; else empty."""
        n, n_sessions = self.best.metrics.total_trades, len(self.session_dates)
        limits = self.verdict.limits if self.verdict else VerdictSettings()
        least = limits.trades_over(limits.trades_to_reject, n_sessions)
        if n_sessions >= limits.out_of_sample_sessions and n >= least:
            return ""
        return _too_few(n, n_sessions)

    @property
    def too_few_outside(self) -> str:
        """Why out of sample says nothing: 5 trades in 4 sessions, too few; else empty."""
        traded = self.out_of_sample.traded if self.out_of_sample else None
        limits = self.verdict.limits if self.verdict else VerdictSettings()
        if traded is None or traded.metrics is None:
            return ""
        return too_few(traded.sessions, limits.out_of_sample_sessions)


def too_few(sums: SessionSums, least_sessions: int) -> str:
    """Tell that less than the least number of sessions have a trade; else empty."""
    if np.count_nonzero(sums.trades) >= least_sessions:
        return ""
    return _too_few(int(sums.trades.sum()), len(sums))


def _too_few(n_trades: int, n_sessions: int) -> str:
    return (
        f"{n_trades:,} trade{'' if n_trades == 1 else 's'} in "
        f"{n_sessions:,} session{'' if n_sessions == 1 else 's'}, too few"
    )
