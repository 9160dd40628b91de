"""Flusher: stores told trials behind the coordinator's back, whole batches at a time.

One transaction is under way at most. While it lasts, or while the server is away, the coordinator
goes on until a bounded number of trials waits; then it waits too.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from optuna.trial import FrozenTrial

FLUSH_TRIALS = 50  # trials that are due at once
FLUSH_SECONDS = 1.0  # age at which fewer are due
MAX_WAITING_TRIALS = 500  # above which the coordinator waits for the database


class Flusher:
    """Hands trials to `store` in order, in a thread of its own.

    Args:
        store: Stores trials, raises if it cannot.
    """

    def __init__(self, store: Callable[[Sequence[FrozenTrial]], object]) -> None:
        self._store = store
        self._waiting: list[FrozenTrial] = []
        self._under_way: Future[object] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rorq-flush")
        self._last = time.monotonic()

    def add(self, trials: Sequence[FrozenTrial]) -> None:
        """Take in a batch, and store what is due.

        Raises:
            DatabaseError: an earlier flush failed for good.
        """
        self._waiting += trials
        is_due = (
            len(self._waiting) >= FLUSH_TRIALS or time.monotonic() - self._last >= FLUSH_SECONDS
        )
        is_free = self._under_way is None or self._under_way.done()
        if is_due and (is_free or len(self._waiting) >= MAX_WAITING_TRIALS):
            self._start()

    def flush(self) -> None:
        """Store everything and wait for it; raises what storing raised."""
        if self._waiting:
            self._start()
        self._settle()

    def close(self) -> None:
        """Store everything and end the thread; may be called again."""
        try:
            self.flush()
        finally:
            self._thread.shutdown()

    def abandon(self) -> None:
        """End the thread without storing what waits."""
        self._waiting = []
        self._thread.shutdown()

    def _start(self) -> None:
        self._settle()
        batch, self._waiting = self._waiting, []
        self._last = time.monotonic()
        self._under_way = self._thread.submit(self._store, batch)

    def _settle(self) -> None:
        if self._under_way is not None:
            under_way, self._under_way = self._under_way, None
            under_way.result()
