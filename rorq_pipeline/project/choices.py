"""Where a project keeps its month cells and the walk-forward matrix, and how it makes them."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from optimize.choice.matrix_files import MatrixFiles
from optimize.choice.policies import Policy, all_policies
from optimize.choice.walk_forward_matrix import MonthRecord, walk_forward_matrix
from rorq_pipeline.project.cluster import cells_on_cluster
from rorq_pipeline.project.config import OptimizationConfig
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.run_config import project_run_config
from strategy.errors import MissingSessionError
from strategy.market_data.layout import (
    list_sessions,
    session_fingerprint,
    session_folder,
    session_source,
)
from strategy.market_data.loading import load_session, require_one_kind_of_source
from strategy.market_data.prepared import PreparedSessions
from strategy.space import SearchSpace
from strategy.surface.cell_files import CellStore
from strategy.surface.compute import (
    SurfacePlan,
)


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Every policy on every month of a ticker's cache."""

    ticker: str
    source: str  # of the sessions
    space: SearchSpace
    policies: tuple[Policy, ...]
    records: Sequence[MonthRecord]


def project_plan(paths: ProjectPaths, ticker: str) -> SurfacePlan:
    """The search space and fixed parameters of `optimization` in run_config.yaml."""
    project = project_run_config(paths.root, {"optimization"})
    values = project.get("ops", {}).get("optimization", {}).get("config", {})
    config = OptimizationConfig(**values)
    return SurfacePlan.of(config.space(), {"ticker": ticker, **config.fixed_params})


def cell_store(paths: ProjectPaths, plan: SurfacePlan, cache_dir: Path) -> CellStore:
    """The project's month cells; absent ones are made on the cluster, if one is set.

    Raises:
        ParameterError: RORQ_CLUSTER is no address.
    """
    return CellStore(paths.state / "cells", plan, cells_on_cluster(paths, cache_dir))


def make_matrix(
    paths: ProjectPaths,
    plan: SurfacePlan,
    ticker: str,
    *,
    on_month: Callable[[str], None] | None = None,
) -> Matrix:
    """Bring the walk-forward matrix of a ticker up to date with its whole cache.

    Raises:
        MissingSessionError: no session is cached.
        CacheError: a session is unsound, or synthetic and real ones are mixed.
    """
    days = list_sessions(paths.cache, ticker)
    if not days:
        raise MissingSessionError(
            f"no {ticker} session in {paths.cache}",
            expected="at least two months of cached sessions",
            remedy="fetch them with `rorq download`, or make some with `rorq sample`",
        )
    sources = {day: session_source(session_folder(paths.cache, ticker, day)) for day in days}
    require_one_kind_of_source(sources)
    policies = all_policies()
    prepared = PreparedSessions(folder=paths.prepared)
    records = walk_forward_matrix(
        cell_store(paths, plan, paths.cache),
        ticker,
        fingerprints_of(paths.cache, ticker, days),
        lambda day: load_session(paths.cache, ticker, day, prepared),
        policies,
        records=MatrixFiles(paths.state / "walk_forward", ticker, plan, policies),
        on_month=on_month,
    )
    return Matrix(
        ticker=ticker,
        source="+".join(sorted(set(sources.values()))),
        space=plan.space,
        policies=policies,
        records=records,
    )


def traded_months(matrix: Matrix) -> list[dict[str, Any]]:
    """One object a policy and month in which its choice was traded, as JSON values."""
    rows = []
    for record in matrix.records[1:]:
        for column, policy in enumerate(matrix.policies):
            index = int(record.held[0, column])
            if index < 0:
                continue
            rows.append(
                {
                    **policy.to_json_dict(),
                    "month": record.month,
                    "combination": matrix.space.combination(index),
                    "promised_percent": float(record.held_promised_percent[0, column]),
                    "total_trades": int(record.total_trades[0, column]),
                    "net_pnl_usd": float(record.net_pnl_usd[0, column]),
                    "risk_usd": float(record.risk_usd[0, column]),
                }
            )
    return rows


def fingerprints_of(cache_dir: Path, ticker: str, days: Sequence[date]) -> Mapping[date, str]:
    """Hash the files of each session."""
    with ThreadPoolExecutor() as pool:
        folders = [session_folder(cache_dir, ticker, day) for day in days]
        return dict(zip(days, pool.map(session_fingerprint, folders), strict=True))
