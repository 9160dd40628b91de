"""Every publication of a range, kept beside the latest: an experiment replaces nothing for good.

A file a publication, `artifacts/history/RANGE/N.json`, numbered from 1. Publishing the same result
again adds none.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.artifacts import Artifact, ArtifactError, project_lock
from rorq_pipeline.results.models import BestParams, Optimization


class Publication(Artifact):
    """What was published, when, and from which study with which run config."""

    ASSET: ClassVar[str] = "history"
    MADE_BY: ClassVar[str] = "best_params"

    published_at: datetime  # UTC
    run_id: str
    run_config: dict[str, Any]  # that makes the same study and choice again
    best: BestParams

    @classmethod
    def remedy(cls, path: Path) -> str:
        """It cannot be made again."""
        return f"remove {path.name}: the other publications of the range stay as they are"


def history_folder(key: str, artifacts: Path | None = None) -> Path:
    """Return where the publications of a range lie."""
    base = artifacts if artifacts is not None else ProjectPaths.resolve().artifacts
    return base / Publication.ASSET / key


def publications(key: str, artifacts: Path | None = None) -> dict[int, Publication]:
    """Return a range's publications by number, in order; what cannot be read is passed over."""
    folder = history_folder(key, artifacts)
    found = {}
    for number, path in _numbered(folder).items():
        try:
            found[number] = Publication.read_file(path)
        except ArtifactError:  # of a former version, or damaged: the others stay usable
            continue
    return found


def publication(key: str, number: int, artifacts: Path | None = None) -> Publication:
    """Return one publication of a range.

    Raises:
        ArtifactError: there is none of this number, or it cannot be read.
    """
    path = _numbered(history_folder(key, artifacts)).get(number)
    if path is None:
        raise ArtifactError(
            f"{key} has no publication {number}",
            expected="one of those that are kept",
            remedy=f"see rorq results {key}",
        )
    return Publication.read_file(path)


def keep_publication(
    best: BestParams, optimization: Optimization, market_data: MarketData, *, run_id: str
) -> int:
    """Keep what is being published, and return its number."""
    folder = history_folder(best.date_range)
    with project_lock("history"):
        for number, former in publications(best.date_range).items():
            if former.best == best:
                return number
        number = max(_numbered(folder), default=0) + 1
        Publication(
            published_at=datetime.now(UTC).replace(microsecond=0),
            run_id=run_id,
            run_config=run_config_of(best, optimization, market_data),
            best=best,
        ).write_file(folder / f"{number}.json")
    return number


def run_config_of(
    best: BestParams, optimization: Optimization, market_data: MarketData
) -> dict[str, Any]:
    """Return run config that makes the same study and the same choice, whatever the defaults.

    How the study was worked through (workers, waiting) is left out: it does not change what comes.
    """
    choice = {
        "selection": best.instead_of or best.selection,
        "min_trades_per_session": best.min_trades_per_session,
    }
    fields = type(market_data).model_fields
    sessions = {name: value for name in fields if (value := getattr(market_data, name))}
    settings = optimization.settings.model_dump(mode="json", exclude=set(_HOW))
    searching = {"search_space": optimization.search_space.to_json_dict()}
    fixed = {k: v for k, v in optimization.fixed_params.items() if k != "ticker"}
    threshold = {"min_trade_threshold": optimization.settings.min_trade_threshold}
    configs = {
        "validated_cache": searching,
        "optimization": {**searching, "fixed_params": fixed, **settings},
        "parameter_surface": {**searching, "fixed_params": fixed, **threshold},
        "best_params": choice,
    }
    return {
        "ops": {name: {"config": config} for name, config in configs.items()},
        **({"resources": {"market_data": {"config": sessions}}} if sessions else {}),
    }


def market_data_of(run_config: Mapping[str, Any]) -> MarketData:
    """Return the sessions that run config means."""
    return MarketData(**run_config.get("resources", {}).get("market_data", {}).get("config", {}))


_HOW = ("workers", "shared", "lock_wait_seconds", "enable_persistence")


def _numbered(folder: Path) -> dict[int, Path]:
    files = {int(path.stem): path for path in folder.glob("*.json") if path.stem.isdecimal()}
    return dict(sorted(files.items()))
