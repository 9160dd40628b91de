"""RORQ_CLUSTER decides where a project's cells are made."""

from functools import partial
from pathlib import Path

import pytest

from optimize.cluster.settings import ClusterSettings
from rorq_pipeline.cli import health
from rorq_pipeline.project.choices import cell_store
from rorq_pipeline.project.cluster import cells_on_cluster, dashboard_url, find_cluster
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.results.surfaces import range_cells
from strategy.errors import ClusterUnreachableError, ParameterError
from strategy.market_data.loading import load_days
from strategy.surface.compute import SurfacePlan
from tests.optimize.cluster.made_cache import DAYS, SPACE, make_cache


def test_without_it_threads_do_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = ProjectPaths.resolve()
    assert find_cluster() is None
    assert cells_on_cluster(paths, paths.cache) is None
    monkeypatch.setenv("RORQ_CLUSTER", " ")
    assert find_cluster() is None


def test_its_tasks_name_the_folders_of_the_project(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RORQ_CLUSTER", "tcp://10.0.0.5:8786")
    monkeypatch.setenv("RORQ_PREPARED", str(tmp_path / "prepared"))
    monkeypatch.chdir(tmp_path)
    made = cells_on_cluster(ProjectPaths.resolve(), Path("cache"))
    assert made is not None
    assert (made.settings.address, made.cache_dir, made.prepared_dir) == (
        "tcp://10.0.0.5:8786", tmp_path / "cache", tmp_path / "prepared",
    )  # fmt: skip


def test_the_projects_cells_are_asked_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "rorq_pipeline.project.cluster.ClusterSettings",
        partial(ClusterSettings, connect_seconds=0.3),
    )
    monkeypatch.setenv("RORQ_CLUSTER", "tcp://127.0.0.1:1")
    store = cell_store(ProjectPaths.resolve(), SurfacePlan.of(SPACE, None), Path("cache"))
    with pytest.raises(ClusterUnreachableError, match=r"tcp://127\.0\.0\.1:1"):
        store.months("SPY", {DAYS[0]: "0" * 64}, lambda day: 1 / 0)  # type: ignore[arg-type,return-value]


def test_what_is_no_address_is_told_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RORQ_CLUSTER", "10.0.0.5")
    with pytest.raises(ParameterError, match="RORQ_CLUSTER"):
        cell_store(ProjectPaths.resolve(), SurfacePlan.of(SPACE, None), Path("cache"))


def test_the_doctor_names_a_cluster_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def line() -> health.Finding:
        return health._cluster(ProjectPaths.resolve())

    assert line().is_well
    monkeypatch.setattr("rorq_pipeline.project.cluster._LOOK_SECONDS", 0.3)
    monkeypatch.setenv("RORQ_CLUSTER", "tcp://127.0.0.1:1")
    assert not line().is_well
    assert line().text.startswith("no scheduler answers at tcp://127.0.0.1:1")
    assert dashboard_url() is None  # nor is a run that is done told to have failed


def test_its_tasks_name_the_cache_that_the_sessions_are_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    prints = make_cache(tmp_path / "other")
    sessions = load_days(tmp_path / "other", "SPY", DAYS[:2])
    folders: list[str] = []

    def run(settings, function, tasks, on_result, **more) -> None:
        folders.extend(block.cache_dir for block in tasks.values())
        for name, block in tasks.items():
            on_result(name, function(block))

    monkeypatch.setenv("RORQ_CLUSTER", "tcp://127.0.0.1:1")
    monkeypatch.setattr("optimize.cluster.cells._runner", lambda: run)
    cells = range_cells(SPACE, {}, sessions, tmp_path / "other")
    assert [cell.fingerprint for cell in cells] == [prints[day] for day in DAYS[:2]]
    assert folders == [str(tmp_path / "other")]
