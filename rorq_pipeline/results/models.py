"""One model an artifact: the only names under which a result is written, read and shown.

Figures come as the dataclasses of the functions that compute them, so that each has one definition.
What Dagster loads first must not import this module: it brings numba, pandas and Optuna (2 s). The
annotations of asset functions therefore come from `rorq_pipeline.results.annotations`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, PlainSerializer, PlainValidator, model_validator

from optimize.choice.candidates import Candidate, Regret, Selection
from optimize.choice.policy_comparison import Comparison
from optimize.choice.policy_history import PolicyHistory
from optimize.choice.policy_record import Ageing, PolicyFigures
from optimize.choice.selection_test import SelectionTest
from optimize.statistics import (
    Evidence,
    OutOfSample,
    SelectionStatistics,
    Verdict,
    VerdictSettings,
    WalkForward,
)
from optimize.study.results import StudySummary
from optimize.study.settings import StudySettings
from rorq_pipeline.results.artifacts import RESULT_CONFIG, Artifact
from strategy.market_data.download.settings import DownloadReport
from strategy.market_data.schema import SYNTHETIC
from strategy.metrics import Counts, Metrics
from strategy.params import StrategyParams
from strategy.proofs.fill_scenarios import FillsBand
from strategy.proofs.lookahead import LookaheadReport
from strategy.proofs.profit_shares import ProfitShares
from strategy.proofs.replay import ReplayResult
from strategy.space import SearchSpace, not_searched, strategy_params


def _space(value: SearchSpace | Mapping[str, Any]) -> SearchSpace:
    return value if isinstance(value, SearchSpace) else SearchSpace.from_json_dict(value)


Combination = dict[str, Any]  # search dimension -> value
StoredSpace = Annotated[
    SearchSpace, PlainValidator(_space), PlainSerializer(SearchSpace.to_json_dict)
]


class Download(Artifact):
    """What `downloaded_sessions` did."""

    ASSET: ClassVar[str] = "downloaded_sessions"

    report: DownloadReport | None  # None: no key was set


class Optimization(Artifact):
    """The study of a range, and what it was made of."""

    ASSET: ClassVar[str] = "optimization"

    date_range: str  # key
    study: StudySummary
    settings: StudySettings
    search_space: StoredSpace
    fixed_params: dict[str, Any]  # strategy parameters that were not searched and not the default
    data_fingerprint: str

    def params_of(self, combination: Mapping[str, Any]) -> StrategyParams:
        """Return all strategy parameters of one combination of the study's space."""
        return strategy_params(combination, self.fixed_params)


class Identity(BaseModel):
    """What makes a published result this one and no other."""

    model_config = RESULT_CONFIG

    study_name: str
    strategy_params: StrategyParams
    data_fingerprint: str
    engine_version: str
    metrics: Metrics


class ComparedSelection(BaseModel):
    """One way of choosing, with what it chose, traded on the range."""

    model_config = RESULT_CONFIG

    candidate: Candidate
    strategy_params: StrategyParams
    metrics: Metrics


class BestParams(Artifact):
    """The parameters to trade, with what they were measured on and what else could be chosen."""

    ASSET: ClassVar[str] = "best_params"

    date_range: str  # key
    ticker: str
    source: str  # of the sessions; several joined by +
    study_name: str
    selection: Selection
    instead_of: Selection | None  # what was asked for, where no combination could be chosen by it
    promised_percent: float | None  # return on risk, as the rule sees it
    min_trades_per_session: float  # of a combination that a rule may choose
    trial_number: int | None  # None where it is not the study's best
    trial_params: Combination
    strategy_params: StrategyParams
    metrics: Metrics
    counts: Counts
    selections: dict[Selection, ComparedSelection]  # two, without ranks, without an exact surface
    regret: Regret | None  # None without an exact surface
    profit_shares: ProfitShares
    n_complete_trials: int
    n_sessions: int
    data_fingerprint: str
    engine_version: str

    @property
    def identity(self) -> Identity:
        """What evidence of this result carries."""
        return Identity(**{name: getattr(self, name) for name in Identity.model_fields})

    @property
    def fallback(self) -> str:
        """How the choice fell short of what was asked for; else empty."""
        too_large = "the search space is too large for the exact surface"
        if self.instead_of is None:
            if self.selection == "study_best" or self.regret is not None:
                return ""
            n_trials = self.selections[self.selection].candidate.n_valid
            return f"{too_large}: {self.selection} chose among the study's {n_trials} best trials"
        reason = f"no combination has the trades that {self.instead_of} wants"
        if self.regret is None and self.instead_of != "smooth":
            reason = f"{too_large} that {self.instead_of} needs"
        elif self.instead_of == "nested":
            reason += ", or the range is not of whole months that can be walked forward"
        return f"{reason}: the study's best is published"

    @property
    def is_synthetic(self) -> bool:
        """Whether the sessions were generated rather than traded."""
        return self.source == SYNTHETIC

    @property
    def fixed_params(self) -> dict[str, Any]:
        """Strategy parameters that no search chose, as JSON values."""
        return not_searched(self.strategy_params.to_json_dict())


class OfResult(Artifact):
    """Evidence, which may outlive the result that it is of."""

    of: Identity


class OutOfSampleEvidence(OfResult):
    """The published parameters, and the other selections, on the sessions after the range."""

    ASSET: ClassVar[str] = "out_of_sample"
    VERSION: ClassVar[int] = 3

    traded: OutOfSample
    status: str  # that of `traded`, or why a following session cannot be read
    n_to_come: int  # sessions that later data may still add
    looked_at: dict[str, str]  # ISO date -> signature of the sessions that lay there
    missing: tuple[date, ...]  # exchange sessions before the last cached one
    selections: dict[Selection, Metrics | None]  # None without a session


class SelectionEvidence(OfResult):
    """How far the best of all combinations is luck."""

    ASSET: ClassVar[str] = "selection_statistics"
    VERSION: ClassVar[int] = 2

    statistics: SelectionStatistics
    selection_test: SelectionTest | None = None  # of the rule that chose; None without a surface
    policy_history: PolicyHistory | None = None  # up to the range's end; None without a surface
    absent: str | None  # why nothing is known, where the space is too large

    @property
    def caveat(self) -> str:
        """One sentence on what the figures rest on."""
        return self.absent or self.statistics.caveat


class Proofs(OfResult):
    """Nothing looked ahead, the reference engine agrees, and other fills."""

    ASSET: ClassVar[str] = "proofs"
    MADE_BY: ClassVar[str] = "best_params"  # its checks
    VERSION: ClassVar[int] = 2

    look_ahead: LookaheadReport
    replay: ReplayResult
    fills: FillsBand


class VerdictRecord(OfResult):
    """Trade, watch or reject, with the figures that led to it and the limits they were held to."""

    ASSET: ClassVar[str] = "verdict"
    VERSION: ClassVar[int] = 3

    verdict: Verdict
    evidence: Evidence
    limits: VerdictSettings


class PolicyCurve(BaseModel):
    """What one way of choosing earned in each month that it traded."""

    model_config = RESULT_CONFIG

    name: Literal["default", "nested", "former"]
    months: tuple[str, ...]
    net_pnl_usd: tuple[float, ...]
    risk_usd: tuple[float, ...]
    daily_sharpe: float | None  # of sessions, not annualised


class WalkForwardMatrixRecord(OfResult):
    """Every policy on the whole months up to a range's end, each traded by earlier choices."""

    ASSET: ClassVar[str] = "walk_forward_matrix"

    months: tuple[str, ...]  # traded by some policy
    figures: tuple[PolicyFigures, ...]  # of policies with at least one month
    comparison: Comparison | None  # None with too few months
    curves: tuple[PolicyCurve, ...]
    default_ageing: tuple[Ageing, ...]  # of the default policy's choices
    absent: str | None  # why nothing is known


class StepIdentity(BaseModel):
    """What the trades of a walk-forward step follow from."""

    model_config = RESULT_CONFIG

    strategy_params: StrategyParams
    engine_version: str
    data_fingerprint: str  # of the range that was traded
    first_session: date


class WalkForwardRecord(Artifact):
    """Each range's choice traded in the next, up to a range."""

    ASSET: ClassVar[str] = "walk_forward"

    record: WalkForward
    identities: tuple[StepIdentity, ...]  # one a step
    left_out: tuple[str, ...]  # ranges or steps, each with the reason

    @model_validator(mode="after")
    def _one_identity_a_step(self) -> Self:
        if len(self.identities) != len(self.record.steps):
            raise ValueError(f"{len(self.identities)} identities, {len(self.record.steps)} steps")
        return self


class ReportEntry(Artifact):
    """What the index shows of a range's report."""

    ASSET: ClassVar[str] = "report"
    VERSION: ClassVar[int] = 4

    date_range: str  # key
    ticker: str
    source: str
    href: str  # path of the report, relative to the index page
    metrics: Metrics
    selection: Selection
    promised_percent: float | None
    trial_params: Combination
    equity_usd: tuple[float, ...]  # cumulative net P&L, of at most some 160 trades
    verdict: Verdict | None
    sentence: str  # the verdict in plain words; empty without one
    out_of_sample_return_on_risk_percent: float | None  # None where it says nothing
    out_of_sample_too_few: str  # why it says nothing; empty where it does, or is not there
    made_at: datetime | None


MODELS: Mapping[str, type[Artifact]] = {
    model.ASSET: model
    for model in (
        Download,
        Optimization,
        BestParams,
        OutOfSampleEvidence,
        SelectionEvidence,
        Proofs,
        VerdictRecord,
        WalkForwardRecord,
        WalkForwardMatrixRecord,
        ReportEntry,
    )
}
