"""What a cluster costs: a year's month cells by two workers on loopback, against two threads.

Usage: PYTHONPATH=. python design/bench_cluster.py [CACHE_FOLDER]

Sessions are prepared and workers are connected and warm beforehand, as a cluster is that others
keep; the threads' process is warm too. Without a folder, 251 synthetic sessions are made.
"""

import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from bench_surface import YEAR, make_samples

from optimize.cluster.cells import CellsOnCluster
from optimize.cluster.connection import look_at
from optimize.cluster.settings import ClusterSettings
from strategy.market_data.layout import list_sessions, session_fingerprint, session_folder
from strategy.market_data.prepared import PreparedSessions
from strategy.session import SessionData
from strategy.space import SearchSpace
from strategy.surface.cell_blocks import compile_kernels
from strategy.surface.cell_files import CellStore
from strategy.surface.compute import SurfacePlan
from tests.machine import wait_until
from tests.optimize.cluster.loopback import loopback

TICKER = "SPY"


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        cache = Path(sys.argv[1]) if sys.argv[1:] else folder / "cache"
        if not sys.argv[1:]:
            make_samples(cache, YEAR)
        measure(cache, folder)


def measure(cache: Path, folder: Path) -> None:
    days = list_sessions(cache, TICKER)
    prepared = PreparedSessions(folder=folder / "prepared")
    prints = {day: session_fingerprint(session_folder(cache, TICKER, day)) for day in days}
    for day in days:
        prepared.load(cache, TICKER, day)
    plan = SurfacePlan.of(SearchSpace.seed(), {"ticker": TICKER})
    compile_kernels()

    def load(day: date) -> SessionData:
        return prepared.load_same(cache, TICKER, day, prints[day])

    def never(day: date) -> SessionData:
        raise AssertionError(f"{day} is evaluated here")

    with loopback(folder) as cluster:
        settings = ClusterSettings(address=cluster.address)
        wait_until(lambda: look_at(settings).n_workers == 2)
        on_cluster = CellsOnCluster(
            settings=settings,
            cache_dir=cache,
            prepared_dir=prepared.folder,
            on_progress=lambda *_: None,
        )
        on_cluster(CellStore(folder / "warm", plan), TICKER, dict(list(prints.items())[:10]))
        seconds = {}
        stores = {
            "threads": (CellStore(folder / "threads", plan), load),
            "cluster": (CellStore(folder / "cluster", plan, on_cluster), never),
        }
        for name, (store, loading) in stores.items():
            start = time.perf_counter()
            for _ in store.months(TICKER, prints, loading, workers=2):
                pass
            seconds[name] = time.perf_counter() - start
            print(f"{len(days)} sessions, two of {name:8} {seconds[name]:8.2f} s")
    print(f"cluster over threads            {seconds['cluster'] / seconds['threads']:8.2f}")


if __name__ == "__main__":
    main()
