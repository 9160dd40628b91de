"""What is said, and kept, where there is no cluster, or one that ends in the midst."""

import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from optimize.cluster import cells as cluster_cells
from optimize.cluster.cells import CellsOnCluster
from optimize.cluster.settings import ClusterSettings
from optimize.cluster.work import run_on_cluster
from strategy.errors import ClusterError, ClusterUnreachableError, ParameterError
from strategy.market_data.loading import load_session
from strategy.surface.cell_blocks import CellBlock
from strategy.surface.cell_files import CellStore
from strategy.surface.compute import SurfacePlan
from tests.optimize.cluster.made_cache import DAYS, SPACE, make_cache

NOWHERE = "tcp://127.0.0.1:1"


@pytest.mark.parametrize("address", ["", "127.0.0.1:8786", "tcp://:8786", "tcp://host", "x://h:1"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ParameterError, match=r"expected tcp://, tls://, .* RORQ_CLUSTER"):
        ClusterSettings(address=address)


def test_a_scheduler_that_does_not_answer_is_named_in_time() -> None:
    settings = ClusterSettings(address=NOWHERE, connect_seconds=0.3)
    began = time.monotonic()
    with pytest.raises(ClusterUnreachableError, match=f"no scheduler answers at {NOWHERE}"):
        run_on_cluster(settings, str, {"one": 1}, lambda *_: None)
    assert time.monotonic() - began < 5


def test_an_address_of_tls_without_certificates_is_told_at_once() -> None:
    settings = ClusterSettings(address="tls://127.0.0.1:1", connect_seconds=60.0)
    began = time.monotonic()
    with pytest.raises(ClusterUnreachableError, match=r"set distributed\.comm\.tls there"):
        run_on_cluster(settings, str, {"one": 1}, lambda *_: None)
    assert time.monotonic() - began < 10


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("optimize.cluster.settings.find_spec", lambda name: None)
    with pytest.raises(ClusterError, match=r"pip install -e '.\[cluster\]'"):
        on(tmp_path)(store(tmp_path), "SPY", {DAYS[0]: "0" * 64})


def test_what_came_before_the_end_is_kept_and_only_the_rest_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    prints = make_cache(tmp_path / "cache")
    asked: list[list[date]] = []

    def end_after(n_blocks: int) -> Callable[..., None]:
        def run(
            settings: ClusterSettings,
            function: Callable[[CellBlock], bytes],
            tasks: Mapping[str, CellBlock],
            on_result: Callable[[str, bytes], None],
            **more: Any,
        ) -> None:
            asked.append([day for block in tasks.values() for day in block.fingerprints])
            for number, name in enumerate(reversed(tasks)):  # the last month first
                if number == n_blocks:
                    raise ClusterUnreachableError("the cluster is gone")
                on_result(name, function(tasks[name]))

        return run

    ours = store(tmp_path)
    later = {day: prints[day] for day in DAYS[1:]}
    monkeypatch.setattr(cluster_cells, "_runner", lambda: end_after(2))
    with pytest.raises(ClusterUnreachableError):
        on(tmp_path)(ours, "SPY", later)
    assert ours.absent("SPY", later) == {"2023-01": [DAYS[1]], "2023-03": [DAYS[2]]}
    on(tmp_path)(ours, "SPY", later)
    on(tmp_path)(ours, "SPY", prints)  # the other session of January, beside the one that is kept
    assert asked == [DAYS[1:], DAYS[1:3], DAYS[:1]]
    assert ours.absent("SPY", prints) == {}
    january = dict(ours.months("SPY", prints, lambda day: 1 / 0))["2023-01"]  # type: ignore[arg-type, return-value]
    assert [cell.date for cell in january] == DAYS[:2]


def test_nothing_absent_asks_nobody(tmp_path: Path) -> None:
    prints = make_cache(tmp_path / "cache")
    ours = store(tmp_path)
    cluster_free = CellStore(tmp_path / "cells", ours.plan)
    dict(
        cluster_free.months("SPY", prints, lambda day: load_session(tmp_path / "cache", "SPY", day))
    )
    on(tmp_path)(ours, "SPY", prints)
    changed = {**prints, DAYS[1]: "f" * 64}
    assert ours.absent("SPY", changed) == {"2023-01": [DAYS[1]]}
    for path in tmp_path.glob("cells/SPY/*/2023-07.cells"):
        path.write_bytes(path.read_bytes()[:-50])
    assert ours.absent("SPY", prints) == {"2023-07": [DAYS[3]]}


def store(tmp_path: Path) -> CellStore:
    return CellStore(tmp_path / "cells", SurfacePlan.of(SPACE, None))


def on(tmp_path: Path) -> CellsOnCluster:
    return CellsOnCluster(
        settings=ClusterSettings(address=NOWHERE, connect_seconds=0.3),
        cache_dir=tmp_path / "cache",
        prepared_dir=tmp_path / "prepared",
    )
