"""The schedule that brings every stale range up to date on weekday evenings."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import dagster as dg

from rorq_pipeline.automation.settings import AutomationSettings
from rorq_pipeline.dagster_support.internals import ExecutableDefinition
from rorq_pipeline.dagster_support.partitions import BACKTEST_RANGE
from rorq_pipeline.project.cache_scan import CacheScan, scan_cache
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.ranges import Grouping
from rorq_pipeline.project.run_config import CONFIGURED_OPS, project_run_config
from rorq_pipeline.results.artifacts import artifact_path
from strategy.backtest_range import BacktestRange
from strategy.date_range import is_session


def evening_schedule(
    settings: AutomationSettings,
    cache_dir: Callable[[], Path],
    job: ExecutableDefinition,
) -> dg.ScheduleDefinition:
    """Build the schedule; it is off until somebody turns it on."""

    @dg.schedule(
        name="weekday_evening",
        job=job,
        cron_schedule=settings.schedule_cron,
        execution_timezone="America/New_York",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Downloads new sessions where a key is set, and brings stale ranges up to "
        "date. Off by default.",
    )
    def weekday_evening(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
        evening = context.scheduled_execution_time.date()
        chosen = sorted(
            {
                date_range
                for grouping in settings.groupings()
                for date_range in due_ranges(
                    evening,
                    scan_cache(cache_dir(), grouping.ticker),
                    grouping,
                    settings.max_runs_per_tick,
                )
            }
        )
        context.instance.add_dynamic_partitions(
            BACKTEST_RANGE.name or "", [date_range.key for date_range in chosen]
        )
        config = project_run_config(ProjectPaths.resolve().root, CONFIGURED_OPS)
        return [
            dg.RunRequest(run_key=f"{r.key}:{evening}", partition_key=r.key, run_config=config)
            for r in chosen
        ]

    return weekday_evening


def due_ranges(
    evening: date, scan: CacheScan, grouping: Grouping, max_stale: int
) -> set[BacktestRange]:
    """Return the latest stale ranges of one ticker, and the current one.

    The current range is that of the evening's session, which may yet have to be downloaded.
    """
    stale = stale_ranges(scan, grouping)
    comes = scan.signatures and is_session(evening)
    cached = sorted({*scan.signatures, evening}) if comes else list(scan.signatures)
    return {*stale[-max_stale:], *grouping.ranges_of(evening, cached)}


def stale_ranges(scan: CacheScan, grouping: Grouping) -> list[BacktestRange]:
    """Return the ranges whose report is absent, or older than one of their sessions, in order."""
    cached = list(scan.signatures)
    newest: dict[BacktestRange, float] = {}
    for day in cached:
        for date_range in grouping.ranges_of(day, cached):
            newest[date_range] = max(newest.get(date_range, 0.0), scan.changed_seconds[day])
    return sorted(r for r, changed in newest.items() if changed > _report_seconds(r))


def _report_seconds(date_range: BacktestRange) -> float:
    try:
        return artifact_path("report", date_range.key, ".html").stat().st_mtime
    except FileNotFoundError:
        return 0.0
