"""What the policy that a range was published by earned in the months before the range's end."""

from collections.abc import Sequence

from optimize.choice.matrix_files import MatrixFiles
from optimize.choice.policies import Policy, all_policies
from optimize.choice.policy_history import PolicyHistory, policy_history
from optimize.choice.rules import RULES
from optimize.verdict_settings import SESSIONS_A_MONTH
from rorq_pipeline.project.choices import (
    cell_store,
    days_of_whole_months,
    fingerprints_of,
    loader_of,
)
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.models import BestParams, Optimization
from strategy.backtest_range import BacktestRange
from strategy.date_range import DateRange
from strategy.errors import CacheError, SurfaceTooLargeError
from strategy.surface.compute import SurfacePlan


def measure_policy_history(
    best: BestParams,
    optimization: Optimization,
    market_data: MarketData,
    date_range: BacktestRange,
) -> PolicyHistory:
    """Walk the way that a range was chosen forward over the whole months up to its end."""
    return walk_policies(
        policies_of(best, optimization, date_range),
        optimization,
        market_data,
        date_range,
        synthetic=best.is_synthetic,
    )


def walk_policies(
    policies: Sequence[Policy],
    optimization: Optimization,
    market_data: MarketData,
    date_range: BacktestRange,
    *,
    synthetic: bool,
) -> PolicyHistory:
    """Walk one policy, or the best so far of several, over the whole months up to a range's end.

    Nothing is computed where there are too few; sums of months and the choices are kept. Where the
    range is not of whole months, a session cannot be read, or the space is too large, nothing is
    known, and the history says why.
    """
    if not policies:
        return PolicyHistory.unknown(None, f"{date_range} is not of whole months")
    ticker = date_range.ticker
    cache_dir, prepared = market_data.cache_of(ticker), market_data.prepared
    paths = ProjectPaths.resolve()
    plan = SurfacePlan.of(optimization.search_space, optimization.fixed_params)
    days = days_of_whole_months(cache_dir, ticker, synthetic=synthetic, last=date_range.end_date)
    try:
        fingerprints = fingerprints_of(cache_dir, ticker, days)
        return policy_history(
            cell_store(paths, plan, cache_dir),
            ticker,
            fingerprints,
            loader_of(cache_dir, ticker, fingerprints, prepared),
            policies,
            records=MatrixFiles(paths.state / "walk_forward", ticker, plan, policies),
        )
    except (CacheError, SurfaceTooLargeError) as error:
        return PolicyHistory.unknown(None, str(error))


def policies_of(
    best: BestParams, optimization: Optimization, date_range: BacktestRange
) -> tuple[Policy, ...]:
    """The rule, the rate of trades and the months that the range was chosen with.

    What a study found stands for the exact best of its least trades, which it comes near.

    Returns:
        Of `nested` all that it takes one of; none where the range is not of whole months: then no
        policy chose as it was chosen.
    """
    n_months = whole_months(date_range)
    if n_months is None:
        return ()
    if best.selection == "nested":
        return nested_policies(date_range)
    rule, a_session = best.selection, best.min_trades_per_session
    if rule not in RULES:
        rule = "exact_best"
        a_session = optimization.settings.min_trade_threshold / best.n_sessions
    rate = round(a_session * SESSIONS_A_MONTH, 9)  # 30 / 21 * 21 is 30, and no more
    policy = Policy(
        rule=rule,
        lookback_months=n_months,
        min_trades_in_21_sessions=int(rate) if rate.is_integer() else rate,
    )
    return (policy,)


def nested_policies(date_range: BacktestRange) -> tuple[Policy, ...]:
    """Every rule and rate that looks back as far as a range of whole months is long; else none."""
    n_months = whole_months(date_range)
    return () if n_months is None else all_policies(lookbacks=(n_months,))


def whole_months(date_range: BacktestRange) -> int | None:
    """How many calendar months a range is, from the first session to the last; else None."""
    first, last = date_range.start_date, date_range.end_date
    begins = DateRange.of_month(first).sessions[0] == first
    ends = DateRange.of_month(last).sessions[-1] == last
    n_months = 12 * (last.year - first.year) + last.month - first.month + 1
    return n_months if begins and ends else None
