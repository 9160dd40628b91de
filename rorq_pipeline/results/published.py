"""From a study's outcome to published parameters: traded once more, and checked against the study.

The published form is a dict of JSON values, which the asset `best_params` keeps as a file.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rorq_pipeline.dagster_support.resources import MarketData
from rorq_pipeline.results.selections import require_candidate, selections_of, surface_of_study
from strategy.errors import StudyError, StudyMismatchError

if TYPE_CHECKING:
    from optimize.choice.candidates import Candidate, Selection
    from strategy.backtest import BacktestResult
    from strategy.backtest_range import BacktestRange
    from strategy.session import SessionData
    from strategy.surface.result import Surface

_RELATIVE_TOLERANCE = 1e-9  # the same engine on the same data gives the same value


def publish(
    optimization: Mapping[str, Any],
    market_data: MarketData,
    date_range: "BacktestRange",
    *,
    selection: "Selection" = "study_best",
    surface: "Surface | None" = None,
) -> dict[str, Any]:
    """Return the chosen parameters, with metrics, what they were measured on, and the others.

    Args:
        optimization: What the asset `optimization` keeps.
        market_data: Where the sessions are.
        date_range: The range.
        selection: Which of the candidates to publish; all are told side by side.
        surface: What the asset `parameter_surface` keeps, if it was made.

    Raises:
        StudyError: no trial of the study has a value, or the selection does not exist.
        StudyMismatchError: the cached data, or the engine, is not what the study saw.
    """
    from strategy.backtest import ENGINE_VERSION

    has_best = optimization["best_value"] is not None
    if selection == "study_best" and not has_best:
        raise StudyError(
            f"study {optimization['study_name']} has no complete trial "
            f"({optimization['n_trials']} trials, pruned: {optimization['n_pruned']})",
            expected="a combination with enough trades",
            remedy="lower min_trade_threshold, widen the search space, take a longer range, or "
            "select exact_best",
        )
    sessions = sessions_of_study(optimization, market_data, date_range)
    if has_best:
        _, study_result = backtest(optimization["best_strategy_params"], sessions)
        _require_same_value(optimization, study_result)
    candidates = selections_of(optimization, surface_of_study(optimization, sessions, surface))
    if selection == "study_best":
        chosen = dict(optimization["best_params"])
    else:
        chosen = require_candidate(selection, candidates).combination
    fixed_params = optimization["fixed_params"]
    params, result = backtest(_strategy_params(chosen, fixed_params), sessions)
    shares = profit_shares(result)
    return {
        "date_range": date_range.key,
        "ticker": params["ticker"],
        "source": "+".join(sorted({session.source for session in sessions})),
        "study_name": optimization["study_name"],
        "selection": selection,
        "trial_number": optimization["best_trial_number"] if selection == "study_best" else None,
        "trial_params": chosen,
        "strategy_params": params,
        "metrics": result.metrics.as_dict(),
        "counts": result.counts.as_dict(),
        "selections": {
            name: _side_by_side(candidate, fixed_params, sessions)
            for name, candidate in candidates.items()
            if candidate is not None
        },
        "regret": optimization.get("regret"),
        "largest_trade_share_fraction": shares[0],
        "largest_day_share_fraction": shares[1],
        "n_complete_trials": optimization["n_complete"],
        "n_sessions": len(sessions),
        "data_fingerprint": optimization["data_fingerprint"],
        "engine_version": ENGINE_VERSION,
    }


def _strategy_params(
    combination: Mapping[str, Any], fixed_params: Mapping[str, Any]
) -> dict[str, Any]:
    from strategy.space import strategy_params

    return strategy_params(combination, fixed_params).to_json_dict()


def _side_by_side(
    candidate: "Candidate", fixed_params: Mapping[str, Any], sessions: "Sequence[SessionData]"
) -> dict[str, Any]:
    """One candidate with its parameters and metrics, as JSON values."""
    params, result = backtest(_strategy_params(candidate.combination, fixed_params), sessions)
    return {
        **candidate.to_json_dict(),
        "strategy_params": params,
        "metrics": result.metrics.as_dict(),
    }


def sessions_of_study(
    outcome: Mapping[str, Any], market_data: MarketData, date_range: "BacktestRange"
) -> "Sequence[SessionData]":
    """Load the sessions that an outcome was measured on.

    Raises:
        StudyMismatchError: the files have changed since.
    """
    from strategy.session import data_fingerprint

    sessions = market_data.load(date_range)
    found = data_fingerprint(sessions)
    if found != outcome["data_fingerprint"]:
        raise StudyMismatchError(
            f"the cached sessions of {date_range} have fingerprint {found[:12]}",
            expected=f"{outcome['data_fingerprint'][:12]}, on which the study was made",
            remedy="materialize optimization again, which starts a study of the new data",
        )
    return sessions


def backtest(
    strategy_params: Mapping[str, Any], sessions: "Sequence[SessionData]"
) -> "tuple[dict[str, Any], BacktestResult]":
    """Trade parameters in their JSON form; return all of them, defaults included, and the result.

    Raises:
        ParameterError: a parameter that the strategy does not admit.
    """
    from strategy.backtest import run_backtest
    from strategy.params import StrategyParams

    params = StrategyParams.from_json_dict(dict(strategy_params))
    return params.to_json_dict(), run_backtest(params, sessions)


def fixed_params(best: Mapping[str, Any]) -> dict[str, Any]:
    """Return the strategy parameters of a published result that no search chose."""
    from strategy.space import not_searched

    return not_searched(best["strategy_params"])


def profit_shares(result: "BacktestResult") -> tuple[float | None, float | None]:
    """Largest share of gross profit from one trade and from one session; None without a profit."""
    pnl = result.trades["net_pnl_usd"]
    by_day = pnl.groupby(result.trades["session_date"]).sum()
    return _largest_share(pnl[pnl > 0]), _largest_share(by_day[by_day > 0])


def _largest_share(gains: Any) -> float | None:
    return float(gains.max() / gains.sum()) if len(gains) else None


def _require_same_value(optimization: Mapping[str, Any], result: "BacktestResult") -> None:
    found = result.metrics.return_on_risk_percent
    expected = optimization["best_value"]
    if found is None or not math.isclose(found, expected, rel_tol=_RELATIVE_TOLERANCE):
        raise StudyMismatchError(
            f"the best trial gives {found} % when traded again",
            expected=f"{expected} %, as stored in study {optimization['study_name']}",
            remedy="materialize optimization again with enable_persistence false",
        )
