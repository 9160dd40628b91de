"""What `rorq download` and `rorq quotes` share: how to ask, progress, how they are interrupted."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from rich.progress import Progress

from rorq_pipeline.cli.common import passing_bars
from strategy.errors import DownloadError

F = TypeVar("F", bound=Callable[..., Any])


def provider_options(command: F) -> F:
    """Add how to ask: parameters of `DownloadSettings`, under its names."""
    for option in (
        click.option("--base-url", hidden=True, help="Another address of the provider."),
        click.option(
            "--concurrency",
            type=click.IntRange(1, 64),
            default=8,
            show_default=True,
            help="Requests under way at once.",
        ),
        click.option(
            "--requests-per-minute",
            type=click.IntRange(min=1),
            help="At most so many requests in any minute; 5 on free plans.  [default: no limit]",
        ),
    ):
        command = option(command)
    return command


@contextmanager
def fetching() -> Iterator[Progress]:
    """Show the bars of a fetch, on a terminal, until it ends or Ctrl-C or SIGTERM interrupts it.

    Raises:
        DownloadError: it was interrupted.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with passing_bars() as bars:
            yield bars
    except KeyboardInterrupt:
        raise DownloadError(
            "interrupted", remedy="what was fetched is kept; the same command continues"
        ) from None
    finally:
        signal.signal(signal.SIGTERM, before)
