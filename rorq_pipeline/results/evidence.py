"""What speaks for published parameters and against them, from the cache and stored results.

Each function makes a dict of JSON values that an asset or a check keeps. What they compute stands
in `optimize.statistics` and `strategy`; here is only which data goes in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rorq_pipeline.dagster_support.resources import MarketData
from rorq_pipeline.project.cache_scan import following_signatures, scan_cache
from rorq_pipeline.results.identity import identity_of, require_of_result, require_published_from
from rorq_pipeline.results.published import backtest, sessions_of_study
from strategy.errors import CacheError, SurfaceTooLargeError

if TYPE_CHECKING:
    from optimize.statistics import FollowingSessions
    from optimize.verdict_settings import VerdictSettings
    from strategy.backtest_range import BacktestRange
    from strategy.session import SessionData

Json = dict[str, Any]
UNSOUND = "a following session cannot be read"


def measure_out_of_sample(
    best: Mapping[str, Any], market_data: MarketData, date_range: "BacktestRange"
) -> Json:
    """Trade the published parameters, and the other selections, on the sessions that follow.

    `looked_at` has the signatures of the sessions that lay there, whether they could be traded or
    not: what the sensor compares. Sessions that cannot be read are told and not traded: they must
    not stop the range before them.
    """
    from optimize.statistics import OutOfSample, out_of_sample
    from strategy.params import StrategyParams

    signatures = scan_cache(market_data.cache_dir, best["ticker"]).signatures
    following, sessions, problem = following_data(best, market_data, date_range)

    def traded(params: Mapping[str, Any], promised: float | None) -> OutOfSample:
        return out_of_sample(
            StrategyParams.from_json_dict(dict(params)),
            sessions,
            in_sample_return_on_risk_percent=promised,
            n_wanted=following.n_wanted,
            n_missing=len(following.missing),
        )

    result = traded(best["strategy_params"], best["metrics"]["return_on_risk_percent"])
    others = {
        name: traded(other["strategy_params"], other["return_on_risk_percent"])
        for name, other in best.get("selections", {}).items()
    }
    return {
        "of": identity_of(best),
        **result.to_json_dict(),
        "status": f"{UNSOUND}: {problem}" if problem else result.status,
        "n_to_come": following.n_to_come,
        "looked_at": following_signatures(signatures, date_range),
        "missing": [day.isoformat() for day in following.missing],
        "selections": {
            name: {
                "return_on_risk_percent": other.return_on_risk_percent,
                "total_trades": other.metrics.total_trades if other.metrics else 0,
            }
            for name, other in others.items()
        },
    }


def following_data(
    best: Mapping[str, Any], market_data: MarketData, date_range: "BacktestRange"
) -> "tuple[FollowingSessions, Sequence[SessionData], str | None]":
    """Load the sessions after a range that are of its kind, synthetic or real.

    Returns:
        Which sessions they are, the sessions, and in one line why they could not be read, if so;
        then there are none.
    """
    from optimize.statistics import following_sessions
    from strategy.market_data import list_sessions, load_days, session_folder
    from strategy.market_data.layout import session_source
    from strategy.market_data.schema import SYNTHETIC

    cache_dir, ticker = market_data.cache_dir, best["ticker"]
    cached = [day for day in list_sessions(cache_dir, ticker) if day > date_range.end_date]
    following = following_sessions(
        date_range,
        [
            day
            for day in cached[: len(date_range.sessions)]
            if (session_source(session_folder(cache_dir, ticker, day)) == SYNTHETIC)
            == (best["source"] == SYNTHETIC)
        ],
    )
    try:
        sessions = load_days(cache_dir, ticker, following.cached, market_data.prepared)
    except CacheError as error:
        return following, (), str(error)
    return following, sessions, None


def measure_selection(
    best: Mapping[str, Any],
    optimization: Mapping[str, Any],
    market_data: MarketData,
    date_range: "BacktestRange",
    *,
    workers: int = 2,
) -> Json:
    """Compute the selection statistics of a range on the exact surface of its search space.

    Where the space is too large for it, all figures are None and `absent` says why.

    Raises:
        StudyMismatchError: the parameters were published from another study, or from other data.
    """
    from optimize.statistics import (
        selection_statistics,
        session_sums,
        surface_trials,
        trial_blocks,
    )
    from strategy.space import SearchSpace
    from strategy.surface.compute import compute_surface

    require_published_from(best, optimization)
    sessions = sessions_of_study(best, market_data, date_range)
    dates = [session.date for session in sessions]
    absent = None
    try:
        surface = compute_surface(
            SearchSpace.from_mapping(optimization["search_space"]),
            optimization["fixed_params"],
            sessions,
        )
        trials = surface_trials(surface, optimization["settings"]["min_trade_threshold"])
    except SurfaceTooLargeError as error:
        absent = str(error)
        nothing: list[list[float]] = [[]]
        trials = trial_blocks(
            nothing, nothing, nothing, min_trades=1, sessions_per_block=[len(dates)]
        )
    _, result = backtest(best["strategy_params"], sessions)
    daily = session_sums(result.trades, dates).net_pnl_usd
    return {
        "of": identity_of(best),
        **selection_statistics(trials, daily, workers=workers).to_json_dict(),
        "absent": absent,
    }


def reach_verdict(
    best: Mapping[str, Any],
    statistics: Mapping[str, Any],
    outside: Mapping[str, Any],
    proofs: Mapping[str, Any],
    settings: "VerdictSettings",
) -> Json:
    """Judge a range by everything that is known about it.

    Raises:
        StudyMismatchError: some of it is about another published result.
    """
    from optimize.statistics import Evidence, judge
    from strategy.market_data.schema import SYNTHETIC
    from strategy.proofs.fill_scenarios import ADVERSE

    require_of_result(best, selection_statistics=statistics, out_of_sample=outside, proofs=proofs)
    pbo = statistics["overfitting"]
    interval = outside["intervals"].get("return_on_risk_percent")
    fills = {one["name"]: one["metrics"] for one in proofs["fills"]["scenarios"]}
    evidence = Evidence(
        total_trades=best["metrics"]["total_trades"],
        return_on_risk_percent=best["metrics"]["return_on_risk_percent"],
        overfitting_fraction=pbo["probability_fraction"],
        loss_fraction=pbo["loss_fraction"],
        deflated_sharpe_fraction=statistics["deflated_sharpe"]["probability_fraction"],
        superior_ability_p_value=statistics["superior_ability"]["p_value_fraction"],
        out_of_sample_traded_sessions=sum(n > 0 for n in outside["sessions"]["trades"]),
        out_of_sample_return_on_risk_percent=(outside["metrics"] or {}).get(
            "return_on_risk_percent"
        ),
        out_of_sample_low_percent=interval["low"] if interval else None,
        out_of_sample_high_percent=interval["high"] if interval else None,
        adverse_fills_return_on_risk_percent=fills[ADVERSE]["return_on_risk_percent"],
        no_look_ahead=proofs["look_ahead"]["passed"],
        replay_agrees=proofs["replay"]["passed"],
        synthetic=best["source"] == SYNTHETIC,
    )
    return {
        "of": identity_of(best),
        **judge(evidence, settings).to_json_dict(),
        "evidence": asdict(evidence),
        "limits": settings.model_dump(),
    }
