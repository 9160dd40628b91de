"""Gathering what a report shows from the artifacts of a range, its sessions and its study."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from rorq_pipeline.dagster_support.resources import MarketData
from rorq_pipeline.report.data import (
    CheckOutcome,
    Regret,
    ReportData,
    Selection,
    SessionProvenance,
)
from rorq_pipeline.report.pictures import trade_pictures
from rorq_pipeline.report.surface_view import SurfaceView, surface_view
from rorq_pipeline.results.identity import require_published_from
from rorq_pipeline.results.published import backtest, sessions_of_study
from rorq_pipeline.results.selections import surface_of_study
from strategy.backtest_range import BacktestRange
from strategy.market_data.validation import Severity, records_of
from strategy.params import StrategyParams
from strategy.space import SearchSpace

if TYPE_CHECKING:
    import pandas as pd
    from optuna.trial import FrozenTrial

    from optimize.database.connect import DatabaseSettings
    from strategy.surface.result import Surface

_PACKAGES = ("rorq-pipeline", "dagster", "optuna", "numba", "numpy", "pandas", "pyarrow")


def gather_report(
    date_range: BacktestRange,
    best: Mapping[str, Any],
    optimization: Mapping[str, Any],
    manifest: "pd.DataFrame | None",
    market_data: MarketData,
    database: "DatabaseSettings",
    *,
    surface: "Surface | None" = None,
    more_checks: Sequence[CheckOutcome] = (),
    **more: Any,
) -> ReportData:
    """Collect a range's report.

    Args:
        date_range: The range.
        best: What the asset `best_params` keeps.
        optimization: What the asset `optimization` keeps.
        manifest: What the asset `validated_cache` keeps, if it was made.
        market_data: Where the sessions are.
        database: Where the study is.
        surface: What the asset `parameter_surface` keeps, if it was made.
        more_checks: Outcomes shown after those of the manifest.
        more: Further fields of ReportData, taken as they are.

    Raises:
        StudyMismatchError: the sessions, or the study, are not those of `best`.
    """
    require_published_from(best, optimization)
    sessions = sessions_of_study(best, market_data, date_range)
    params, result = backtest(best["strategy_params"], sessions)
    surface = surface_of_study(optimization, sessions, surface)
    return ReportData(
        date_range=date_range,
        ticker=best["ticker"],
        source=best["source"],
        params=StrategyParams.from_json_dict(params),
        trial_params=best["trial_params"],
        selection=best["selection"],
        selections=_selections(best),
        regret=_regret(best),
        surface=_surface_view(surface, optimization, best),
        trades=result.trades,
        metrics=result.metrics.as_dict(),
        counts=result.counts.as_dict(),
        sessions=_provenance(manifest, sessions),
        study_name=best["study_name"],
        trials=_trials(database, best["study_name"]),
        knobs=optimization["settings"],
        search_space=SearchSpace.from_mapping(optimization["search_space"]),
        pictures=trade_pictures(result.trades, sessions),
        data_fingerprint=best["data_fingerprint"],
        engine_version=best["engine_version"],
        versions={name: version(name) for name in _PACKAGES},
        configuration=optimization["fixed_params"],
        command=f"rorq materialize {date_range.key}",
        made_at=datetime.now(UTC).replace(microsecond=0),
        checks=[*_checks(manifest), *more_checks],
        **more,
    )


def _selections(best: Mapping[str, Any]) -> list[Selection]:
    return [
        Selection(
            name=name,
            trial_params=told["combination"],
            metrics=told["metrics"],
            rank=told["rank"],
            neighbours_mean_percent=told["neighbours_mean_percent"],
            neighbours_worst_percent=told["neighbours_worst_percent"],
        )
        for name, told in best["selections"].items()
    ]


def _regret(best: Mapping[str, Any]) -> Regret | None:
    told = best["regret"]
    if told is None:
        return None
    return Regret(
        points_percent=told["regret_percent_points"],
        rank=told["rank"],
        n_valid=told["n_valid"],
        n_trials=told["n_complete_trials"],
    )


def _surface_view(
    surface: "Surface | None", optimization: Mapping[str, Any], best: Mapping[str, Any]
) -> SurfaceView | None:
    if surface is None:
        return None
    return surface_view(
        surface.space,
        surface.return_on_risk_percent,
        surface.total_trades,
        min_trades=optimization["settings"]["min_trade_threshold"],
        chosen=best["trial_params"],
    )


def _trials(database: "DatabaseSettings", study_name: str) -> "Sequence[FrozenTrial]":
    from optimize.run_study import open_study

    return open_study(database, study_name).get_trials(deepcopy=False)


def _provenance(
    manifest: "pd.DataFrame | None", sessions: Sequence[Any]
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


def _checks(manifest: "pd.DataFrame | None") -> list[CheckOutcome]:
    """One outcome a family of validation rules."""
    from rorq_pipeline.checks.data import FAMILIES

    if manifest is None:
        return []
    findings = [finding for record in records_of(manifest) for finding in record.findings]
    outcomes = []
    for family, meaning in FAMILIES.items():
        found = [finding for finding in findings if finding.family == family]
        errors = [finding for finding in found if finding.severity == Severity.ERROR]
        outcomes.append(
            CheckOutcome(
                name=family,
                passed=not found,
                blocking=bool(errors),
                sentence=(errors or found)[0].line if found else meaning,
            )
        )
    return outcomes
