"""What a report is made of: plain values, no files, no database, no Dagster.

`ReportData` is the only input of `build_report`; the same data gives the same bytes. Whoever has
the results fills it in; a part that is None or empty makes its section say why it is absent.
Percent and fraction are told apart by the last word of every name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

import pandas as pd
from optuna.trial import FrozenTrial

from rorq_pipeline.report.pictures import TradePicture
from rorq_pipeline.report.surface_view import SurfaceView
from strategy.backtest_range import BacktestRange
from strategy.params import StrategyParams

VerdictLabel = Literal["trade", "watch", "reject"]
FindingLevel = Literal["good", "doubtful", "bad", "unknown"]
MetricValues = Mapping[str, float | int | None]


@dataclass(frozen=True, kw_only=True)
class VerdictFinding:
    """One figure that led to the verdict, and what it says."""

    name: str
    level: FindingLevel
    text: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The one line on top, and the findings behind it."""

    label: VerdictLabel
    sentence: str
    findings: Sequence[VerdictFinding] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)  # that the findings were held against


@dataclass(frozen=True, kw_only=True)
class Selection:
    """One way of choosing the parameters, with what it chose."""

    name: str  # "study_best" | "exact_best" | "plateau"
    trial_params: Mapping[str, Any]  # dimension name -> chosen value
    metrics: MetricValues  # Metrics.as_dict()
    rank: int | None = None  # 1 is the best of all valid combinations
    neighbours_mean_percent: float | None = None  # return on risk of the neighbours
    neighbours_worst_percent: float | None = None


@dataclass(frozen=True, kw_only=True)
class Regret:
    """How far the study's best lies from the exact best."""

    points_percent: float  # exact best minus study best, in points of return on risk
    rank: int
    n_valid: int  # combinations with enough trades
    n_trials: int


@dataclass(frozen=True, kw_only=True)
class OutOfSample:
    """The chosen parameters on sessions that had no part in the choice."""

    sessions: Sequence[date]
    n_sessions_wanted: int  # as many as the range has
    metrics: MetricValues  # empty where there is no session yet
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # low, high
    confidence_percent: float = 95.0
    daily_pnl_usd: Sequence[float] = ()  # one a session
    n_sessions_missing: int = 0  # holes in the cache before the last cached session
    status: str = ""  # why there is nothing, where there is nothing
    # selection -> return on risk in percent, out of sample
    by_selection_percent: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Overfitting:
    """Selection statistics; each is None where it could not be computed."""

    n_sessions: int | None = None
    n_blocks: int | None = None
    n_splits: int | None = None
    n_trials: int | None = None  # distinct ones
    pbo_fraction: float | None = None  # probability of backtest overfitting
    pbo_low_fraction: float | None = None  # 95 percent interval
    pbo_high_fraction: float | None = None
    after_costs_fraction: float | None = None  # the same, ranked after costs
    loss_fraction: float | None = None  # splits whose winner lost out of sample
    median_in_sample_percent: float | None = None  # return on risk of the splits' winners
    median_out_of_sample_percent: float | None = None
    deflated_sharpe_fraction: float | None = None  # probability that the true Sharpe is above 0
    undeflated_sharpe_fraction: float | None = None  # as if there had been a single trial
    daily_sharpe: float | None = None
    expected_max_sharpe: float | None = None  # of the effective trials without any skill
    effective_trials: float | None = None
    spa_p_value_fraction: float | None = None  # Hansen's test against not trading
    spa_n_tested: int | None = None  # combinations drawn for it
    spa_p_value_low_fraction: float | None = None
    spa_p_value_high_fraction: float | None = None
    caveat: str = ""


@dataclass(frozen=True, kw_only=True)
class FillScenario:
    """The same trades under another assumption about fills."""

    name: str
    description: str
    metrics: MetricValues


@dataclass(frozen=True, kw_only=True)
class FillsBand:
    """The band in which the truth lies, and how much profit hangs on thin evidence."""

    scenarios: Sequence[FillScenario]
    # words that follow "profit", such as "from the best day" -> share of the net profit
    profit_shares_fraction: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CheckOutcome:
    """An asset check as the report shows it."""

    name: str
    passed: bool
    blocking: bool = True
    sentence: str = ""


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
class ReportData:
    """Everything that one range's report shows.

    Required: the range, the parameters and their backtest. The rest is additive.
    """

    date_range: BacktestRange
    ticker: str
    source: str  # "polygon" | "legacy" | "synthetic" | "unknown"
    params: StrategyParams
    trial_params: Mapping[str, Any]  # dimension name -> chosen value
    trades: pd.DataFrame  # BacktestResult.trades
    metrics: MetricValues  # Metrics.as_dict()
    counts: Mapping[str, int]  # Counts as a dict
    sessions: Sequence[SessionProvenance] = ()
    selection: str = "study_best"

    study_name: str = ""
    trials: Sequence[FrozenTrial] = ()
    direction: str = "maximize"
    knobs: Mapping[str, Any] = field(default_factory=dict)
    search_space: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    verdict: Verdict | None = None
    selections: Sequence[Selection] = ()
    regret: Regret | None = None
    surface: SurfaceView | None = None
    out_of_sample: OutOfSample | None = None
    overfitting: Overfitting | None = None
    fills: FillsBand | None = None
    checks: Sequence[CheckOutcome] = ()
    pictures: Sequence[TradePicture] = ()

    data_fingerprint: str = ""
    engine_version: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)  # package -> version
    configuration: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""  # reproduces this report
    made_at: datetime | None = None
    absent: Mapping[str, str] = field(default_factory=dict)  # section name -> why it is absent

    @property
    def is_synthetic(self) -> bool:
        """Whether the sessions were generated rather than traded."""
        return self.source == "synthetic" or any(s.source == "synthetic" for s in self.sessions)

    @property
    def session_dates(self) -> tuple[date, ...]:
        """The sessions that were backtested: those of the provenance, else the range's own."""
        return tuple(s.session for s in self.sessions) or self.date_range.sessions


@dataclass(frozen=True, kw_only=True)
class IndexEntry:
    """One range on the index page."""

    date_range: BacktestRange
    ticker: str
    source: str
    href: str  # path of the report, relative to the index page
    metrics: MetricValues
    equity_usd: Sequence[float] = ()  # cumulative net P&L after each trade
    verdict: VerdictLabel | None = None
    verdict_sentence: str = ""
    out_of_sample_return_on_risk_percent: float | None = None
    made_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class WalkForwardStep:
    """One range's choice in the range that follows."""

    chosen_in: str  # range key
    traded_in: str  # range key
    in_sample_return_on_risk_percent: float | None
    out_of_sample_return_on_risk_percent: float | None
    total_trades: int
    net_pnl_usd: float


@dataclass(frozen=True, kw_only=True)
class WalkForward:
    """Every range's choice traded in the next, stitched to one curve."""

    steps: Sequence[WalkForwardStep]
    equity_usd: Sequence[float] = ()  # cumulative net P&L after each session
    return_on_risk_percent: float | None = None  # out of sample, all steps together
    efficiency_fraction: float | None = None  # out-of-sample over in-sample return on risk
    profitable_steps_fraction: float | None = None
    max_drawdown_usd: float | None = None
    interval_percent: tuple[float, float] | None = None  # of the return on risk
    unchanged_fraction: Mapping[str, float | None] = field(default_factory=dict)  # by parameter
    left_out: Sequence[str] = ()  # ranges or steps, each with the reason
