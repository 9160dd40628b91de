"""A connection to a scheduler: made within a time, of a cluster that is like this process."""

import queue
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

from distributed import Client
from distributed.versions import VersionMismatchWarning

from optimize.cluster.settings import ClusterSettings
from optimize.cluster.versions import require_alike
from strategy.errors import ClusterUnreachableError

RETRY_SECONDS = 0.5  # between two attempts to connect
_CLOSE_SECONDS = 5.0
_LOST = (OSError, TimeoutError, EOFError)  # dask's errors of connections are OSErrors
Result = TypeVar("Result")


class ConnectionLost(Exception):  # noqa: N818  no error yet: it is tried again
    """The scheduler is gone, and with it what was under way."""


@dataclass(frozen=True, kw_only=True)
class ClusterState:
    """What a cluster is like now."""

    n_workers: int
    dashboard_url: str | None  # where the scheduler shows what its workers do


def look_at(settings: ClusterSettings) -> ClusterState:
    """Connect, and compare versions, as before a first task.

    Raises:
        ClusterError: there is no cluster, or none that could do the work.
    """
    try:
        with connected(settings) as client:
            return ClusterState(
                n_workers=len(workers_of(client)), dashboard_url=client.dashboard_link
            )
    except ConnectionLost:
        raise ClusterUnreachableError(
            f"the connection to {settings.address} was lost",
            expected="a scheduler that stays",
            remedy="look at its log",
        ) from None


@contextmanager
def connected(settings: ClusterSettings) -> Iterator[Client]:
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
            raise ConnectionLost from None
        yield client
    finally:
        with suppress(*_LOST, RuntimeError):
            _within(_CLOSE_SECONDS + RETRY_SECONDS, partial(client.close, timeout=_CLOSE_SECONDS))


def _client(settings: ClusterSettings) -> Client:
    """Connect, again and again until time is up."""
    end = time.monotonic() + settings.connect_seconds
    while True:
        left = max(end - time.monotonic(), RETRY_SECONDS)
        attempt = partial(Client, settings.address, timeout=left, set_as_default=False, name="rorq")
        try:
            with warnings.catch_warnings():  # versions are compared by ourselves
                warnings.simplefilter("ignore", VersionMismatchWarning)
                client: Client = _within(left + RETRY_SECONDS, attempt)
                return client
        except (
            TypeError,
            RuntimeError,
        ) as error:  # what waiting does not mend
            raise ClusterUnreachableError(
                f"no connection to {settings.address} is made ({line_of(error)})",
                expected="certificates in dask's configuration for tls://, and no demand of "
                "encryption for another scheme",
                remedy="set distributed.comm.tls there, or correct RORQ_CLUSTER",
            ) from None
        except (*_LOST, ValueError) as error:
            if time.monotonic() + RETRY_SECONDS > end:
                raise ClusterUnreachableError(
                    f"no scheduler answers at {settings.address} ({line_of(error)})",
                    expected=f"one within {settings.connect_seconds:.0f} s",
                    remedy="start it, or correct RORQ_CLUSTER, or unset it for threads; what is "
                    "done is kept",
                ) from None
            time.sleep(RETRY_SECONDS)


def _within(seconds: float, call: Callable[[], Result]) -> Result:
    """Call what may never return: dask's client waits for a frozen scheduler without end."""
    answer: queue.SimpleQueue[tuple[Result | None, Exception | None]] = queue.SimpleQueue()

    def put() -> None:
        try:
            answer.put((call(), None))
        except Exception as error:  # noqa: BLE001  raised where it is waited for
            answer.put((None, error))

    threading.Thread(target=put, daemon=True).start()
    try:
        result, error = answer.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:.0f} s") from None
    if error is not None:
        raise error
    return cast("Result", result)


def workers_of(client: Client) -> Mapping[str, Any]:
    """What the scheduler knows of each worker, by address."""
    workers: Mapping[str, Any] = client.scheduler_info()["workers"]
    return workers


def line_of(error: BaseException | None) -> str:
    """Kind and first line of an error."""
    text = str(error).splitlines()
    return f"{type(error).__name__}: {text[0]}"[:200] if text else type(error).__name__
