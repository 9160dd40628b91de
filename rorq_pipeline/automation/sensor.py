"""The sensor that has every range with new or changed sessions worked through."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.definitions.target import ExecutableDefinition

from rorq_pipeline.automation.changes import Cursor, Plan, Planner, RangeRequest
from rorq_pipeline.automation.settings import AutomationSettings
from rorq_pipeline.dagster_support.partitions import BACKTEST_RANGE
from rorq_pipeline.project.cache_scan import CacheScan, scan_cache
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.ranges import ranges_of
from rorq_pipeline.project.run_config import CONFIGURED_OPS, project_run_config

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
        scan = scan_cache(cache_dir(), settings.ticker)
        quiet = scan.quiet_seconds()
        if quiet < settings.quiet_seconds:
            return dg.SensorResult(
                skip_reason=f"the cache changed {quiet:.0f} s ago; waiting until it has been quiet "
                f"for {settings.quiet_seconds:.0f} s",
                cursor=context.cursor,
            )
        plan = plan_tick(Cursor.parse(context.cursor), scan, settings, cache_dir())
        if not plan.requests:
            return dg.SensorResult(
                skip_reason=f"no new data in {len(scan.signatures)} cached sessions",
                cursor=plan.cursor.to_text(),
            )
        config = project_run_config(ProjectPaths.resolve().root, CHAIN_OPS)
        return dg.SensorResult(
            run_requests=[_run_request(request, config) for request in plan.requests],
            dynamic_partitions_requests=[
                BACKTEST_RANGE.build_add_request([r.date_range.key for r in plan.requests])
            ],
            cursor=plan.cursor.to_text(),
        )

    return new_cache_data


def plan_tick(
    cursor: Cursor, scan: CacheScan, settings: AutomationSettings, cache_dir: Path
) -> Plan:
    """Compare one look at the cache with the cursor."""
    from strategy.market_data.layout import session_fingerprint, session_folder

    cached = list(scan.signatures)

    def fingerprint(day: date) -> str:
        return session_fingerprint(session_folder(cache_dir, settings.ticker, day))

    planner = Planner(
        cursor,
        scan.signatures,
        fingerprint,
        ticker=settings.ticker,
        ranges_of_session=lambda day: ranges_of(
            day, cached, settings.range_rule, settings.rolling_sessions
        ),
    )
    return planner.plan(settings.max_runs_per_tick)


def _run_request(request: RangeRequest, run_config: dict[str, Any]) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=request.run_key,
        partition_key=request.date_range.key,
        run_config=run_config,
        tags={FINGERPRINT_TAG: request.fingerprint[:16]},
    )
