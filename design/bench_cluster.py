"""What a cluster costs: a year's month cells by two workers on loopback, against two threads.

Usage: python design/bench_cluster.py [CACHE_FOLDER]

Sessions are prepared and workers are connected and warm beforehand, as a cluster is that others
keep; the threads' process is warm too. Without a folder, 251 synthetic sessions are made.
"""

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
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

RUN = "from distributed.cli.dask_{0} import main; main()"
TICKER = "SPY"


@contextlib.contextmanager
def loopback(folder: Path) -> Iterator[ClusterSettings]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    common = ["--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0"]
    worker = [address, "--nthreads", "1", "--no-nanny", "--local-directory", str(folder)]
    arguments = [("scheduler", ["--port", str(port)]), ("worker", worker), ("worker", worker)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RUN.format(kind), *own, *common],
            env={},
            stderr=subprocess.DEVNULL,
        )
        for kind, own in arguments
    ]
    try:
        settings = ClusterSettings(address=address)
        while look_at(settings).n_workers < 2:
            time.sleep(0.2)
        yield settings
    finally:
        for process in processes:
            process.kill()
            process.wait()


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

    with loopback(folder) as settings:
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
