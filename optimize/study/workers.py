"""Evaluator: a batch of combinations -> their outcomes, in order, whoever does the work.

One worker evaluates in the calling thread, more in threads of this process, since the kernels let
other threads run beside them. Processes were measured too: they start and receive the market data
for longer than a study of 200 trials takes (design/study_workers.md).
"""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from optimize.study.objective import Objective, Outcome, evaluate_guarded


class Interrupted(Exception):  # noqa: N818  no error: the batch is released on request
    """A stop was requested before the batch was done."""


class Evaluator:
    """Evaluates batches; to be closed.

    Args:
        objective: The work; called by several threads at a time if there are several workers.
        n_workers: Threads.
        stop: Gives up the batch under way once set.
    """

    def __init__(self, objective: Objective, n_workers: int, stop: threading.Event) -> None:
        self._objective = objective
        self._stop = stop
        self._threads = (
            ThreadPoolExecutor(n_workers, thread_name_prefix="rorq-worker")
            if n_workers > 1
            else None
        )

    def evaluate(self, batch: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        """Outcomes in the order of the batch.

        Raises:
            Interrupted: a stop was requested first.
        """
        if self._threads is None:
            return [self._evaluate_one(combination) for combination in batch]
        return list(self._threads.map(self._evaluate_one, batch))

    def close(self) -> None:
        """Give up what has not begun, and wait for what has."""
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    def _evaluate_one(self, combination: Mapping[str, Any]) -> Outcome:
        if self._stop.is_set():
            raise Interrupted
        return evaluate_guarded(self._objective, combination)
