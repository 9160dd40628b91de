"""Proofs of a published result: nothing looked ahead, and the reference engine agrees; its fills.

They are made once, by the checks of `best_params`, and kept beside the other artifacts, named after
the result that they are of, so that the verdict need not make them again.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rorq_pipeline.dagster_support.resources import MarketData
from rorq_pipeline.results.artifacts import (
    ArtifactError,
    artifact_path,
    json_text,
    read_object,
    write_whole,
)
from rorq_pipeline.results.identity import identity_of, of_result
from rorq_pipeline.results.published import backtest, fixed_params, sessions_of_study

if TYPE_CHECKING:
    from strategy.backtest_range import BacktestRange
    from strategy.session import SessionData

Json = dict[str, Any]
PROOFS = "proofs"  # folder of the artifacts


def prove(best: Mapping[str, Any], market_data: MarketData, date_range: "BacktestRange") -> Json:
    """Prove the published result: no look-ahead, the same by the reference engine; and its fills.

    Raises:
        StudyMismatchError: the cached data is not what the result was measured on.
    """
    from strategy.market_data import read_session_frames
    from strategy.params import StrategyParams
    from strategy.proofs.fill_scenarios import fills_band
    from strategy.proofs.lookahead import check_lookahead, surface_totals
    from strategy.proofs.replay import replay

    sessions = sessions_of_study(best, market_data, date_range)
    params = StrategyParams.from_json_dict(dict(best["strategy_params"]))
    _, result = backtest(best["strategy_params"], sessions)
    look_ahead = check_lookahead(
        params,
        sessions,
        totals={"surface": surface_totals, "study objective": _objective_totals(best)},
    )
    frames = [
        read_session_frames(market_data.cache_dir, best["ticker"], session.date)
        for session in sessions
    ]
    replayed = replay(best["strategy_params"], frames, result.trades, best["metrics"])
    return {
        "of": identity_of(best),
        "look_ahead": {
            "passed": look_ahead.passed,
            "summary": look_ahead.summary(),
            "n_moments": look_ahead.n_moments,
            "n_decisions": look_ahead.n_decisions,
        },
        "replay": {
            "passed": replayed.matches,
            "summary": replayed.summary(),
            "n_trades": replayed.n_trades,
        },
        "fills": fills_band(params, sessions).as_dict(),
    }


def keep_proofs(proofs: Json, date_range: "BacktestRange") -> None:
    """Write the proofs of a range, so that what comes after need not make them again."""
    path = artifact_path(PROOFS, date_range.key, ".json")
    write_whole(path, lambda beside: beside.write_text(json_text(proofs), encoding="utf-8"))


def kept_proofs(best: Mapping[str, Any], date_range: "BacktestRange") -> Json | None:
    """Read the proofs of a range; None where there are none of just this result, undamaged."""
    try:
        return of_result(best, read_object(artifact_path(PROOFS, date_range.key, ".json")))
    except ArtifactError:
        return None


def _objective_totals(best: Mapping[str, Any]) -> Any:
    """The study's objective of the published combination, as an engine that gives sums."""
    from optimize.study.objective import BacktestObjective

    combination, fixed = best["trial_params"], fixed_params(best)

    def totals(_: Any, sessions: "Sequence[SessionData]") -> Json:
        objective = BacktestObjective(sessions=sessions, fixed_params=fixed, min_trade_threshold=0)
        outcome = objective(combination)
        sums = {name: outcome.attributes[name] for name in ("total_trades", "net_pnl_usd")}
        return {"return_on_risk_percent": outcome.value, **sums}

    return totals
