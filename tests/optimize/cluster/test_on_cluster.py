"""Cells made by two worker processes on loopback, against those made by threads."""

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from optimize.choice.policies import all_policies
from optimize.choice.walk_forward_matrix import MonthRecord, walk_forward_matrix
from optimize.cluster.cells import CellsOnCluster
from optimize.cluster.connection import look_at
from optimize.cluster.settings import ClusterSettings
from optimize.cluster.work import run_on_cluster
from strategy.errors import ClusterError, MissingSessionError, SessionChangedError
from strategy.market_data.loading import load_session
from strategy.session import SessionData
from strategy.surface.cell_files import CellStore
from strategy.surface.cells import SessionCell
from strategy.surface.compute import SurfacePlan
from tests.optimize.cluster.loopback import Loopback, loopback
from tests.optimize.cluster.made_cache import DAYS, SPACE, make_cache
from tests.optimize.cluster.tasks import at_fault


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    with loopback(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="module")
def fingerprints(cluster: Loopback) -> dict[date, str]:
    return make_cache(cluster.folder / "cache")


@pytest.fixture(scope="module")
def plan() -> SurfacePlan:
    return SurfacePlan.of(SPACE, None)


def test_the_bits_are_those_of_threads(
    cluster: Loopback, fingerprints: dict[date, str], plan: SurfacePlan, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    on_cluster = CellsOnCluster(
        settings=ClusterSettings(address=cluster.address, connect_seconds=60.0),
        cache_dir=cluster.folder / "cache",
        prepared_dir=cluster.folder / "prepared",
        on_progress=lambda *progress: told.append(progress),
    )
    stores = CellStore(tmp_path / "cluster", plan, on_cluster), CellStore(tmp_path / "here", plan)
    theirs, ours = (
        walk_forward_matrix(store, "SPY", fingerprints, load, all_policies())
        for store, load in zip(stores, (never, from_cache(cluster.folder / "cache")), strict=True)
    )
    assert told == [(told[0][0], 5), (told[1][0], 5), (told[2][0], 5), (5, 5)]  # four months
    cells = [dict(store.months("SPY", fingerprints, never)) for store in stores]
    assert list(cells[0]) == list(cells[1]) == ["2023-01", "2023-03", "2023-07", "2023-11"]
    assert sum(int(cell.total_trades.sum()) for cell in cells[0]["2023-01"]) > 100
    for month, made in cells[0].items():
        for one, other in zip(made, cells[1][month], strict=True):
            assert_same(SessionCell, one, other)
    for record, other_record in zip(theirs, ours, strict=True):
        assert_same(MonthRecord, record, other_record)


def test_a_session_that_is_absent_or_has_changed_is_named(
    cluster: Loopback, fingerprints: dict[date, str], plan: SurfacePlan, tmp_path: Path
) -> None:
    def complete(prints: dict[date, str], cache: Path) -> None:
        on_cluster = CellsOnCluster(
            settings=ClusterSettings(address=cluster.address),
            cache_dir=cache,
            prepared_dir=tmp_path / "prepared",
        )
        on_cluster(CellStore(tmp_path / "cells", plan), "SPY", prints)

    day = DAYS[0]
    with pytest.raises(MissingSessionError, match=f"SPY {day} to {day}, on a worker of tcp://"):
        complete({day: fingerprints[day]}, tmp_path)
    with pytest.raises(SessionChangedError, match="expected ffffffffffff, with which the work"):
        complete({day: "f" * 64}, cluster.folder / "cache")


def test_an_error_of_a_task_is_one_line(cluster: Loopback) -> None:
    settings = ClusterSettings(address=cluster.address)
    with pytest.raises(ClusterError) as raised:
        run_on_cluster(settings, at_fault, {"the first": 1.5}, lambda *_: None)
    assert str(raised.value).startswith(
        f"the first failed on a worker of {cluster.address}: ZeroDivisionError: 1.5 cannot; "
    )


def test_its_workers_and_its_dashboard_can_be_told(cluster: Loopback) -> None:
    state = look_at(ClusterSettings(address=cluster.address))
    assert state.n_workers == 2
    assert state.dashboard_url is not None
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/status", state.dashboard_url)


def never(day: date) -> SessionData:
    raise AssertionError(f"{day} is evaluated here")


def from_cache(cache: Path):
    return lambda day: load_session(cache, "SPY", day)


def assert_same(kind: type, one: object, other: object) -> None:
    for field in fields(kind):
        ours, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(ours, np.ndarray):
            assert ours.tobytes() == theirs.tobytes(), field.name
            assert ours.dtype == theirs.dtype, field.name
        else:
            assert ours == theirs, field.name
