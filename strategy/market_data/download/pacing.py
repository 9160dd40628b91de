"""When a request may go out: so many a minute, and after a refusal, later and later."""

import threading
import time
from collections import deque
from collections.abc import Callable

from strategy.errors import DownloadError

_MINUTE_SECONDS = 60.0
_SHORTEST_WAIT_SECONDS = 0.001
_LONGEST_WAIT_SECONDS = 60.0


class Pace:
    """Lets threads through, at most so many in any minute, until the download is stopped."""

    def __init__(
        self,
        requests_per_minute: int | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the limit; None lets everybody through."""
        self._limit = requests_per_minute
        self._clock = clock
        self._sent: deque[float] = deque()
        self._guard = threading.Lock()
        self._stopped = threading.Event()
        self.n_requests = 0

    def wait_for_turn(self) -> None:
        """Return when a request may go out.

        Raises:
            DownloadError: the download was stopped.
        """
        while (seconds := self._seconds_to_turn()) > 0:
            self.pause(seconds)
        self.pause(0)

    def pause(self, seconds: float) -> None:
        """Wait, unless the download is stopped meanwhile.

        Raises:
            DownloadError: it was.
        """
        if self._stopped.wait(min(seconds, _LONGEST_WAIT_SECONDS)):
            raise DownloadError("the download was stopped", remedy="start it again to continue")

    def stop(self) -> None:
        """Let nobody through any more."""
        self._stopped.set()

    def _seconds_to_turn(self) -> float:
        with self._guard:
            now = self._clock()
            while self._sent and now - self._sent[0] >= _MINUTE_SECONDS:
                self._sent.popleft()
            if self._limit is not None and len(self._sent) >= self._limit:
                return max(_MINUTE_SECONDS - (now - self._sent[0]), _SHORTEST_WAIT_SECONDS)
            self._sent.append(now)
            self.n_requests += 1
            return 0.0
