"""A function over named tasks on a cluster: each result once, as it comes, whatever dies meanwhile.

At most one task a worker is under way, so that a worker's death points to the task that it had. A
lost worker costs its task, which dask gives to another; with a lost scheduler, what was under way
is lost, and only that is submitted again once a scheduler is back. Whoever is given the results
keeps them: this module knows nothing of files.
"""

import itertools
import logging
import secrets
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from distributed import Client, Future, KilledWorker
from distributed.versions import VersionMismatchWarning

from optimize.cluster.settings import ClusterSettings
from optimize.cluster.versions import no_package, require_alike
from strategy.errors import ClusterError, ClusterUnreachableError, RorqError

ADMITTED_DEATHS = 1  # of workers with one task; it is named after one more
_TICK_SECONDS = 1.0  # between two looks at scheduler and workers
_RETRY_SECONDS = 0.5  # between two attempts to connect
_CLOSE_SECONDS = 5.0
_MAX_FRUITLESS = 5  # connections lost one after another without a result
_LOST = (OSError, TimeoutError, EOFError)  # dask's errors of connections are OSErrors
Task = TypeVar("Task")
Result = TypeVar("Result")
_logger = logging.getLogger("rorq")


class _ConnectionLost(Exception):  # noqa: N818  no error yet: it is tried again
    """The scheduler is gone, and with it what was under way."""


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
    fruitless = 0
    while remaining:
        n_before = len(remaining)
        try:
            with _connected(settings) as client:
                if warm is not None:
                    _warm_hosts(client, warm, settings)
                    warm = None
                _Round(client, settings, function, remaining).run(on_result)
        except _ConnectionLost:
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


def dashboard_url(settings: ClusterSettings) -> str | None:
    """Where the scheduler shows what its workers do; None where it does not say."""
    with _connected(settings) as client:
        link: str | None = client.dashboard_link
    return link


@contextmanager
def _connected(settings: ClusterSettings) -> Iterator[Client]:
    """A client of a cluster that has a worker and is like this process."""
    client = _client(settings)
    try:
        try:
            client.wait_for_workers(1, timeout=settings.connect_seconds)
            require_alike(client, within_seconds=settings.connect_seconds)
        except TimeoutError:
            raise ClusterUnreachableError(
                f"{settings.address} has no worker that answers within "
                f"{settings.connect_seconds:.0f} s",
                expected="at least one",
                remedy=f"start one: dask worker {settings.address} --nthreads 1",
            ) from None
        except OSError:
            raise _ConnectionLost from None
        yield client
    finally:
        with suppress(*_LOST, RuntimeError):
            client.close(timeout=_CLOSE_SECONDS)


def _client(settings: ClusterSettings) -> Client:
    """Connect, again and again until time is up."""
    end = time.monotonic() + settings.connect_seconds
    while True:
        left = max(end - time.monotonic(), _RETRY_SECONDS)
        try:
            with warnings.catch_warnings():  # versions are compared by ourselves
                warnings.simplefilter("ignore", VersionMismatchWarning)
                return Client(settings.address, timeout=left, set_as_default=False, name="rorq")
        except (*_LOST, ValueError) as error:
            if time.monotonic() + _RETRY_SECONDS > end:
                raise ClusterUnreachableError(
                    f"no scheduler answers at {settings.address} ({_line(error)})",
                    expected=f"one within {settings.connect_seconds:.0f} s",
                    remedy="start it, or correct RORQ_CLUSTER, or unset it for threads; what is "
                    "done is kept",
                ) from None
            time.sleep(_RETRY_SECONDS)


def _warm_hosts(client: Client, warm: Callable[[], object], settings: ClusterSettings) -> None:
    """Let one worker a host compile what all on it then load; one that cannot costs only time."""
    first = {one["host"]: address for address, one in _workers(client).items()}
    futures = [
        client.submit(warm, key=f"rorq-warm-{secrets.token_hex(8)}", workers=[address])
        for address in first.values()
    ]
    end = time.monotonic() + settings.connect_seconds
    for future in futures:
        with suppress(Exception):
            future.result(timeout=max(end - time.monotonic(), _RETRY_SECONDS))
        future.release()


def _workers(client: Client) -> Mapping[str, Any]:
    workers: Mapping[str, Any] = client.scheduler_info()["workers"]
    return workers


class _Round:
    """What is done with one connection; what it takes from `remaining` is done."""

    def __init__(
        self,
        client: Client,
        settings: ClusterSettings,
        function: Callable[[Task], Result],
        remaining: dict[str, Task],
    ) -> None:
        self._client = client
        self._settings = settings
        self._function = function
        self._remaining = remaining
        self._queue = iter(list(remaining))
        self._under_way: dict[str, tuple[str, Future[Result]]] = {}  # by key: name and future
        self._prefix = f"rorq-{secrets.token_hex(8)}"  # others' keys on the cluster are others'
        self._news = threading.Event()
        self._n_workers = len(_workers(client))
        self._last_worker = self._last_result = time.monotonic()

    def run(self, on_result: Callable[[str, Result], None]) -> None:
        """Work until nothing remains."""
        next_look = time.monotonic() + _TICK_SECONDS
        while self._remaining:
            self._submit()
            self._news.wait(_TICK_SECONDS)
            self._news.clear()
            arrived = list(self._arrived())
            self._submit()  # before results are worked on, so that no worker waits for it
            for name, result in arrived:
                on_result(name, result)
                del self._remaining[name]
            if time.monotonic() > next_look:
                self._look()
                next_look = time.monotonic() + _TICK_SECONDS

    def _submit(self) -> None:
        free = max(self._n_workers - len(self._under_way), 0)
        for name in itertools.islice(self._queue, free):
            key = f"{self._prefix}-{name}"
            future = self._client.submit(self._function, self._remaining[name], key=key, pure=False)
            self._under_way[key] = name, future
            future.add_done_callback(lambda _: self._news.set())

    def _arrived(self) -> Iterator[tuple[str, Any]]:
        """Names and results of finished tasks, which are then no longer under way."""
        if self._client.status != "running":
            raise _ConnectionLost
        for key, (name, future) in list(self._under_way.items()):
            if future.status == "pending":
                continue
            if future.status == "error":
                raise self._told(name, future.exception(timeout=self._settings.connect_seconds))
            if future.status != "finished":
                raise _ConnectionLost
            try:
                result = future.result(timeout=self._settings.connect_seconds)
            except TimeoutError:  # its worker is gone with it: another makes it again
                continue
            except (OSError, RuntimeError):
                raise _ConnectionLost from None
            del self._under_way[key]
            future.release()
            self._last_result = time.monotonic()
            yield name, result

    def _look(self) -> None:
        """Ask the scheduler how many workers there are, and which tasks ended theirs."""
        try:
            self._n_workers, deaths = self._client.run_on_scheduler(
                _state_question(),
                list(self._under_way),
                callback_timeout=self._settings.connect_seconds,
            )
        except (OSError, TimeoutError, RuntimeError):
            raise _ConnectionLost from None
        now = time.monotonic()
        if self._n_workers:
            self._last_worker = now
        for key, n_deaths in deaths.items():
            if n_deaths > ADMITTED_DEATHS:
                raise self._deadly(self._under_way[key][0], n_deaths)
        if now - self._last_worker > self._settings.connect_seconds:
            raise ClusterUnreachableError(
                f"{self._settings.address} has had no worker for "
                f"{self._settings.connect_seconds:.0f} s",
                expected="at least one",
                remedy=f"start one: dask worker {self._settings.address} --nthreads 1; the same "
                "command then goes on with what is missing",
            )
        if now - self._last_result > self._settings.silence_seconds:
            names = ", ".join(name for name, _ in self._under_way.values())
            raise ClusterError(
                f"{self._settings.address} finished nothing for "
                f"{self._settings.silence_seconds:.0f} s; under way: {names}",
                expected="a result now and then",
                remedy="look at the scheduler's dashboard and at the workers' logs",
            )

    def _told(self, name: str, error: BaseException | None) -> RorqError:
        """What a task's error says in one line."""
        if isinstance(error, RorqError):
            return type(error)(
                f"{name}, on a worker of {self._settings.address}: {error.found}",
                expected=error.expected,
                remedy=error.remedy,
            )
        if isinstance(error, KilledWorker):
            return self._deadly(name, error.allowed_failures + 1)
        if isinstance(error, ImportError):
            return no_package(f"a worker of {self._settings.address}", error.name or str(error))
        return ClusterError(
            f"{name} failed on a worker of {self._settings.address}: {_line(error)}",
            remedy="look at the worker's log, or unset RORQ_CLUSTER for threads",
        )

    def _deadly(self, name: str, n_deaths: int) -> ClusterError:
        return ClusterError(
            f"{name} ended the worker that worked on it, {n_deaths} times",
            expected=f"at most {ADMITTED_DEATHS}",
            remedy="look at the workers' logs, and at their memory limit; all else that is done "
            "is kept",
        )


def _state_question() -> Any:
    """A function that pickle sends by value: the scheduler may lack this package."""

    def state(keys: list[str], dask_scheduler: Any) -> tuple[int, dict[str, int]]:
        tasks = dask_scheduler.tasks
        deaths = {key: tasks[key].suspicious for key in keys if key in tasks}
        return len(dask_scheduler.running), deaths

    return state


def _line(error: BaseException | None) -> str:
    text = str(error).splitlines()
    return f"{type(error).__name__}: {text[0]}"[:200] if text else type(error).__name__
