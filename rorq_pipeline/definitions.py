"""All definitions, assembled in one function; tests and commands come through the same door.

Loading this module compiles no kernel, opens no database and scans no cache.
"""

from pathlib import Path
from typing import Any

import dagster as dg

from rorq_pipeline.assets import ASSETS
from rorq_pipeline.automation.alerts import alert_sensors
from rorq_pipeline.automation.following import following_sensor, renew_evidence
from rorq_pipeline.automation.schedule import evening_schedule
from rorq_pipeline.automation.sensor import cache_sensor
from rorq_pipeline.automation.settings import AutomationSettings
from rorq_pipeline.checks import CHECKS
from rorq_pipeline.dagster_support.io_managers import (
    ArtifactIOManager,
    HtmlIOManager,
    ParquetIOManager,
)
from rorq_pipeline.dagster_support.jobs import (
    check_range,
    download_and_optimize,
    optimize_range,
    single_backtest,
    validate_only,
)
from rorq_pipeline.dagster_support.surface_io import SurfaceIOManager
from rorq_pipeline.project.fresh_cache import cache_folder
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.resources import MarketData, StudyDatabase

# A step is a process of its own: what kills it, kills no more. Forked from one that has loaded the
# definitions and the engine, it starts at once.
_PRELOADED = (
    "rorq_pipeline.definitions",
    "strategy.backtest",
    "strategy.market_data.validation",
    "optimize.run_study",
    "rorq_pipeline.report.collect",  # with all results: a second of processor time a step
)
EXECUTOR = dg.multiprocess_executor.configured(
    {
        "max_concurrent": 2,
        "start_method": {"forkserver": {"preload_modules": list(_PRELOADED)}},
    }
)


def build_definitions(
    *, automation: AutomationSettings | None = None, **overrides: Any
) -> dg.Definitions:
    """Assemble the definitions.

    Args:
        automation: Settings of the sensor and the schedule; by default from the environment.
        overrides: Arguments of dagster.Definitions; `resources` are merged by key, the others
            replace what stands here.
    """
    settings = automation or AutomationSettings.from_environment()
    resources = {
        "market_data": MarketData(),
        "study_database": StudyDatabase(),
        "io_manager": ArtifactIOManager(),  # instead of Dagster's own, which pickles
        "tables": ParquetIOManager(),
        "results": ArtifactIOManager(),
        "pages": HtmlIOManager(),
        "surfaces": SurfaceIOManager(),
        **overrides.pop("resources", {}),
    }
    parts: dict[str, Any] = {
        "assets": ASSETS,
        "asset_checks": CHECKS,
        "jobs": [
            optimize_range,
            download_and_optimize,
            renew_evidence,
            check_range,
            validate_only,
            single_backtest,
        ],
        "sensors": [
            cache_sensor(settings, _cache_dir, optimize_range),
            following_sensor(settings, _cache_dir, renew_evidence),
            *alert_sensors(settings, _cache_dir),
        ],
        "schedules": [evening_schedule(settings, _cache_dir, download_and_optimize)],
        "executor": EXECUTOR,
        **overrides,
    }
    return dg.Definitions(resources=resources, **parts)


def _cache_dir() -> Path:
    return cache_folder(ProjectPaths.resolve())


defs = build_definitions()
