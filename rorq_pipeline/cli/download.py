"""`rorq download`: sessions from the data provider into the cache."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from rorq_pipeline.cli.common import brought, console
from rorq_pipeline.cli.days import DAY, NEEDED, ticker_and_days, ticker_option
from rorq_pipeline.cli.fetching import fetching, provider_options
from rorq_pipeline.project.paths import ProjectPaths

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress

    from strategy.market_data.download import DownloadProgress, DownloadReport

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.


@click.command()
@click.argument("range_text", metavar="RANGE", required=False)
@click.option("--start", type=DAY, hidden=True, help="First day, without RANGE.")
@click.option("--end", type=DAY, hidden=True, help="Last day, without RANGE.")
@ticker_option
@provider_options
@click.option(
    "--search-space",
    type=click.Path(exists=True, dir_okay=False),
    help="TOML file of the search space, which decides the contracts.",
)
@click.option("--again", is_flag=True, help="Ask anew for days known to be empty.")
@click.option("--add-contracts", is_flag=True, help="Add contracts that downloaded sessions lack.")
def command(
    range_text: str | None,
    start: datetime | None,
    end: datetime | None,
    ticker: str | None,
    search_space: str | None,
    again: bool,
    add_contracts: bool,
    **how_to_ask: Any,
) -> None:
    """Download the sessions of RANGE: underlying seconds, chain, bars of the contracts.

    RANGE is one such as 2023-01-03_2023-01-31, or months such as 2023-01 or 2023-01..2023-06; QQQ_
    before it names another ticker than SPY.

    The key comes from POLYGON_API_KEY, in the environment or config.py. Only contracts that the
    search space could choose are fetched. Sessions in the cache stay, synthetic ones give way.
    An interrupted download continues where it was.
    """
    from rorq_pipeline.project.provider_key import require_provider_key
    from strategy.market_data.download import DownloadSettings, download_sessions
    from strategy.space import SearchSpace

    paths = ProjectPaths.resolve()
    ticker, date_range = ticker_and_days(range_text, start, end, ticker)
    if date_range is None:
        raise click.UsageError(NEEDED)
    space = SearchSpace.from_toml(search_space) if search_space else SearchSpace.seed()
    settings = DownloadSettings(
        api_key=require_provider_key(paths.root),
        **how_to_ask,
        ask_empty_again=again,
        add_contracts=add_contracts,
    )
    cache = brought(paths, ticker)
    with fetching() as bars:
        report = download_sessions(
            cache,
            ticker,
            date_range,
            settings,
            progress=_bars(bars, ticker),
            search_values=space,
        )
    _tell(report, ticker, paths.cache_name)


def _bars(bars: "Progress", ticker: str) -> "Callable[[DownloadProgress], None]":
    sessions = bars.add_task(f"sessions of {ticker}", total=None)
    contracts = bars.add_task("contracts", total=None)

    def show(at: "DownloadProgress") -> None:
        bars.update(sessions, completed=at.sessions_done, total=at.sessions_total)
        bars.update(
            contracts,
            description=f"contracts of {at.day}",
            completed=at.contracts_done,
            total=at.contracts_total or None,
        )

    return show


def _tell(report: "DownloadReport", ticker: str, cache: str) -> None:
    console.print(
        f"{len(report.written)} sessions of {ticker} written to {cache}, "
        f"{len(report.kept)} were there already; {report.requests} requests",
        soft_wrap=True,
    )
    if report.written:
        console.print(
            f"{report.contracts} contracts with bars, {report.contracts_without_bars} without any"
        )
    _note(report.empty, "are empty at the provider, and are not asked for again without --again")
    _note(report.not_yet, "have not ended 20 minutes ago; run it again later")


def _note(days: tuple[date, ...], text: str) -> None:
    if days:
        span = f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}"
        console.print(f"{len(days)} sessions ({span}) {text}", style="yellow", soft_wrap=True)
