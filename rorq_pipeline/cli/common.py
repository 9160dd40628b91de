"""What every command shares: the consoles, the one-line error, and the sessions of a bucket."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from rorq_pipeline.project.fresh_cache import fresh_cache
from rorq_pipeline.project.paths import ProjectPaths
from strategy.errors import RorqError

if TYPE_CHECKING:
    from strategy.market_data.mirror import OnSession

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.

# A line stays one line however narrow the terminal, so that addresses and commands can be copied;
# what stands in brackets or between colons, as it may in a path, is text.
console = Console(soft_wrap=True, markup=False, emoji=False)
error_console = Console(stderr=True, soft_wrap=True, markup=False, emoji=False)


def print_error(error: RorqError) -> None:
    """Print one line on standard error, never a traceback."""
    line = Text("error: ", style="bold red")
    line.append(str(error), style="default")
    error_console.print(line)


def brought(paths: ProjectPaths, ticker: str) -> Path:
    """Return the cache's folder, with the ticker's sessions of the bucket in it, if it is one.

    Raises:
        BucketError: the bucket is not there, cannot be reached, or refuses.
    """
    if not paths.bucket:
        return paths.cache
    with bucket_bar(f"sessions of {ticker} from {paths.bucket}") as show:
        return fresh_cache(paths, ticker, show)


def passing_bars() -> Progress:
    """Return bars for standard error, shown on a terminal while they are at work."""
    return Progress(console=error_console, transient=True, disable=not error_console.is_terminal)


@contextmanager
def bucket_bar(what: str) -> Iterator["OnSession"]:
    """Show on a terminal how many sessions went to a bucket, or came from it."""
    with passing_bars() as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
