"""Evaluators: a batch of combinations -> their outcomes, in order, whoever does the work.

One worker evaluates in this process. More are processes of `optimize.study.worker_process`, each
fed one combination at a time over a socket. A worker that dies is replaced and its combination
given to another; nothing of it has been recorded by then, so nothing is lost or counted twice. The
workers read the market data from one file that is mapped by all of them.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from optimize.study.objective import Objective, Outcome, evaluate_guarded
from optimize.study.worker_payload import write_payload
from strategy.errors import StudyError

MAX_DEATHS = 20  # of workers in the middle of one combination, before it is failed
MAX_ENDS = 10  # of workers by themselves, without an outcome in between
MAX_KILLS = 200  # of workers by a signal, without an outcome in between
_PROGRAM = "optimize.study.worker_process"
_POLL_SECONDS = 0.2  # how often a stop request is looked for


class Interrupted(Exception):  # noqa: N818  no error: the batch is released on request
    """A stop was requested before the batch was done."""


class Evaluator(Protocol):
    """Evaluates batches; to be closed."""

    def evaluate(self, batch: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        """Outcomes in the order of the batch.

        Raises:
            Interrupted: a stop was requested first.
        """
        ...

    def close(self) -> None:
        """End what was started."""
        ...


class InProcess:
    """Evaluates in this process, one after the other."""

    def __init__(self, objective: Objective, stop: threading.Event) -> None:
        self._objective = objective
        self._stop = stop

    def evaluate(self, batch: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        """See Evaluator."""
        outcomes = []
        for combination in batch:
            if self._stop.is_set():
                raise Interrupted
            outcomes.append(evaluate_guarded(self._objective, combination))
        return outcomes

    def close(self) -> None:
        """Nothing was started."""


class WorkerPool:
    """Evaluates in `n_workers` processes."""

    def __init__(self, objective: Objective, n_workers: int, stop: threading.Event) -> None:
        self._stop = stop
        self._n_deaths = 0  # of workers since the last outcome
        self._payload = Path(tempfile.mkdtemp(prefix="rorq-workers-")) / "objective"
        write_payload(self._payload, objective)
        self._workers: list[_Worker] = [_Worker(self._payload) for _ in range(n_workers)]

    @property
    def process_ids(self) -> list[int]:
        """Of the workers, for tests that kill them."""
        return [worker.process.pid for worker in self._workers]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def evaluate(self, batch: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        """See Evaluator.

        Raises:
            StudyError: workers die before they can answer at all.
        """
        outcomes: dict[int, Outcome] = {}
        deaths = [0] * len(batch)
        to_do = deque(range(len(batch)))
        while len(outcomes) < len(batch):
            for worker in self._workers:
                if worker.is_idle and to_do:
                    worker.give(to_do.popleft(), batch)
            for worker in self._speaking():
                task, said = worker.task, worker.receive()
                if isinstance(said, Outcome) and task is not None:
                    outcomes[task] = said
                    self._n_deaths = 0
                elif said is None:
                    self._replace(worker)
                    if task is None:
                        continue
                    deaths[task] += 1
                    if deaths[task] < MAX_DEATHS:
                        to_do.appendleft(task)
                    else:
                        outcomes[task] = Outcome(error=f"it ended its worker {MAX_DEATHS} times")
        return [outcomes[i] for i in range(len(batch))]

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.end()
        self._workers = []
        shutil.rmtree(self._payload.parent, ignore_errors=True)

    def _speaking(self) -> list["_Worker"]:
        """Workers that have something to say, or are dead."""
        awaited = {worker.connection: worker for worker in self._workers if not worker.is_idle}
        while True:
            if self._stop.is_set():
                raise Interrupted
            ready = wait(list(awaited), timeout=_POLL_SECONDS)
            if ready:
                return [awaited[connection] for connection in ready]  # type: ignore[index]

    def _replace(self, dead: "_Worker") -> None:
        dead.end(patience_seconds=1.0)
        by_itself = dead.process.returncode >= 0
        self._n_deaths += 1
        if self._n_deaths > (MAX_ENDS if by_itself else MAX_KILLS):
            raise StudyError(
                f"{self._n_deaths} worker processes ended without an answer, the last with "
                f"exit code {dead.process.returncode}",
                expected="worker processes that run",
                remedy="run with workers 1 to see the fault in this process",
            )
        self._workers[self._workers.index(dead)] = _Worker(self._payload)


class _Worker:
    """One process and the socket to it."""

    def __init__(self, payload: Path) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603  our own module, no shell
                [
                    sys.executable,
                    "-m",
                    _PROGRAM,
                    str(theirs.fileno()),
                    payload,
                ],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # a terminal's Ctrl-C is for the run, which decides
            )
        self.connection = Connection(ours.detach())
        self.task: int | None = None
        self._is_ready = False  # it says so once the objective is loaded

    @property
    def is_idle(self) -> bool:
        """Whether it can be given a combination."""
        return self._is_ready and self.task is None

    def give(self, task: int, batch: Sequence[Mapping[str, Any]]) -> None:
        """Hand over a combination; a dead worker shows when its answer is read."""
        self.task = task
        with suppress(OSError):
            self.connection.send(dict(batch[task]))

    def receive(self) -> Outcome | str | None:
        """The outcome of its task, READY, or None if the worker is dead."""
        self.task = None
        try:
            said: Outcome | str = self.connection.recv()
        except (EOFError, OSError):
            return None
        self._is_ready = True
        return said

    def end(self, patience_seconds: float = 0.0) -> None:
        """Wait for the process to end by itself, then kill it."""
        self.connection.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=patience_seconds)
        self.process.kill()
        self.process.wait()
