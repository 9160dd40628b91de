"""Every policy on a ticker's whole months up to a range's end, as the asset keeps it."""

from collections.abc import Sequence
from itertools import compress
from typing import Literal

from optimize.choice.matrix_files import MatrixFiles
from optimize.choice.policies import DEFAULT_POLICY, FORMER_POLICY, Policy, all_policies
from optimize.choice.policy_comparison import compare_policies, nested_choice
from optimize.choice.policy_record import (
    MonthTable,
    ageing,
    daily_sharpe,
    policy_figures,
)
from optimize.choice.walk_forward_matrix import MonthRecord, walk_forward_matrix
from rorq_pipeline.project.choices import (
    cell_store,
    days_of_whole_months,
    fingerprints_of,
    loader_of,
)
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.models import (
    BestParams,
    Optimization,
    PolicyCurve,
    WalkForwardMatrixRecord,
)
from strategy.backtest_range import BacktestRange
from strategy.errors import CacheError, SurfaceTooLargeError
from strategy.surface.cell_files import month_of
from strategy.surface.compute import SurfacePlan

MIN_MONTHS = 4  # three that the default policy looks back on, and one that it trades


def measure_matrix(
    best: BestParams,
    optimization: Optimization,
    market_data: MarketData,
    date_range: BacktestRange,
) -> WalkForwardMatrixRecord:
    """Walk every policy forward over the whole months up to the range's end.

    Sums and records of months are kept, so that a new month costs its own. Where there are fewer
    than `MIN_MONTHS` nothing is computed; that, a search space without a surface, and a session
    that cannot be read leave the matrix not known, and say so.
    """
    ticker, cache_dir = best.ticker, market_data.cache_of(best.ticker)
    days = days_of_whole_months(
        cache_dir, ticker, synthetic=best.is_synthetic, last=date_range.end_date
    )
    n_months = len({month_of(day) for day in days})
    if n_months < MIN_MONTHS:
        have = f"{n_months} of at least {MIN_MONTHS} whole months"
        return _not_known(best, f"{have} up to {date_range.end_date}")
    paths, policies = ProjectPaths.resolve(), all_policies()
    plan = SurfacePlan.of(optimization.search_space, optimization.fixed_params)
    try:
        fingerprints = fingerprints_of(cache_dir, ticker, days)
        records = walk_forward_matrix(
            cell_store(paths, plan, cache_dir),
            ticker,
            fingerprints,
            loader_of(cache_dir, ticker, fingerprints, market_data.prepared),
            policies,
            records=MatrixFiles(paths.state / "walk_forward", ticker, plan, policies),
        )
    except (CacheError, SurfaceTooLargeError) as error:
        return _not_known(best, str(error))
    return matrix_record(best, records, policies)


def matrix_record(
    best: BestParams, records: Sequence[MonthRecord], policies: Sequence[Policy]
) -> WalkForwardMatrixRecord:
    """Sum up the months; the default policy and the former one must be among the policies."""
    table = MonthTable.of(records, policies)
    nested = nested_choice(table)
    return WalkForwardMatrixRecord(
        of=best.identity,
        months=table.months,
        figures=tuple(one for one in policy_figures(table) if one.n_months),
        comparison=compare_policies(table),
        curves=(
            _curve("default", table, DEFAULT_POLICY),
            PolicyCurve(
                name="nested",
                months=nested.months,
                net_pnl_usd=tuple(nested.net_pnl_usd.tolist()),
                risk_usd=tuple(nested.risk_usd.tolist()),
                daily_sharpe=daily_sharpe(nested.session_net_pnl_usd),
            ),
            _curve("former", table, FORMER_POLICY),
        ),
        default_ageing=tuple(ageing(records, policies.index(DEFAULT_POLICY))),
        absent=None,
    )


def _curve(name: Literal["default", "former"], table: MonthTable, policy: Policy) -> PolicyCurve:
    column = table.policies.index(policy)
    judged = table.judged[:, column]
    return PolicyCurve(
        name=name,
        months=tuple(compress(table.months, judged)),
        net_pnl_usd=tuple(table.net_pnl_usd[judged, column].tolist()),
        risk_usd=tuple(table.risk_usd[judged, column].tolist()),
        daily_sharpe=daily_sharpe(table.sessions_of(column)),
    )


def _not_known(best: BestParams, reason: str) -> WalkForwardMatrixRecord:
    return WalkForwardMatrixRecord(
        of=best.identity, months=(), figures=(), comparison=None, curves=(), default_ageing=(),
        absent=reason,
    )  # fmt: skip
