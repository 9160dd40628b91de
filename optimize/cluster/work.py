"""A function over named tasks on a cluster: each result once, as it comes, whatever dies meanwhile.

Each worker is given one task at a time, so that its death points to the task that it had. A lost
worker costs its task, which another is given; with a lost scheduler, what was under way is lost,
and only that is submitted again once a scheduler is back. Whoever is given the results keeps them:
this module knows nothing of files.
"""

import asyncio
import itertools
import logging
import queue
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from distributed import Client, Future, KilledWorker

from optimize.cluster.connection import (
    RETRY_SECONDS,
    ConnectionLost,
    connected,
    line_of,
    workers_of,
)
from optimize.cluster.settings import ClusterSettings
from optimize.cluster.versions import no_package
from strategy.errors import ClusterError, ClusterUnreachableError, RorqError

ADMITTED_DEATHS = 1  # of workers with one task; it is named after one more
_TICK_SECONDS = 0.25  # between two looks at scheduler and workers
_MAX_FRUITLESS = 5  # connections lost one after another without a result
Task = TypeVar("Task")
Result = TypeVar("Result")
_logger = logging.getLogger("rorq")


_Answer = tuple[str, Any, BaseException | None]  # key, result, error


@dataclass(frozen=True)
class _Given:
    """A task that a worker has."""

    name: str
    worker: str
    future: "Future[Any]"


def run_on_cluster(
    settings: ClusterSettings,
    function: Callable[[Task], Result],
    tasks: Mapping[str, Task],
    on_result: Callable[[str, Result], None],
    *,
    warm: Callable[[], object] | None = None,
) -> None:
    """Run a function of an importable module over all tasks.

    Args:
        settings: Where the cluster is.
        function: Runs on a worker, in any order, perhaps more than once a task.
        tasks: By names that tell a reader which one it is.
        on_result: Called in this thread, once a task, in the order of arrival.
        warm: Run first on one worker a host: what the others then find on the host's disk.

    Raises:
        ClusterUnreachableError: no scheduler or no worker for `connect_seconds`, or a scheduler
            that is lost again and again.
        ClusterError: another version on the cluster, or a task that ends its workers.
        RorqError: what a task raised.
    """
    remaining = dict(tasks)
    deaths: Counter[str] = Counter()  # of workers, by the task that they had
    fruitless = 0
    while remaining:
        n_before = len(remaining)
        try:
            with connected(settings) as client:
                if warm is not None:
                    _warm_hosts(client, warm, settings)
                    warm = None
                _Round(client, settings, function, remaining, deaths).run(on_result)
        except ConnectionLost:
            fruitless = fruitless + 1 if len(remaining) == n_before else 0
            if fruitless == _MAX_FRUITLESS:
                raise ClusterUnreachableError(
                    f"the connection to {settings.address} was lost {fruitless} times in a row",
                    expected="a scheduler that stays",
                    remedy="look at its log; the same command then goes on with what is missing",
                ) from None
            _logger.warning(
                "%s is lost; %d of %d tasks are done, the others are submitted again",
                settings.address,
                len(tasks) - len(remaining),
                len(tasks),
            )


def _warm_hosts(client: Client, warm: Callable[[], object], settings: ClusterSettings) -> None:
    """Let one worker a host compile what all on it then load; one that cannot costs only time."""
    first = {one["host"]: address for address, one in workers_of(client).items()}
    futures = [
        client.submit(warm, key=f"rorq-warm-{secrets.token_hex(8)}", workers=[address])
        for address in first.values()
    ]
    end = time.monotonic() + settings.connect_seconds
    for future in futures:
        with suppress(Exception):
            future.result(timeout=max(end - time.monotonic(), RETRY_SECONDS))
        future.release()


class _Round:
    """What is done with one connection; what it takes from `remaining` is done."""

    def __init__(
        self,
        client: Client,
        settings: ClusterSettings,
        function: Callable[[Task], Result],
        remaining: dict[str, Task],
        deaths: Counter[str],
    ) -> None:
        self._client = client
        self._loop: Any = client.loop
        self._settings = settings
        self._function = function
        self._remaining = remaining
        self._deaths = deaths
        self._queue = deque(remaining)
        self._under_way: dict[str, _Given] = {}  # by key
        self._answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()
        self._keys = (f"rorq-{secrets.token_hex(8)}-{n}" for n in itertools.count())
        self._workers = list(workers_of(client))
        self._last_worker = self._last_result = time.monotonic()

    def run(self, on_result: Callable[[str, Result], None]) -> None:
        """Work until nothing remains."""
        next_look = time.monotonic() + _TICK_SECONDS
        while self._remaining:
            self._submit()
            arrived = self._arrived()
            self._submit()  # before results are worked on, so that no worker waits for it
            for name, result in arrived:
                on_result(name, result)
                del self._remaining[name]
            if time.monotonic() > next_look:
                self._look()
                next_look = time.monotonic() + _TICK_SECONDS

    def _submit(self) -> None:
        busy = {given.worker for given in self._under_way.values()}
        for worker in self._workers:
            if worker in busy or not self._queue:
                continue
            name, key = self._queue.popleft(), next(self._keys)
            future = self._client.submit(
                self._function, self._remaining[name], key=key, pure=False, workers=[worker]
            )
            self._under_way[key] = _Given(name, worker, future)
            self._loop.add_callback(self._fetch, key, future)

    async def _fetch(self, key: str, future: "Future[Any]") -> None:
        """Wait for a task and its result, in dask's own thread."""
        try:
            self._answers.put((key, await future, None))
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  told by who waits
            self._answers.put((key, None, error))

    def _arrived(self) -> list[tuple[str, Any]]:
        """Names and results of tasks that have come, after at most a tick."""
        arrived = []
        with suppress(queue.Empty):
            answer = self._answers.get(timeout=_TICK_SECONDS)
            while True:
                arrived.append(answer)
                answer = self._answers.get_nowait()
        if self._client.status != "running":
            raise ConnectionLost
        return [came for key, result, error in arrived for came in self._taken(key, result, error)]

    def _taken(
        self, key: str, result: Any, error: BaseException | None
    ) -> Iterator[tuple[str, Any]]:
        given = self._under_way.pop(key, None)
        if given is None:  # given up, since its worker was lost
            return
        if isinstance(error, KilledWorker):  # dask admits fewer deaths than we do
            self._lost(given, n_deaths=1)
        elif error is not None and given.future.status == "error":
            raise self._told(given.name, error)
        elif error is not None:
            raise ConnectionLost
        else:
            self._last_result = time.monotonic()
            yield given.name, result
        given.future.release()

    def _look(self) -> None:
        """Ask the scheduler for its workers, and take back what lost ones had."""
        try:
            self._workers, deaths = self._client.run_on_scheduler(
                _state_question(),
                list(self._under_way),
                callback_timeout=self._settings.connect_seconds,
            )
        except (OSError, TimeoutError, RuntimeError):
            raise ConnectionLost from None
        for key, given in list(self._under_way.items()):
            if given.worker not in self._workers:
                del self._under_way[key]
                given.future.release()
                self._lost(given, deaths.get(key, 0))
        self._require_progress()

    def _lost(self, given: "_Given", n_deaths: int) -> None:
        """Queue a task again whose worker is gone, unless it has ended another before."""
        self._deaths[given.name] += min(n_deaths, 1)  # none where the worker left on request
        n_deaths = self._deaths[given.name]
        if n_deaths > ADMITTED_DEATHS:
            raise ClusterError(
                f"{given.name} ended the worker that worked on it, {n_deaths} times",
                expected=f"at most {ADMITTED_DEATHS}",
                remedy="look at the workers' logs, and at their memory limit; all else that is "
                "done is kept",
            )
        self._queue.appendleft(given.name)

    def _require_progress(self) -> None:
        now = time.monotonic()
        if self._workers:
            self._last_worker = now
        if now - self._last_worker > self._settings.connect_seconds:
            raise ClusterUnreachableError(
                f"{self._settings.address} has had no worker for "
                f"{self._settings.connect_seconds:.0f} s",
                expected="at least one",
                remedy=f"start one: dask worker {self._settings.address} --nthreads 1; the same "
                "command then goes on with what is missing",
            )
        if now - self._last_result > self._settings.silence_seconds:
            names = ", ".join(given.name for given in self._under_way.values())
            raise ClusterError(
                f"{self._settings.address} finished nothing for "
                f"{self._settings.silence_seconds:.0f} s; under way: {names}",
                expected="a result now and then",
                remedy="look at the scheduler's dashboard and at the workers' logs",
            )

    def _told(self, name: str, error: BaseException) -> RorqError:
        """What a task's error says in one line."""
        if isinstance(error, RorqError):
            return type(error)(
                f"{name}, on a worker of {self._settings.address}: {error.found}",
                expected=error.expected,
                remedy=error.remedy,
            )
        if isinstance(error, ImportError):
            return no_package(f"a worker of {self._settings.address}", error.name or str(error))
        return ClusterError(
            f"{name} failed on a worker of {self._settings.address}: {line_of(error)}",
            remedy="look at the worker's log, or unset RORQ_CLUSTER for threads",
        )


def _state_question() -> Any:
    """A function that pickle sends by value: the scheduler may lack this package."""

    def state(keys: list[str], dask_scheduler: Any) -> tuple[list[str], dict[str, int]]:
        tasks = dask_scheduler.tasks
        deaths = {key: tasks[key].suspicious for key in keys if key in tasks}
        return [worker.address for worker in dask_scheduler.running], deaths

    return state
