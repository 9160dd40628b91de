"""What `rorq download` and `rorq quotes` share: progress, and how they are interrupted."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import Progress

from rorq_pipeline.cli.common import error_console
from strategy.errors import DownloadError


@contextmanager
def fetching() -> Iterator[Progress]:
    """Show the bars of a fetch, on a terminal, until it ends or Ctrl-C or SIGTERM interrupts it.

    Raises:
        DownloadError: it was interrupted.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    shown = error_console.is_terminal
    try:
        with Progress(console=error_console, transient=True, disable=not shown) as bars:
            yield bars
    except KeyboardInterrupt:
        raise DownloadError(
            "interrupted", remedy="what was fetched is kept; the same command continues"
        ) from None
    finally:
        signal.signal(signal.SIGTERM, before)
