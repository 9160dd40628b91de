"""`rorq sample`: synthetic sessions for trying things out, and their removal."""

from datetime import date, datetime
from typing import TYPE_CHECKING

import click
from rich.progress import Progress

from rorq_pipeline.cli.common import console, error_console
from rorq_pipeline.project.paths import ProjectPaths
from strategy.date_range import DateRange

if TYPE_CHECKING:
    from strategy.market_data.sample.generate import SampleSummary

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--start", type=_DAY, metavar="DATE", help="First date, such as 2023-01-03.")
@click.option("--end", type=_DAY, metavar="DATE", help="Last date, included.")
@click.option("--ticker", default="SPY", show_default=True, help="Underlying of the sessions.")
@click.option("--seed", default=0, show_default=True, help="Other seeds give other sessions.")
@click.option(
    "--edge",
    default=1.0,
    show_default=True,
    help="Strength of the planted mean reversion to VWAP; 0 for none, as a null test.",
)
@click.option(
    "--edge-half-life-sessions",
    type=float,
    metavar="N",
    help="Let the edge decay from --start on: half of it is left after so many sessions.",
)
@click.option("--force", is_flag=True, help="Make synthetic sessions that exist anew.")
@click.option("--remove", is_flag=True, help="Remove the synthetic sessions, of the dates or all.")
def command(
    start: datetime | None,
    end: datetime | None,
    ticker: str,
    seed: int,
    edge: float,
    edge_half_life_sessions: float | None,
    force: bool,
    remove: bool,
) -> None:
    """Make synthetic sessions in the cache, real in shape and marked as synthetic.

    Sessions that exist stay; real ones always do. The same ticker, date, seed and edge give the
    same session; with --edge-half-life-sessions the same --start too.
    """
    if (start is None) != (end is None) or (start is None and not remove):
        raise click.UsageError("--start and --end are needed, such as 2023-01-03 and 2023-01-31.")
    days = None if start is None or end is None else _sessions(start.date(), end.date())
    if remove:
        _remove(ticker, days)
    else:
        _make(days or (), ticker, seed, edge, edge_half_life_sessions, force=force)


def _sessions(start: date, end: date) -> tuple[date, ...]:
    return DateRange(start, end).require_sessions()


def _remove(ticker: str, days: tuple[date, ...] | None) -> None:
    from strategy.market_data.sample.generate import remove_samples

    cache = ProjectPaths.resolve().cache
    removed = remove_samples(cache, ticker, days)
    console.print(f"removed {len(removed)} synthetic sessions of {ticker} from {cache}")


def _make(
    days: tuple[date, ...],
    ticker: str,
    seed: int,
    edge: float,
    half_life_sessions: float | None,
    *,
    force: bool,
) -> None:
    from strategy.market_data.sample.generate import SampleSettings, write_samples

    settings = SampleSettings(
        ticker=ticker,
        seed=seed,
        edge=edge,
        edge_half_life_sessions=half_life_sessions,
        edge_decays_from=None if half_life_sessions is None else days[0],
    )
    cache = ProjectPaths.resolve().cache
    shown = error_console.is_terminal
    with Progress(console=error_console, transient=True, disable=not shown) as progress:
        task = progress.add_task(f"sample sessions of {ticker}", total=len(days))
        summary = write_samples(
            cache, days, settings, force=force, on_session=lambda _day: progress.advance(task)
        )
    _tell(summary, ticker, str(cache))


def _tell(summary: "SampleSummary", ticker: str, cache: str) -> None:
    console.print(
        f"{len(summary.written)} synthetic sessions of {ticker} written to {cache}, "
        f"{len(summary.kept)} were there already",
        soft_wrap=True,
    )
    if summary.kept_other:
        console.print(
            f"{len(summary.kept_other)} synthetic sessions of another seed, edge or release stay "
            f"as they are (first {summary.kept_other[0]}); --force makes them anew",
            style="yellow",
            soft_wrap=True,
        )
    if summary.kept_real:
        console.print(
            f"{len(summary.kept_real)} real sessions stay as they are "
            f"(first {summary.kept_real[0]}); a range that holds both kinds is refused",
            style="yellow",
            soft_wrap=True,
        )
