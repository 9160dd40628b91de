"""From a study's outcome to published parameters: traded once more, and held against the study."""

import math
from collections.abc import Sequence

from optimize.choice.candidates import DEFAULT_SELECTION, Candidate, Selection, measure_regret
from optimize.choice.rules import DEFAULT_MIN_TRADES_PER_SESSION, min_trades_of
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.models import BestParams, ComparedSelection, Optimization
from rorq_pipeline.results.policy_evidence import nested_policies, walk_policies
from rorq_pipeline.results.selections import cells_of_study, selections_of, surface_of_study
from strategy.backtest import ENGINE_VERSION, BacktestResult, run_backtest
from strategy.backtest_range import BacktestRange
from strategy.errors import StudyError, StudyMismatchError
from strategy.market_data.schema import SYNTHETIC
from strategy.proofs.profit_shares import profit_shares
from strategy.session import SessionData, data_fingerprint
from strategy.surface.result import Surface

_RELATIVE_TOLERANCE = 1e-9  # the same engine on the same data gives the same value


def publish(
    optimization: Optimization,
    market_data: MarketData,
    date_range: BacktestRange,
    *,
    selection: Selection = DEFAULT_SELECTION,
    min_trades_per_session: float = DEFAULT_MIN_TRADES_PER_SESSION,
    surface: Surface | None = None,
) -> BestParams:
    """Return the chosen parameters, with metrics, what they were measured on, and the others.

    Args:
        optimization: What the asset `optimization` keeps.
        market_data: Where the sessions are.
        date_range: The range.
        selection: Which of the candidates to publish; all are told side by side. Where no
            combination can be chosen by it, the study's best is published, which is told.
        min_trades_per_session: Of a combination that a rule may choose.
        surface: What the asset `parameter_surface` keeps, if it was made.

    Raises:
        StudyError: the study's best is to be published, and no trial has a value.
        StudyMismatchError: the cached data, or the engine, is not what the study saw.
    """
    study = optimization.study
    if selection == "study_best":
        _require_best(optimization)
    sessions = sessions_of_study(optimization, market_data, date_range)
    if study.best_value is not None:
        best = run_backtest(optimization.params_of(study.best_params), sessions)
        _require_same_value(best, study.best_value, study.study_name)
    cells = cells_of_study(optimization, sessions, market_data.cache_of(date_range.ticker))
    surface = surface_of_study(optimization, cells, surface)
    min_trades = min_trades_of(min_trades_per_session, len(sessions))
    source = "+".join(sorted({session.source for session in sessions}))
    nested = None
    if selection == "nested":
        nested = walk_policies(
            nested_policies(date_range),
            optimization,
            market_data,
            date_range,
            synthetic=source == SYNTHETIC,
        ).policy
    candidates = selections_of(optimization, cells, surface, sessions, min_trades, nested)
    wanted, selection = selection, selection if candidates.get(selection) else "study_best"
    if selection == "study_best":
        _require_best(optimization)
    candidate = candidates.get(selection)
    chosen = candidate.combination if candidate else dict(study.best_params)
    params = optimization.params_of(chosen)
    result = run_backtest(params, sessions)
    return BestParams(
        date_range=date_range.key,
        ticker=params.ticker,
        source=source,
        study_name=study.study_name,
        selection=selection,
        instead_of=None if wanted == selection else wanted,
        promised_percent=(
            candidate.promised_percent
            if candidate and selection != "study_best"
            else result.metrics.return_on_risk_percent
        ),
        min_trades_per_session=min_trades_per_session,
        trial_number=study.best_trial_number if selection == "study_best" else None,
        trial_params=chosen,
        strategy_params=params,
        metrics=result.metrics,
        counts=result.counts,
        selections={
            name: _compared(candidate, optimization, sessions)
            for name, candidate in candidates.items()
            if candidate is not None
        },
        regret=surface
        and measure_regret(
            surface,
            study.best_params or None,
            min_trades=optimization.settings.min_trade_threshold,
            n_complete_trials=study.n_complete,
        ),
        profit_shares=profit_shares(params, result.trades, sessions),
        n_complete_trials=study.n_complete,
        n_sessions=len(sessions),
        data_fingerprint=optimization.data_fingerprint,
        engine_version=ENGINE_VERSION,
    )


def sessions_of_study(
    outcome: Optimization | BestParams, market_data: MarketData, date_range: BacktestRange
) -> Sequence[SessionData]:
    """Load the sessions that an outcome was measured on.

    Raises:
        StudyMismatchError: the files have changed since.
    """
    sessions = market_data.load(date_range)
    found = data_fingerprint(sessions)
    if found != outcome.data_fingerprint:
        raise StudyMismatchError(
            f"the cached sessions of {date_range} have fingerprint {found[:12]}",
            expected=f"{outcome.data_fingerprint[:12]}, on which the study was made",
            remedy=f"start a study of the new data with: rorq materialize {date_range.key}",
        )
    return sessions


def _compared(
    candidate: Candidate, optimization: Optimization, sessions: Sequence[SessionData]
) -> ComparedSelection:
    params = optimization.params_of(candidate.combination)
    metrics = run_backtest(params, sessions).metrics
    return ComparedSelection(candidate=candidate, strategy_params=params, metrics=metrics)


def _require_best(optimization: Optimization) -> None:
    study = optimization.study
    if study.best_value is None:
        raise StudyError(
            f"study {study.study_name} has no complete trial "
            f"({study.n_trials} trials, pruned: {study.n_pruned})",
            expected="a combination with enough trades",
            remedy="lower min_trade_threshold, widen the search space, take a longer range, or "
            "select exact_best",
        )


def _require_same_value(result: BacktestResult, expected: float, study_name: str) -> None:
    found = result.metrics.return_on_risk_percent
    if found is None or not math.isclose(found, expected, rel_tol=_RELATIVE_TOLERANCE):
        raise StudyMismatchError(
            f"the best trial gives {found}% when traded again",
            expected=f"{expected}%, as stored in study {study_name}",
            remedy="begin the study anew: materialize optimization with enable_persistence false",
        )
