"""The sensor that has every range with new or changed sessions worked through."""

from collections.abc import Callable
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg

from rorq_pipeline.automation.changes import (
    Cursor,
    Plan,
    Planner,
    RangeRequest,
    cursors_text,
    parse_cursors,
)
from rorq_pipeline.automation.published import is_published
from rorq_pipeline.automation.settings import AutomationSettings
from rorq_pipeline.dagster_support.internals import ExecutableDefinition
from rorq_pipeline.dagster_support.partitions import BACKTEST_RANGE
from rorq_pipeline.project.cache_scan import CacheScan, scan_cache
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.ranges import Grouping
from rorq_pipeline.project.run_config import CONFIGURED_OPS, project_run_config

# Imported where it is used: what takes long and definitions do without (design/import_times.py).

FINGERPRINT_TAG = "rorq/data_fingerprint"
CHAIN_OPS = frozenset(CONFIGURED_OPS) - {"downloaded_sessions"}


def cache_sensor(
    settings: AutomationSettings,
    cache_dir: Callable[[], Path],
    job: ExecutableDefinition,
) -> dg.SensorDefinition:
    """Build the sensor; `cache_dir` is asked at every tick."""

    @dg.sensor(
        name="new_cache_data",
        job=job,
        minimum_interval_seconds=settings.sensor_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Requests a run for every backtest range with new or changed sessions, once "
        "the cache has been quiet for a while.",
    )
    def new_cache_data(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        tick = _Tick(parse_cursors(context.cursor), settings, cache_dir())
        for grouping in settings.groupings():
            tick.look_at(grouping)
        requests = tick.requests
        return dg.SensorResult(
            run_requests=[_run_request(request, tick.run_config) for request in requests],
            dynamic_partitions_requests=[
                BACKTEST_RANGE.build_add_request([r.date_range.key for r in requests])
            ]
            if requests
            else None,
            skip_reason=None if requests else "; ".join(tick.told),
            cursor=cursors_text(tick.cursors),
        )

    return new_cache_data


class _Tick:
    """One look at the cached sessions of every ticker."""

    def __init__(
        self, cursors: dict[str, Cursor], settings: AutomationSettings, cache_dir: Path
    ) -> None:
        self.cursors = cursors
        self.requests: list[RangeRequest] = []
        self.told: list[str] = []  # one line a ticker for which nothing is requested
        self._settings = settings
        self._cache_dir = cache_dir

    @cached_property
    def run_config(self) -> dict[str, Any]:
        """What the project sets for the chain."""
        return project_run_config(ProjectPaths.resolve().root, CHAIN_OPS)

    def look_at(self, grouping: Grouping) -> None:
        """Compare the sessions of one ticker with its cursor."""
        ticker, scan = grouping.ticker, scan_cache(self._cache_dir, grouping.ticker)
        quiet = scan.quiet_seconds()
        if quiet < self._settings.quiet_seconds:
            self.told.append(
                f"{ticker}: the cache changed {quiet:.0f} s ago; waiting until it has been quiet "
                f"for {self._settings.quiet_seconds:.0f} s"
            )
            return
        plan = self._plan(grouping, scan)
        self.cursors[ticker] = plan.cursor
        self.requests += plan.requests
        if not plan.requests:
            waiting = f", {plan.n_waiting} wait for the next tick" if plan.n_waiting else ""
            self.told.append(
                f"{ticker}: no new data in {len(scan.signatures)} cached sessions{waiting}"
            )

    def _plan(self, grouping: Grouping, scan: CacheScan) -> Plan:
        from strategy.market_data.layout import session_fingerprint, session_folder

        def fingerprint(day: date) -> str:
            if day in scan.fingerprints:
                return scan.fingerprints[day]
            return session_fingerprint(session_folder(self._cache_dir, grouping.ticker, day))

        def published(request: RangeRequest) -> bool:
            return is_published(request.date_range, request.fingerprint, self.run_config)

        planner = Planner(
            self.cursors.get(grouping.ticker, Cursor()),
            scan.signatures,
            fingerprint,
            grouping=grouping,
            is_published=published,
        )
        return planner.plan(self._settings.max_runs_per_tick - len(self.requests))


def _run_request(request: RangeRequest, run_config: dict[str, Any]) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=request.run_key,
        partition_key=request.date_range.key,
        run_config=run_config,
        tags={FINGERPRINT_TAG: request.fingerprint[:16]},
    )
