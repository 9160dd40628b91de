"""Month cells made on a cluster, and kept here: what `strategy.surface.cell_files` lacks.

A task is the absent sessions of one month, by date and fingerprint; smaller ones cost more than
they spread (design/bench_cluster.py). The worker loads them from the cache, which it sees under the
same path, and its cells come back as they are kept.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from optimize.cluster.settings import ClusterSettings, require_installed
from strategy.surface.cell_blocks import CellBlock, compile_kernels, make_block
from strategy.surface.cell_files import CellStore

_PROGRESS_SECONDS = 10.0
_logger = logging.getLogger("rorq")
Progress = Callable[[int, int], None]  # sessions done, sessions in all


@dataclass(frozen=True, kw_only=True)
class CellsOnCluster:
    """Completes a store of cells on a cluster; given to `CellStore`, it does so before a reading.

    Cache and prepared sessions lie under the same paths on every host. The cache is shared; the
    prepared sessions may be each host's own.
    """

    settings: ClusterSettings
    cache_dir: Path
    prepared_dir: Path
    on_progress: Progress | None = None  # None tells the log

    def __call__(self, store: CellStore, ticker: str, fingerprints: Mapping[date, str]) -> None:
        """Make and keep the cells that the store lacks; whatever ends it, what came is kept.

        Raises:
            ClusterError, CacheError: as of `run_on_cluster`.
        """
        absent = store.absent(ticker, fingerprints)
        if not absent:
            return
        tasks = {
            f"{ticker} {days[0]} to {days[-1]}": CellBlock(
                plan=store.plan,
                cache_dir=str(self.cache_dir),
                prepared_dir=str(self.prepared_dir),
                ticker=ticker,
                fingerprints={day: fingerprints[day] for day in days},
            )
            for days in absent.values()
        }
        told = _Teller(self.on_progress, sum(len(days) for days in absent.values()))

        def keep(name: str, block: bytes) -> None:
            store.add(ticker, block)
            told.more(len(tasks[name].fingerprints))

        _runner()(self.settings, make_block, tasks, keep, warm=compile_kernels)


class _Teller:
    """Tells how far the work is, in the log not more often than is readable."""

    def __init__(self, on_progress: Progress | None, n_sessions: int) -> None:
        self._on_progress = on_progress or self._log
        self._n_sessions = n_sessions
        self._n_done = 0
        self._next_seconds = time.monotonic()

    def more(self, n_sessions: int) -> None:
        self._n_done += n_sessions
        self._on_progress(self._n_done, self._n_sessions)

    def _log(self, n_done: int, n_sessions: int) -> None:
        if n_done == n_sessions or time.monotonic() >= self._next_seconds:
            self._next_seconds = time.monotonic() + _PROGRESS_SECONDS
            _logger.info("%d of %d sessions evaluated on the cluster", n_done, n_sessions)


def _runner() -> Callable[..., None]:
    require_installed()
    from optimize.cluster.work import run_on_cluster  # of an extra of the installation

    return run_on_cluster
