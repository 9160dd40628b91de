"""`rorq import-legacy`: the predecessor's pickled cache becomes sessions."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

from rorq_pipeline.cli.common import console, error_console, passing_bars
from rorq_pipeline.project.fresh_cache import cache_folder
from rorq_pipeline.project.paths import ProjectPaths
from strategy.errors import LegacyImportError

if TYPE_CHECKING:
    from strategy.market_data.legacy.importing import ImportSummary

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.

_OUTCOMES = {"written": "written", "kept": "there already", "refused": "refused"}


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--keep-repeats",
    is_flag=True,
    help="Keep the seconds that the predecessor filled, to get its own numbers again; they count "
    "volume twice in the running VWAP.",
)
def command(folder: Path, keep_repeats: bool) -> None:
    """Import the predecessor's cache: DIR holds its folders spy, chain and option.

    Pickles are read without running them: a file that asks for anything but the parts of a stored
    table is refused. Sessions that the cache holds already stay as they are.
    """
    from strategy.market_data.legacy.importing import import_legacy

    paths = ProjectPaths.resolve()
    with passing_bars() as progress:
        task = progress.add_task("importing sessions", total=None)
        summary = import_legacy(
            folder,
            cache_folder(paths),
            keep_repeats=keep_repeats,
            on_start=lambda count: progress.update(task, total=count),
            on_session=lambda _session: progress.advance(task),
        )
    _tell(summary, paths.cache_name)
    if summary.errors:
        raise LegacyImportError(
            f"{len(summary.errors)} files or sessions were not imported",
            expected="every file to be sound",
            remedy="see the lines above; the rest is in the cache",
        )


def _tell(summary: "ImportSummary", cache: str) -> None:
    for finding in summary.findings:
        style = "red" if finding.is_error else "yellow"
        error_console.print(Text(str(finding), style=style))
    table = Table(box=None)
    for name in ("session", "outcome"):
        table.add_column(name, no_wrap=True)
    for name in ("underlying bars", "repeats dropped", "contracts", "option bars"):
        table.add_column(name, justify="right")
    for done in summary.sessions:
        counts = (done.underlying_bars, done.repeats_dropped, done.contracts, done.option_bars)
        cells = [f"{count:,}" if done.outcome == "written" else "" for count in counts]
        table.add_row(f"{done.ticker} {done.date}", _OUTCOMES[done.outcome], *cells)
    console.print(table)
    written = sum(done.outcome == "written" for done in summary.sessions)
    dropped = sum(done.fills_dropped for done in summary.sessions)
    if dropped:
        console.print(f"{dropped:,} filled rows of options were dropped")
    console.print(f"{written} sessions written to {cache}")
