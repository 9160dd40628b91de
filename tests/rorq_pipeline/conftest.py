"""A project folder of its own, with a few sample sessions and a fresh database."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from dagster._core.storage.defs_state.base import set_defs_state_storage

from optimize.database.connect import DatabaseSettings
from rorq_pipeline.cli.main import main
from rorq_pipeline.project.paths import ProjectPaths
from strategy.market_data.sample.generate import SampleSettings, write_samples
from tests.conftest import fresh_database
from tests.spaces import space_of

if TYPE_CHECKING:
    from tests.rorq_pipeline.chain_made import Chain

SESSIONS = (date(2023, 1, 3), date(2023, 1, 4))
SMALL_SPACE = space_of(
    entry_window=["09:30-15:45"],
    stretch_threshold=[0.002, 0.003],
    reclaim_percentage=[0.4, 0.8],
    cooldown_period_seconds=[120, 300],
    take_profit_percent=[25, 50],
    stop_loss_percent=[-25, -50],
    max_trade_duration_seconds=[120, 300],
    option_selection_mode=["itm"],
).to_json_dict()
SMALL_STUDY = {"n_trials": 10, "n_startup_trials": 5, "min_trade_threshold": 1}


@pytest.fixture(autouse=True)
def _no_former_instance() -> Iterator[None]:
    """Dagster remembers where the last instance of this process kept state; it may be gone."""
    with set_defs_state_storage(None):
        yield


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectPaths:
    """An empty project folder; no database is touched."""
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", "")
    return ProjectPaths.resolve()


@pytest.fixture
def sampled_project(
    project: ProjectPaths,
    database_environment: DatabaseSettings,
) -> ProjectPaths:
    """A project with two sample sessions, on a fresh database."""
    write_samples(project.cache, SESSIONS, SampleSettings())
    return project


@pytest.fixture
def rorq() -> Callable[..., Result]:
    """Run a rorq command in this process."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments))

    return run


@pytest.fixture(scope="session")
def chain(
    postgres: DatabaseSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["Chain"]:
    """One real chain of two ranges, on which nobody changes anything."""
    from tests.rorq_pipeline.chain_made import made_chain  # it takes `small_config` from here

    with (
        fresh_database(postgres) as database,
        made_chain(tmp_path_factory.mktemp("chain"), database) as made,
    ):
        yield made


@pytest.fixture
def in_chain(chain: "Chain", monkeypatch: pytest.MonkeyPatch, rorq: Any) -> Any:
    """Run a rorq command in the chain's project, on a wide terminal."""
    for name, value in chain.environment.items():
        monkeypatch.setenv(name, value)
    # COLUMNS is read when a console is made, which another test may have caused before.
    monkeypatch.setattr("rorq_pipeline.cli.common.console._width", 200)
    return rorq


def small_config(*assets: str, **study: Any) -> str:
    """Run config of a search that takes a moment, for the assets that are selected."""
    searching = {"search_space": SMALL_SPACE}
    by_asset = {
        "validated_cache": searching,
        "optimization": {**searching, **SMALL_STUDY, **study},
        "parameter_surface": {**searching, "min_trade_threshold": 1},
    }
    ops = {name: {"config": config} for name, config in by_asset.items() if name in assets}
    return json.dumps({"ops": ops})


def plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What Dagster is told, without its types."""
    return {name: getattr(value, "value", value) for name, value in metadata.items()}
