"""Whatever dies on a cluster: the right result, each task's once, or one line that names it."""

import os
import signal
import sys
import threading
import time
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from optimize.cluster.settings import ClusterSettings
from optimize.cluster.work import run_on_cluster
from strategy.errors import ClusterError, ClusterUnreachableError
from tests.machine import wait_until
from tests.optimize.cluster.loopback import Loopback, loopback
from tests.optimize.cluster.tasks import deadly, double, slow

pytestmark = pytest.mark.slow
WITHOUT_PACKAGE = "import sys; sys.path = [*(p for p in sys.path if p), {folder!r}]"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Loopback]:
    with loopback(tmp_path) as running:
        yield running


class Work:
    """Some numbers that are doubled; what has come, and what was begun where."""

    def __init__(self, folder: Path, n_tasks: int) -> None:
        self.marks = folder / "marks"
        self.marks.mkdir()
        self.tasks = {f"number {n}": (str(self.marks), float(n)) for n in range(n_tasks)}
        self.came: list[tuple[str, float]] = []

    def keep(self, name: str, result: float) -> None:
        self.came.append((name, result))

    def begun(self) -> list[tuple[str, int, int]]:
        """Number, process id and nanosecond of each beginning, in order."""
        marks = (path.name.split("-") for path in self.marks.iterdir())
        rows = [(number, int(process), int(at)) for number, process, at in marks]
        return sorted(rows, key=lambda row: row[2])

    @contextmanager
    def held(self) -> Iterator[int]:
        """Let nothing come that is begun for the first time after the nanosecond it gives."""
        held = self.marks.with_name(f"{self.marks.name}.held")
        held.touch()
        try:
            yield time.monotonic_ns()
        finally:
            held.unlink()

    def begun_first_by(self, processes: Container[int], since: int) -> int | None:
        """One of the processes that began, since then, what nobody began before."""
        begun = self.begun()
        numbers = [number for number, _, _ in begun]
        fresh = [by for number, by, at in begun if at > since and numbers.count(number) == 1]
        return next((by for by in fresh if by in processes), None)


def test_five_killed_workers_cost_a_task_each(cluster: Loopback, tmp_path: Path) -> None:
    work = Work(tmp_path, 30)

    def kill_five() -> None:
        for _ in range(5):
            names = {worker.pid: name for name, worker in cluster.workers.items()}
            with work.held() as since:
                wait_until(
                    lambda n=names, s=since: work.begun_first_by(n, s) is not None, seconds=120
                )
                doomed = work.begun_first_by(names, since)
                assert doomed is not None
                cluster.kill(cluster.workers.pop(names[doomed]))
            cluster.start_worker()

    with beside(kill_five):
        run_on_cluster(settings_of(cluster), double, work.tasks, work.keep)
    assert sorted(work.came) == sorted((f"number {n}", 2.0 * n) for n in range(30))
    assert len(work.begun()) == 30 + 5
    assert len({process for _, process, _ in work.begun()}) >= 6  # five are dead


def test_a_scheduler_killed_twice_costs_what_was_under_way(
    cluster: Loopback, tmp_path: Path
) -> None:
    work = Work(tmp_path, 24)

    def kill_twice() -> None:
        for n_done in (6, 14):
            wait_until(lambda n_done=n_done: len(work.came) >= n_done, seconds=120)
            assert cluster.scheduler is not None
            cluster.kill(cluster.scheduler)
            cluster.start_scheduler()
            for name in list(cluster.workers):  # as whoever keeps the cluster starts them again
                cluster.kill(cluster.workers.pop(name))
                cluster.start_worker()

    with beside(kill_twice):
        run_on_cluster(settings_of(cluster), double, work.tasks, work.keep)
    assert sorted(work.came) == sorted((f"number {n}", 2.0 * n) for n in range(24))
    assert len(work.begun()) <= 24 + 2 * 2 * 2  # two workers: at hand, and done but not told


def test_a_task_that_ends_its_worker_is_named_after_the_second(
    cluster: Loopback, tmp_path: Path
) -> None:
    work = Work(tmp_path, 8)
    cluster.start_worker()
    with pytest.raises(ClusterError, match=r"^number 3 ended the worker .*, 2 times; expected"):
        run_on_cluster(settings_of(cluster), deadly, work.tasks, work.keep)
    assert [number for number, _, _ in work.begun()].count("3.0") == 2
    assert {"number 0", "number 1", "number 2"} <= {name for name, _ in work.came}


def test_a_worker_with_another_engine_is_named_before_the_first_task(tmp_path: Path) -> None:
    work = Work(tmp_path, 2)
    with loopback(tmp_path, n_workers=0) as cluster:
        cluster.start_worker("import strategy.backtest; strategy.backtest.ENGINE_VERSION = '0'")
        with pytest.raises(ClusterError, match=r"^worker tcp://127\S+ has engine version 0; exp"):
            run_on_cluster(settings_of(cluster), double, work.tasks, work.keep)
    assert not work.begun()


def test_a_worker_without_the_package_is_named_before_the_first_task(tmp_path: Path) -> None:
    work = Work(tmp_path, 2)
    bare = tmp_path / "site-packages"
    bare.mkdir()
    installed = next(Path(p) for p in sys.path if (Path(p) / "distributed").is_dir())
    for path in installed.iterdir():
        if "rorq" not in path.name and path.suffix != ".pth":
            (bare / path.name).symlink_to(path)
    with loopback(tmp_path, n_workers=0) as cluster:
        cluster.start_worker(WITHOUT_PACKAGE.format(folder=str(bare)), python=("-S",), cwd=tmp_path)
        with pytest.raises(ClusterError, match=r"^worker tcp://\S+ cannot import rorq-pipeline; "):
            run_on_cluster(settings_of(cluster), double, work.tasks, work.keep)
    assert not work.begun()


def test_a_request_to_stop_ends_the_wait_and_leaves_the_cluster_free(
    cluster: Loopback, tmp_path: Path
) -> None:
    work = Work(tmp_path, 200)

    def ask() -> None:
        wait_until(lambda: len(work.came) >= 2)
        os.kill(os.getpid(), signal.SIGINT)

    with beside(ask), pytest.raises(KeyboardInterrupt):
        run_on_cluster(settings_of(cluster), double, work.tasks, work.keep)
    assert 2 <= len(work.came) < 20
    again = dict(list(work.tasks.items())[-2:])
    run_on_cluster(settings_of(cluster), double, again, work.keep)
    assert work.came[-1][0] in again
    assert len(work.begun()) < 30


def test_a_frozen_scheduler_and_a_task_without_end_are_named_in_time(
    cluster: Loopback, tmp_path: Path
) -> None:
    long = ClusterSettings(address=cluster.address, connect_seconds=20.0, silence_seconds=1.0)
    with pytest.raises(ClusterError, match=r"finished nothing for 1 s; under way: the long one"):
        run_on_cluster(long, slow, {"the long one": 5.0}, lambda *_: None)
    assert cluster.scheduler is not None
    os.kill(cluster.scheduler.pid, signal.SIGSTOP)
    brief = ClusterSettings(address=cluster.address, connect_seconds=2.0)
    began = time.monotonic()
    with pytest.raises(ClusterUnreachableError, match=r"no scheduler answers at tcp://127"):
        run_on_cluster(brief, slow, {"one": 0.1}, lambda *_: None)
    assert time.monotonic() - began < 20


def settings_of(cluster: Loopback) -> ClusterSettings:
    return ClusterSettings(address=cluster.address, connect_seconds=60.0)


class beside:  # noqa: N801
    """Do something in another thread meanwhile; what fails there fails here."""

    def __init__(self, action) -> None:
        self._action = action
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *raised: object) -> None:
        self._thread.join(timeout=60)
        assert not self._thread.is_alive(), "what was done meanwhile does not end"
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._action()
        except BaseException as error:  # noqa: BLE001
            self._error = error
