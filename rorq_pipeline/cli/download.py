"""`rorq download`: sessions from the data provider into the cache."""

import shlex
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from rorq_pipeline.cli.common import brought, console
from rorq_pipeline.cli.days import DAY, sessions_by_ticker
from rorq_pipeline.cli.fetching import fetching, provider_options
from rorq_pipeline.project.paths import ProjectPaths
from strategy.errors import DownloadError

if TYPE_CHECKING:
    from rich.progress import Progress

    from strategy.market_data.download import (
        DownloadEstimate,
        DownloadProgress,
        DownloadReport,
        DownloadSettings,
    )

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.


@click.command()
@click.argument("ranges", metavar="RANGE...", nargs=-1)
@click.option("--start", type=DAY, hidden=True, help="First day, without RANGE.")
@click.option("--end", type=DAY, hidden=True, help="Last day, without RANGE.")
@click.option(
    "--ticker", help="Underlyings, joined by commas, such as SPY,QQQ.  [default: that of RANGE]"
)
@provider_options
@click.option(
    "--search-space",
    metavar="FILE",
    help="TOML file of the search space, which decides the contracts.",
)
@click.option("--again", is_flag=True, help="Ask anew for days known to be empty.")
@click.option("--add-contracts", is_flag=True, help="Add contracts that downloaded sessions lack.")
@click.option("--estimate", "only_estimate", is_flag=True, help="Tell what it will take; no call.")
def command(
    ranges: tuple[str, ...],
    start: datetime | None,
    end: datetime | None,
    ticker: str | None,
    search_space: str | None,
    again: bool,
    add_contracts: bool,
    only_estimate: bool,
    **how_to_ask: Any,
) -> None:
    """Download the sessions of each RANGE: underlying seconds, chain, bars of the contracts.

    RANGE is one such as 2023-01-03_2023-01-31, a month or a year, 2023-01 or 2023, or a span of
    them, 2023-01..2023-06 or 2022..2023; QQQ_ before it names another ticker than SPY.

    First it says how many calls, how long and how many bytes that will be. The key comes from
    POLYGON_API_KEY, in the environment or config.py. Only contracts that the search space could
    choose are fetched. Sessions in the cache stay, synthetic ones give way. A session that the
    provider does not deliver is told at the end. An interrupted download continues where it was.
    """
    from rorq_pipeline.project.provider_key import find_provider_key, require_provider_key
    from strategy.market_data.download import DownloadSettings, estimate_download
    from strategy.space import SearchSpace

    paths = ProjectPaths.resolve()
    sessions = sessions_by_ticker(ranges, start, end, ticker)
    space = SearchSpace.from_toml(search_space) if search_space else SearchSpace.seed()
    find_key = find_provider_key if only_estimate else require_provider_key
    settings = DownloadSettings(
        api_key=find_key(paths.root) or "",
        **how_to_ask,
        ask_empty_again=again,
        add_contracts=add_contracts,
    )
    estimates = {
        one: estimate_download(brought(paths, one), one, days, settings, search_values=space)
        for one, days in sessions.items()
    }
    _tell_estimates(estimates, settings)
    if only_estimate:
        return
    n_sessions = sum(one.n_sessions + one.n_looked_at for one in estimates.values())
    reports = _download_each(paths, sessions, settings, space, n_sessions)
    for one, report in reports.items():
        _tell(report, one, paths.cache_name)
    _require_all(sessions, reports, _typed(click.get_current_context()))


def _tell_estimates(
    estimates: "Mapping[str, DownloadEstimate]", settings: "DownloadSettings"
) -> None:
    from strategy.market_data.download.estimate import ASSUMED_SECONDS_A_CALL

    for ticker, one in estimates.items():
        means = one.means
        counts = {
            "cached": one.n_cached,
            "cached, to be looked at for contracts": one.n_looked_at,
            "known to be empty": one.n_empty,
            "not over yet": one.n_not_yet,
        }
        others = "".join(f", {n} {what}" for what, n in counts.items() if n)
        basis = f"the mean of {means.n_sessions} cached ones" if means.n_sessions else "assumed"
        click.echo(
            f"{ticker}: {one.n_sessions} sessions to fetch{others}; a session takes "
            f"{1 + means.chain_pages + means.contracts:.1f} calls and "
            f"{means.size_bytes / 1e6:.1f} MB ({basis})"
        )
    limit = settings.requests_per_minute
    assumed = f"{ASSUMED_SECONDS_A_CALL} s a call, {settings.concurrency} at once, assumed"
    pace = f"{limit} a minute" if limit else assumed
    calls = sum(one.calls for one in estimates.values())
    size = sum(one.size_bytes for one in estimates.values())
    seconds = round(sum(one.seconds for one in estimates.values()))
    click.echo(
        f"about {calls:,} calls, {timedelta(seconds=seconds)} at {pace}, {size / 1e6:,.1f} MB"
    )


def _download_each(
    paths: ProjectPaths,
    sessions: Mapping[str, tuple[date, ...]],
    settings: "DownloadSettings",
    search_values: Mapping[str, Any],
    n_sessions: int,
) -> "dict[str, DownloadReport]":
    """One ticker after the other, at one pace, until too many sessions in a row failed."""
    from strategy.market_data.download import Pace, download_sessions

    pace = Pace(settings.requests_per_minute)
    reports: dict[str, DownloadReport] = {}
    with fetching() as bars:
        show = _bars(bars, n_sessions)
        for ticker, days in sessions.items():
            reports[ticker] = download_sessions(
                paths.cache,
                ticker,
                days,
                settings,
                pace=pace,
                progress=partial(show, ticker),
                search_values=search_values,
            )
            if reports[ticker].not_asked:
                break
    return reports


def _bars(bars: "Progress", n_sessions: int) -> "Callable[[str, DownloadProgress], None]":
    """One bar over the sessions of all tickers, and one over the contracts of a session."""
    sessions = bars.add_task("sessions", total=n_sessions)
    contracts = bars.add_task("contracts", total=None)
    done: dict[str, int] = {}

    def show(ticker: str, at: "DownloadProgress") -> None:
        done[ticker] = at.sessions_done
        bars.update(sessions, completed=sum(done.values()))
        bars.update(
            contracts,
            description=f"contracts of {ticker} {at.day}",
            completed=at.contracts_done,
            total=at.contracts_total or None,
        )

    return show


def _tell(report: "DownloadReport", ticker: str, cache: str) -> None:
    console.print(
        f"{len(report.written)} sessions of {ticker} written to {cache}, "
        f"{len(report.kept)} were there already; {report.requests} requests",
    )
    if report.written:
        console.print(
            f"{report.contracts} contracts with bars, {report.contracts_without_bars} without any"
        )
    _note(report.empty, "are empty at the provider, and are not asked for again without --again")
    _note(report.not_yet, "have not ended 20 minutes ago; run it again later")
    for reason in report.failed.values():
        click.echo(f"missing: {reason}", err=True)


def _note(days: tuple[date, ...], text: str) -> None:
    if days:
        console.print(f"{_span(days)} {text}", style="yellow")


def _span(days: tuple[date, ...]) -> str:
    span = f"{days[0]} to {days[-1]}" if len(days) > 1 else f"{days[0]}"
    return f"{len(days)} sessions ({span})"


def _require_all(
    tickers: Iterable[str], reports: "Mapping[str, DownloadReport]", again: str
) -> None:
    """Require that no session failed.

    Raises:
        DownloadError: some did; it tells what is missing, and the command that goes on.
    """
    missing = {ticker: report.missing for ticker, report in reports.items() if report.missing}
    if missing:
        not_begun = "".join(f", all of {one}" for one in tickers if one not in reports)
        spans = ", ".join(f"{_span(days)} of {ticker}" for ticker, days in missing.items())
        raise DownloadError(
            f"{spans}{not_begun} are missing",
            expected="every session that was asked for",
            remedy=f"what was fetched is kept; this goes on: {again}",
        )


def _typed(context: click.Context) -> str:
    """Return the command as it was typed."""
    words = ["rorq", "download"]
    for param in context.command.params:
        name = param.name or ""
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        if not isinstance(param, click.Option):
            words += value
        elif param.is_flag:
            words.append(param.opts[0])
        else:
            text = f"{value:%Y-%m-%d}" if isinstance(value, datetime) else f"{value}"
            words += [param.opts[0], text]
    return shlex.join(words)
