"""Whether what is published of a range is already what a run would make of it."""

from collections.abc import Mapping
from typing import Any

from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.project.config import OptimizationConfig, SelectionConfig
from rorq_pipeline.results.artifacts import ArtifactError, artifact_path, read_object
from rorq_pipeline.results.identity import identity_of
from strategy.backtest_range import BacktestRange

Json = Mapping[str, Any]


def is_published(date_range: BacktestRange, data_fingerprint: str, run_config: Json) -> bool:
    """Whether the range's report, and all that it tells, is of this data and this run config."""
    try:
        optimization, best, verdict = (
            read_object(artifact_path(name, date_range.key, ".json"))
            for name in ("optimization", "best_params", "verdict")
        )
    except ArtifactError:
        return False
    if optimization.get("data_fingerprint") != data_fingerprint:
        return False
    from strategy.backtest import ENGINE_VERSION  # compiles: only where something is published

    search = OptimizationConfig(**_config(run_config, "optimization"))
    limits = VerdictSettings(**_config(run_config, "verdict"))
    return (
        _holds(
            optimization,
            settings=search.study_settings().model_dump(mode="json"),
            search_space=search.space().to_json_dict(),
            fixed_params=date_range.fixed_params(search.fixed_params),
        )
        and _holds(
            best,
            study_name=optimization.get("study_name"),
            selection=SelectionConfig(**_config(run_config, "best_params")).selection,
            engine_version=ENGINE_VERSION,
        )
        and _holds(verdict, of=identity_of(best), limits=limits.model_dump())
        and _has_page(date_range)
    )


def _config(run_config: Json, name: str) -> dict[str, Any]:
    """One op's run config."""
    config: dict[str, Any] = run_config.get("ops", {}).get(name, {}).get("config", {})
    return config


def _holds(found: Json, **expected: Any) -> bool:
    return all(found.get(name) == value for name, value in expected.items())


def _has_page(date_range: BacktestRange) -> bool:
    """Whether the report was made after the parameters were published."""
    page = artifact_path("report", date_range.key, ".html")
    best = artifact_path("best_params", date_range.key, ".json")
    return page.exists() and page.stat().st_mtime_ns >= best.stat().st_mtime_ns
