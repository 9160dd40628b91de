"""The schedule that brings every stale range up to date on weekday evenings."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
from dagster._core.definitions.target import ExecutableDefinition

from rorq_pipeline.automation.settings import AutomationSettings
from rorq_pipeline.dagster_support.partitions import BACKTEST_RANGE
from rorq_pipeline.project.cache_scan import CacheScan, scan_cache
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.ranges import ranges_of
from rorq_pipeline.project.run_config import CONFIGURED_OPS, project_run_config
from rorq_pipeline.results.artifacts import artifact_path
from strategy.date_range import DateRange


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
        due = stale_ranges(scan_cache(cache_dir(), settings.ticker), settings)
        current = ranges_of(evening, [evening], settings.range_rule, settings.rolling_sessions)
        chosen = sorted({*due[-settings.max_runs_per_tick :], *current})
        context.instance.add_dynamic_partitions(
            BACKTEST_RANGE.name or "", [date_range.key for date_range in chosen]
        )
        config = project_run_config(ProjectPaths.resolve().root, CONFIGURED_OPS)
        return [
            dg.RunRequest(run_key=f"{r.key}:{evening}", partition_key=r.key, run_config=config)
            for r in chosen
        ]

    return weekday_evening


def stale_ranges(scan: CacheScan, settings: AutomationSettings) -> list[DateRange]:
    """Return the ranges whose report is absent, or older than one of their sessions, in order."""
    cached = list(scan.signatures)
    newest: dict[DateRange, float] = {}
    for day in cached:
        for date_range in ranges_of(day, cached, settings.range_rule, settings.rolling_sessions):
            newest[date_range] = max(newest.get(date_range, 0.0), scan.changed_seconds[day])
    return sorted(r for r, changed in newest.items() if changed > _report_seconds(r))


def _report_seconds(date_range: DateRange) -> float:
    try:
        return artifact_path("report", date_range.key, ".html").stat().st_mtime
    except FileNotFoundError:
        return 0.0
