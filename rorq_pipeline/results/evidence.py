"""What speaks for published parameters and against them, from the cache and stored results.

How figures are computed stands in `optimize.statistics` and `strategy`; here is only which data
goes in.
"""

from collections.abc import Sequence

from optimize.choice.grid import Grid
from optimize.choice.rules import min_trades_of
from optimize.choice.selection_test import (
    LINEAR_RULES,
    SelectionTest,
    block_values,
    selection_test,
)
from optimize.statistics import (
    Evidence,
    FollowingSessions,
    OutOfSample,
    VerdictSettings,
    following_sessions,
    judge,
    out_of_sample,
    selection_statistics,
    session_sums,
    surface_trials,
    trial_blocks,
)
from rorq_pipeline.project.cache_scan import following_signatures, scan_folder
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.identity import require_of_result, require_published_from
from rorq_pipeline.results.models import (
    BestParams,
    Optimization,
    OutOfSampleEvidence,
    Proofs,
    SelectionEvidence,
    VerdictRecord,
)
from rorq_pipeline.results.policy_evidence import measure_policy_history
from rorq_pipeline.results.published import sessions_of_study
from rorq_pipeline.results.surfaces import range_cells
from strategy.backtest import run_backtest
from strategy.backtest_range import BacktestRange
from strategy.costs import cost_weights
from strategy.errors import CacheError, SurfaceTooLargeError
from strategy.market_data import list_sessions, load_days, session_folder
from strategy.market_data.layout import session_source
from strategy.market_data.schema import SYNTHETIC
from strategy.params import StrategyParams
from strategy.proofs.fill_scenarios import ADVERSE
from strategy.session import SessionData
from strategy.surface.cell_files import RangeCells
from strategy.surface.cells import surface_of_cells

UNSOUND = "a following session cannot be read"


def measure_out_of_sample(
    best: BestParams, market_data: MarketData, date_range: BacktestRange
) -> OutOfSampleEvidence:
    """Trade the published parameters, and the other selections, on the sessions that follow.

    `looked_at` has the signatures of the sessions that lay there, whether they could be traded or
    not: what the sensor compares. Sessions that cannot be read are told and not traded: they must
    not stop the range before them.
    """
    signatures = scan_folder(market_data.cache_of(best.ticker), best.ticker).signatures
    following, sessions, problem = following_data(best, market_data, date_range)

    def traded(params: StrategyParams) -> OutOfSample:
        n_missing = len(following.missing)
        return out_of_sample(params, sessions, n_wanted=following.n_wanted, n_missing=n_missing)

    result = traded(best.strategy_params)
    return OutOfSampleEvidence(
        of=best.identity,
        traded=result,
        status=f"{UNSOUND}: {problem}" if problem else result.status,
        n_to_come=following.n_to_come,
        looked_at=following_signatures(signatures, date_range),
        missing=following.missing,
        selections={
            name: traded(other.strategy_params).metrics for name, other in best.selections.items()
        },
    )


def following_data(
    best: BestParams, market_data: MarketData, date_range: BacktestRange
) -> tuple[FollowingSessions, Sequence[SessionData], str | None]:
    """Load the sessions after a range that are of its kind, synthetic or real.

    Returns:
        Which sessions they are, the sessions, and in one line why they could not be read, if so;
        then there are none.
    """
    cache_dir, ticker = market_data.cache_of(best.ticker), best.ticker
    cached = [day for day in list_sessions(cache_dir, ticker) if day > date_range.end_date]
    following = following_sessions(
        date_range,
        [
            day
            for day in cached[: len(date_range.sessions)]
            if (session_source(session_folder(cache_dir, ticker, day)) == SYNTHETIC)
            == best.is_synthetic
        ],
    )
    try:
        sessions = load_days(cache_dir, ticker, following.cached, market_data.prepared)
    except CacheError as error:
        return following, (), str(error)
    return following, sessions, None


def measure_selection(
    best: BestParams,
    optimization: Optimization,
    market_data: MarketData,
    date_range: BacktestRange,
) -> SelectionEvidence:
    """Compute the selection statistics of a range on the exact surface of its search space.

    Where the space is too large for it, all figures are None and `absent` says why.

    Raises:
        StudyMismatchError: the parameters were published from another study, or from other data.
    """
    require_published_from(best, optimization)
    sessions = sessions_of_study(best, market_data, date_range)
    dates = [session.date for session in sessions]
    min_trades = optimization.settings.min_trade_threshold
    absent = tested = history = None
    try:
        cells = range_cells(
            optimization.search_space,
            optimization.fixed_params,
            sessions,
            market_data.cache_of(best.ticker),
        )
        surface = surface_of_cells(cells.plan, cells)
        trials = surface_trials(surface, min_trades)
        tested = _tested_choice(best, optimization, cells)
        history = measure_policy_history(best, optimization, market_data, date_range)
    except SurfaceTooLargeError as error:
        absent = str(error)
        nothing: list[list[float]] = [[]]
        trials = trial_blocks(
            nothing, nothing, nothing, min_trades=min_trades, sessions_per_block=[len(dates)]
        )
    daily = session_sums(run_backtest(best.strategy_params, sessions).trades, dates).net_pnl_usd
    return SelectionEvidence(
        of=best.identity,
        statistics=selection_statistics(trials, daily, workers=2),
        selection_test=tested,
        policy_history=history,
        absent=absent,
    )


def _tested_choice(
    best: BestParams, optimization: Optimization, cells: RangeCells
) -> SelectionTest | None:
    """Test the rule that chose; None for one that is not linear in the P&L.

    What the study found is never better than the exact best, whose test stands for it.
    """
    if best.selection == "study_best":
        rule, min_trades = "exact_best", optimization.settings.min_trade_threshold
    elif best.selection not in LINEAR_RULES:
        return None
    else:
        rule = best.selection
        min_trades = min_trades_of(best.min_trades_per_session, len(cells))
    space = optimization.search_space
    return selection_test(
        block_values(
            cells,
            Grid.of(space),
            rule=rule,
            min_trades=min_trades,
            costs=cost_weights(best.strategy_params, space["stop_loss_percent"]),
        )
    )


def reach_verdict(
    best: BestParams,
    selection: SelectionEvidence,
    outside: OutOfSampleEvidence,
    proofs: Proofs,
    settings: VerdictSettings,
    *,
    sessions_with_holes: int | None = None,
) -> VerdictRecord:
    """Judge a range by everything that is known about it.

    Raises:
        StudyMismatchError: some of it is about another published result.
    """
    require_of_result(best, selection, outside, proofs)
    statistics, traded, quotes = selection.statistics, outside.traded, proofs.fills.quotes
    tested, history = selection.selection_test, selection.policy_history
    evidence = Evidence(
        total_trades=best.metrics.total_trades,
        return_on_risk_percent=best.metrics.return_on_risk_percent,
        overfitting_fraction=statistics.overfitting.probability_fraction,
        loss_fraction=statistics.overfitting.loss_fraction,
        deflated_sharpe_fraction=statistics.deflated_sharpe.probability_fraction,
        superior_ability_p_value=tested.superior_ability_p_value_fraction if tested else None,
        selection_test_p_value=tested.t_p_value_fraction if tested else None,
        policy_months=len(history.months) if history else 0,
        policy_absent=history.absent if history else selection.absent,
        policy_usd_a_month=history.usd_a_month if history else None,
        policy_p_value=history.p_value_fraction if history else None,
        policy_loss_p_value=history.loss_p_value_fraction if history else None,
        out_of_sample_traded_sessions=int((traded.sessions.trades > 0).sum()),
        out_of_sample_return_on_risk_percent=traded.return_on_risk_percent,
        promised_percent=best.promised_percent,
        out_of_sample_gain_p_value=traded.gain_p_value_fraction,
        out_of_sample_loss_p_value=traded.loss_p_value_fraction,
        adverse_fills_return_on_risk_percent=proofs.fills[ADVERSE].return_on_risk_percent,
        at_quotes_return_on_risk_percent=quotes.return_on_risk_percent if quotes else None,
        has_quotes=quotes is not None,
        no_look_ahead=proofs.look_ahead.passed,
        replay_agrees=proofs.replay.matches,
        synthetic=best.is_synthetic,
        n_sessions=best.n_sessions,
        sessions_with_holes=sessions_with_holes,
    )
    return VerdictRecord(
        of=best.identity, verdict=judge(evidence, settings), evidence=evidence, limits=settings
    )
