"""Ports of this machine, and waiting for what other processes do on it."""

import socket
import time
from collections.abc import Callable


def free_port() -> int:
    """A loopback port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(
    holds: Callable[[], bool],
    *,
    seconds: float = 30.0,
    what: Callable[[], str] = lambda: "it",
    poll_seconds: float = 0.05,
) -> None:
    """Poll; fail with what was waited for when the time is over."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what()}"
        time.sleep(poll_seconds)
