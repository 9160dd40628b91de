"""Whether what is published of a range is already what a run would make of it."""

from collections.abc import Mapping
from typing import Any

from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.project.config import OptimizationConfig, SelectionConfig
from rorq_pipeline.results.artifacts import ArtifactError, artifact_path
from strategy.backtest_range import BacktestRange

# Imported where it is used: what takes long and definitions do without (design/import_times.py).

Json = Mapping[str, Any]


def is_published(date_range: BacktestRange, data_fingerprint: str, run_config: Json) -> bool:
    """Whether the range's report, and all that it tells, is of this data and this run config."""
    from rorq_pipeline.results.models import BestParams, Optimization, VerdictRecord
    from strategy.backtest import ENGINE_VERSION  # compiles: only where something is published

    try:
        optimization = Optimization.read(date_range.key)
        best = BestParams.read(date_range.key)
        verdict = VerdictRecord.read(date_range.key)
    except ArtifactError:
        return False
    search = OptimizationConfig(**_config(run_config, "optimization"))
    wanted = SelectionConfig(**_config(run_config, "best_params"))
    return (
        optimization.data_fingerprint == data_fingerprint
        and optimization.settings == search.study_settings()
        and optimization.search_space == search.space()
        and optimization.fixed_params == date_range.fixed_params(search.fixed_params)
        and best.study_name == optimization.study.study_name
        and (best.instead_of or best.selection) == wanted.selection
        and best.min_trades_per_session == wanted.min_trades_per_session
        and best.engine_version == ENGINE_VERSION
        and verdict.of == best.identity
        and verdict.limits == VerdictSettings(**_config(run_config, "verdict"))
        and _has_page(date_range)
    )


def _config(run_config: Json, name: str) -> dict[str, Any]:
    """One op's run config."""
    config: dict[str, Any] = run_config.get("ops", {}).get(name, {}).get("config", {})
    return config


def _has_page(date_range: BacktestRange) -> bool:
    """Whether the report was made after the parameters were published."""
    page = artifact_path("report", date_range.key, ".html")
    best = artifact_path("best_params", date_range.key, ".json")
    return page.exists() and page.stat().st_mtime_ns >= best.stat().st_mtime_ns
