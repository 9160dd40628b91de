"""Gathering what a report shows from the results of a range, its sessions and its study."""

import json
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import pandas as pd
from dagster import AssetCheckSeverity
from optuna.trial import FrozenTrial
from pydantic import BaseModel

from optimize.database.connect import DatabaseSettings
from optimize.run_study import open_study
from rorq_pipeline.checks.data import FAMILIES
from rorq_pipeline.checks.results import judge
from rorq_pipeline.project.config import ResultCheckConfig
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.report.data import BrokenRule, CheckOutcome, ReportData, SessionProvenance
from rorq_pipeline.report.pictures import trade_pictures
from rorq_pipeline.report.surface_view import SurfaceView, surface_view
from rorq_pipeline.results.history import publications, run_config_of
from rorq_pipeline.results.identity import of_result, require_published_from
from rorq_pipeline.results.models import (
    BestParams,
    Optimization,
    OutOfSampleEvidence,
    Proofs,
    SelectionEvidence,
    VerdictRecord,
    WalkForwardMatrixRecord,
)
from rorq_pipeline.results.published import sessions_of_study
from rorq_pipeline.results.selections import cells_of_study, surface_of_study
from strategy.backtest import run_backtest
from strategy.backtest_range import BacktestRange
from strategy.market_data.validation import RULES_BY_NAME, Finding, Severity, records_of
from strategy.session import SessionData
from strategy.surface.result import Surface

_PACKAGES = ("rorq-pipeline", "dagster", "optuna", "numba", "numpy", "pandas", "pyarrow")


def gather_report(
    date_range: BacktestRange,
    best: BestParams,
    optimization: Optimization,
    market_data: MarketData,
    database: DatabaseSettings,
    *,
    manifest: pd.DataFrame | None = None,
    surface: Surface | None = None,
    out_of_sample: OutOfSampleEvidence | None = None,
    selection_statistics: SelectionEvidence | None = None,
    matrix: WalkForwardMatrixRecord | None = None,
    proofs: Proofs | None = None,
    verdict: VerdictRecord | None = None,
    limits: ResultCheckConfig | None = None,
) -> ReportData:
    """Collect a range's report.

    Args:
        date_range: The range.
        best: What the asset `best_params` keeps.
        optimization: What the asset `optimization` keeps.
        market_data: Where the sessions are.
        database: Where the study is.
        manifest: What the asset `validated_cache` keeps, if it was made.
        surface: What the asset `parameter_surface` keeps, if it was made.
        out_of_sample: What this asset and the following ones keep, if they were made; evidence of
            another result than `best` is not shown.
        selection_statistics: See above.
        matrix: What the asset `walk_forward_matrix` keeps; see above.
        proofs: See above.
        verdict: See above.
        limits: From where on a result is doubtful; by default the checks' own defaults.

    Raises:
        StudyMismatchError: the sessions, or the study, are not those of `best`.
    """
    require_published_from(best, optimization)
    sessions = sessions_of_study(best, market_data, date_range)
    trades = run_backtest(best.strategy_params, sessions).trades
    proofs, limits = of_result(best, proofs), limits or ResultCheckConfig()
    return ReportData(
        date_range=date_range,
        best=best,
        optimization=optimization,
        trades=trades,
        sessions=_provenance(manifest, sessions),
        broken_rules=broken_rules(manifest),
        trials=_trials(database, best.study_name),
        surface=_surface_view(
            surface_of_study(
                optimization,
                cells_of_study(optimization, sessions, market_data.cache_of(best.ticker)),
                surface,
            ),
            optimization,
            best,
        ),
        pictures=trade_pictures(trades, sessions),
        checks=[
            *_validation_checks(manifest),
            *_result_checks(best, limits),
            *proof_checks(proofs),
        ],
        max_trade_share_fraction=limits.max_trade_share_fraction,
        max_day_share_fraction=limits.max_day_share_fraction,
        out_of_sample=of_result(best, out_of_sample),
        selection_statistics=of_result(best, selection_statistics),
        matrix=of_result(best, matrix),
        proofs=proofs,
        verdict=of_result(best, verdict),
        versions={name: version(name) for name in _PACKAGES},
        command=_command(
            date_range, run_config_of(best, optimization, market_data), limits, verdict
        ),
        publications=publications(date_range.key),
        made_at=datetime.now(UTC).replace(microsecond=0),
    )


def _result_checks(best: BestParams, limits: ResultCheckConfig) -> list[CheckOutcome]:
    """What the checks of `best_params` say under these limits."""
    return [
        CheckOutcome(
            name=result.check_name or "",
            passed=result.passed,
            blocking=result.severity is AssetCheckSeverity.ERROR,
            sentence=result.description or "",
        )
        for result in judge(best, limits)
    ]


def _command(
    date_range: BacktestRange,
    run_config: dict[str, Any],
    limits: ResultCheckConfig,
    verdict: VerdictRecord | None,
) -> str:
    """Make the command that repeats the report, with what it was judged by."""
    judged_by: dict[str, BaseModel] = {"result_checks": limits}
    if verdict is not None:
        judged_by |= dict.fromkeys(("selection_checks", "verdict"), verdict.limits)
    ops = {name: {"config": made.model_dump(mode="json")} for name, made in judged_by.items()}
    config = json.dumps({**run_config, "ops": {**run_config["ops"], **ops}})
    return f"rorq materialize {date_range.key} --config-json {shlex.quote(config)}"


def proof_checks(proofs: Proofs | None) -> list[CheckOutcome]:
    """One outcome a proof; none where nothing was proven."""
    if proofs is None:
        return []
    look_ahead, replay = proofs.look_ahead, proofs.replay
    return [
        CheckOutcome(name="no_look_ahead", passed=look_ahead.passed, sentence=look_ahead.summary()),
        CheckOutcome(name="replay", passed=replay.matches, sentence=replay.summary()),
    ]


def _surface_view(
    surface: Surface | None, optimization: Optimization, best: BestParams
) -> SurfaceView | None:
    if surface is None:
        return None
    return surface_view(
        surface.space,
        surface.return_on_risk_percent,
        surface.total_trades,
        min_trades=optimization.settings.min_trade_threshold,
        chosen=best.trial_params,
    )


def _trials(database: DatabaseSettings, study_name: str) -> Sequence[FrozenTrial]:
    return open_study(database, study_name).get_trials(deepcopy=False)


def _provenance(
    manifest: pd.DataFrame | None, sessions: Sequence[SessionData]
) -> list[SessionProvenance]:
    """Tell where each session came from, by the manifest or by the files alone."""
    records = {} if manifest is None else {r.fingerprint: r for r in records_of(manifest)}
    told = []
    for session in sessions:
        record = records.get(session.fingerprint)
        known: dict[str, Any] = (
            {}
            if record is None
            else {
                "findings": [finding.line for finding in record.findings],
                "n_underlying_bars": record.underlying_bars,
                "n_option_bars": record.option_bars,
            }
        )
        told.append(
            SessionProvenance(
                session=session.date,
                source=session.source,
                fingerprint=session.fingerprint,
                n_contracts=session.n_contracts,
                **known,
            )
        )
    return told


def _findings(manifest: pd.DataFrame | None) -> list[Finding]:
    if manifest is None:
        return []
    return [finding for record in records_of(manifest) for finding in record.findings]


def broken_rules(manifest: pd.DataFrame | None) -> list[BrokenRule]:
    """One line a rule of the validation that some session breaks, errors first."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in _findings(manifest):
        by_rule.setdefault(finding.rule, []).append(finding)
    told = [
        BrokenRule(
            name=name,
            meaning=RULES_BY_NAME[name].meaning if name in RULES_BY_NAME else "",
            is_error=any(one.severity == Severity.ERROR for one in found),
            n_sessions=len({one.date for one in found}),
            n_hits=sum(one.count for one in found),
        )
        for name, found in by_rule.items()
    ]
    return sorted(told, key=lambda one: (not one.is_error, -one.n_sessions, one.name))


def _validation_checks(manifest: pd.DataFrame | None) -> list[CheckOutcome]:
    """One outcome a family of validation rules."""
    if manifest is None:
        return []
    findings = _findings(manifest)
    outcomes = []
    for family, meaning in FAMILIES.items():
        found = [finding for finding in findings if finding.family == family]
        rules = dict.fromkeys(finding.rule.replace("_", " ") for finding in found)
        outcomes.append(
            CheckOutcome(
                name=family,
                passed=not found,
                blocking=any(finding.severity == Severity.ERROR for finding in found),
                sentence=f"Found: {', '.join(rules)}." if found else meaning,
                is_about_data=True,
            )
        )
    return outcomes
