"""Where a project keeps its month cells and the walk-forward matrix, and how it makes them."""

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from optimize.choice.matrix_files import MatrixFiles
from optimize.choice.policies import Policy, all_policies
from optimize.choice.walk_forward_matrix import MonthRecord, walk_forward_matrix
from rorq_pipeline.project.cluster import cells_on_cluster
from rorq_pipeline.project.config import OptimizationConfig
from rorq_pipeline.project.fresh_cache import fresh_cache
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.run_config import project_run_config
from strategy.date_range import sessions_between
from strategy.errors import CorruptFileError, MissingSessionError
from strategy.market_data.fingerprints import KnownFingerprints
from strategy.market_data.layout import (
    list_sessions,
    session_folder,
    session_source,
)
from strategy.market_data.prepared import PreparedSessions
from strategy.market_data.schema import FETCH_AGAIN, SYNTHETIC, UNKNOWN
from strategy.session import SessionData
from strategy.space import SearchSpace
from strategy.surface.cell_files import CellStore, month_of
from strategy.surface.compute import SurfacePlan

_LEAST_MONTHS = 2  # one to choose on, and one to trade


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
    """Bring the walk-forward matrix of a ticker up to date with the whole months of its cache.

    Of synthetic and real sessions those are taken that the latest session is of.

    Raises:
        MissingSessionError: no month follows another whole one.
        CacheError: a session is unsound, or changes meanwhile.
        SurfaceTooLargeError: the sums of the search space would take too much memory.
    """
    fresh_cache(paths, ticker)
    source = _latest_source(paths.cache, ticker)
    days = days_of_whole_months(paths.cache, ticker, synthetic=source == SYNTHETIC)
    n_months = len({month_of(day) for day in days})
    if n_months < _LEAST_MONTHS:
        raise MissingSessionError(
            f"{n_months or 'no'} whole month of {ticker} sessions in {paths.cache_name}",
            expected="at least two, each cached to its last session",
            remedy="fetch them with `rorq download RANGE`, or make some with `rorq sample RANGE`",
        )
    policies = all_policies()
    fingerprints = fingerprints_of(paths.cache, ticker, days)
    prepared = PreparedSessions(folder=paths.prepared)
    records = walk_forward_matrix(
        cell_store(paths, plan, paths.cache),
        ticker,
        fingerprints,
        loader_of(paths.cache, ticker, fingerprints, prepared),
        policies,
        records=MatrixFiles(paths.state / "walk_forward", ticker, plan, policies),
        on_month=on_month,
    )
    return Matrix(
        ticker=ticker, source=source, space=plan.space, policies=policies, records=records
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


def days_of_whole_months(
    cache_dir: Path, ticker: str, *, synthetic: bool, last: date | None = None
) -> list[date]:
    """Cached sessions, all synthetic or all real, of the months that are over.

    A month is over once its last session, or one of a later month, is cached.

    Args:
        cache_dir: The cache.
        ticker: The underlying.
        synthetic: Which sessions.
        last: The last day that may be looked at; a month that goes on after it is left out.
    """
    days = [
        day
        for day in list_sessions(cache_dir, ticker)
        if (session_source(session_folder(cache_dir, ticker, day)) == SYNTHETIC) == synthetic
    ]
    if not days:
        return []
    end = last_whole_month(min(days[-1], last or days[-1]))
    return [day for day in days if day <= end]


def _latest_source(cache_dir: Path, ticker: str) -> str:
    """The source of the latest session that states one."""
    latest_first = reversed(list_sessions(cache_dir, ticker))
    sources = (session_source(session_folder(cache_dir, ticker, day)) for day in latest_first)
    return next((source for source in sources if source != UNKNOWN), UNKNOWN)


def last_whole_month(day: date) -> date:
    """The last day of the latest calendar month without a session after this day."""
    end = day.replace(day=monthrange(day.year, day.month)[1])
    if day == end or not sessions_between(day + timedelta(days=1), end):
        return end
    return day.replace(day=1) - timedelta(days=1)


def fingerprints_of(cache_dir: Path, ticker: str, days: Sequence[date]) -> Mapping[date, str]:
    """The fingerprint of each session; only files that changed since the last time are hashed.

    Raises:
        CorruptFileError: a session lacks a file, or one cannot be read.
    """
    known = KnownFingerprints(ProjectPaths.resolve().state / "fingerprints" / f"{ticker}.json")

    def fingerprint(day: date) -> str:
        try:
            return known.of(session_folder(cache_dir, ticker, day))
        except OSError as error:
            name = Path(error.filename).name if error.filename else "a file"
            raise CorruptFileError(
                f"session {ticker} {day}: {name} cannot be read ({error.strerror})",
                expected="three readable files in a session",
                remedy=FETCH_AGAIN,
            ) from None

    with ThreadPoolExecutor() as pool:
        fingerprints = dict(zip(days, pool.map(fingerprint, days), strict=True))
    known.save()
    return fingerprints


def loader_of(
    cache_dir: Path, ticker: str, fingerprints: Mapping[date, str], prepared: PreparedSessions
) -> Callable[[date], SessionData]:
    """What loads sessions just as they were hashed.

    It raises CacheError: a session is unsound, or is another one by now.
    """
    return lambda day: prepared.load_same(cache_dir, ticker, day, fingerprints[day])
