"""`rorq sample`: synthetic sessions for trying things out, and their removal."""

from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from rorq_pipeline.cli.common import brought, console, passing_bars
from rorq_pipeline.cli.days import DAY, NEEDED, ticker_and_days, ticker_option
from rorq_pipeline.project.paths import ProjectPaths

if TYPE_CHECKING:
    from strategy.market_data.sample.generate import SampleSummary

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.


@click.command()
@click.argument("range_text", metavar="[RANGE]", required=False)
@click.option("--start", type=DAY, hidden=True, help="First day, without RANGE.")
@click.option("--end", type=DAY, hidden=True, help="Last day, without RANGE.")
@ticker_option
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
    help="Let the edge decay from the first day on: half of it is left after so many sessions.",
)
@click.option("--force", is_flag=True, help="Make synthetic sessions that exist anew.")
@click.option("--remove", is_flag=True, help="Remove the synthetic sessions, of the dates or all.")
def command(
    range_text: str | None,
    start: datetime | None,
    end: datetime | None,
    ticker: str | None,
    seed: int,
    edge: float,
    edge_half_life_sessions: float | None,
    force: bool,
    remove: bool,
) -> None:
    """Make synthetic sessions in the cache, real in shape and marked as synthetic.

    RANGE is one such as 2023-01-03_2023-01-31, or months such as 2023-01 or 2023-01..2023-06; QQQ_
    before it names another ticker than SPY.

    Sessions that exist stay; real ones always do. The same ticker, date, seed and edge give the
    same session; with --edge-half-life-sessions the same first day too.
    """
    ticker, chosen = ticker_and_days(range_text, start, end, ticker)
    days = chosen.require_sessions() if chosen else None
    if remove:
        _remove(ticker, days)
    elif days is None:
        raise click.UsageError(NEEDED)
    else:
        _make(days, ticker, seed, edge, edge_half_life_sessions, force=force)


def _remove(ticker: str, days: tuple[date, ...] | None) -> None:
    from strategy.market_data.sample.generate import remove_samples

    paths = ProjectPaths.resolve()
    removed = remove_samples(brought(paths, ticker), ticker, days)
    console.print(f"removed {len(removed)} synthetic sessions of {ticker} from {paths.cache_name}")


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
    paths = ProjectPaths.resolve()
    cache = brought(paths, ticker)
    with passing_bars() as progress:
        task = progress.add_task(f"sample sessions of {ticker}", total=len(days))
        summary = write_samples(
            cache, days, settings, force=force, on_session=lambda _day: progress.advance(task)
        )
    _tell(summary, ticker, paths.cache_name)


def _tell(summary: "SampleSummary", ticker: str, cache: str) -> None:
    console.print(
        f"{len(summary.written)} synthetic sessions of {ticker} written to {cache}, "
        f"{len(summary.kept)} were there already",
    )
    if summary.kept_other:
        console.print(
            f"{len(summary.kept_other)} synthetic sessions of another seed, edge or release stay "
            f"as they are (first {summary.kept_other[0]}); --force makes them anew",
            style="yellow",
        )
    if summary.kept_real:
        console.print(
            f"{len(summary.kept_real)} real sessions stay as they are "
            f"(first {summary.kept_real[0]}); a range that holds both kinds is refused",
            style="yellow",
        )
