"""`rorq quotes`: the quotes of a published choice's fills, and what it makes at them."""

from typing import TYPE_CHECKING, Any

import click

from rorq_pipeline.cli.common import console
from rorq_pipeline.cli.fetching import fetching, provider_options
from rorq_pipeline.project.paths import ProjectPaths
from strategy.backtest_range import BacktestRange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from rorq_pipeline.results.models import BestParams
    from strategy.market_data.quotes.fetch import QuotesReport
    from strategy.market_data.quotes.files import Fill

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.


@click.command()
@click.argument("date_range", metavar="RANGE")
@provider_options
def command(date_range: str, **how_to_ask: Any) -> None:
    """Bring the quotes of the RANGE's published trades into the cache, and settle them at these.

    RANGE is one such as 2023-01-03_2023-01-31, or a month such as 2023-01.

    One request for each entry and exit of best_params, with the key of POLYGON_API_KEY; quotes in
    the cache stay. Synthetic sessions have quotes of their own. An interrupted call continues where
    it was.
    """
    from rorq_pipeline.project.resources import MarketData
    from rorq_pipeline.results.models import BestParams
    from rorq_pipeline.results.proofs import take_up_quotes
    from rorq_pipeline.results.published import sessions_of_study
    from strategy.backtest import run_backtest
    from strategy.market_data.quotes.files import fills_by_day

    chosen = BacktestRange.parse(date_range)
    best = BestParams.read(chosen.key)
    market_data = MarketData()
    trades = run_backtest(best.strategy_params, sessions_of_study(best, market_data, chosen)).trades
    wanted = fills_by_day(trades)
    if best.is_synthetic:
        _keep_sample_quotes(best, wanted)
    else:
        _tell(_fetch(best, wanted, how_to_ask), chosen.ticker)
    quotes = take_up_quotes(best, market_data, chosen).quotes
    if quotes is None:
        console.print(f"no trade of {chosen.key} has a quote")
        return
    console.print(quotes.summary())
    console.print(
        f"return on risk {_percent(best.metrics.return_on_risk_percent)} at bars, "
        f"{_percent(quotes.metrics.return_on_risk_percent)} at quotes",
    )
    console.print(
        f"the verdict and the report take it up: rorq materialize {chosen.key} "
        "--select 'verdict report'",
    )


def _keep_sample_quotes(best: "BestParams", wanted: "Mapping[date, Sequence[Fill]]") -> None:
    from strategy.market_data.quotes.files import write_quotes
    from strategy.market_data.quotes.sample import sample_quotes
    from strategy.market_data.schema import SYNTHETIC

    cache = ProjectPaths.resolve().cache
    n_made = 0
    for day, fills in wanted.items():
        table = sample_quotes(cache, best.ticker, day, fills)
        if table is not None:
            write_quotes(cache, best.ticker, day, table, source=SYNTHETIC)
            n_made += len(fills)
    n_wanted = sum(map(len, wanted.values()))
    console.print(f"{n_made} of {n_wanted} quotes are the generator's own")


def _fetch(
    best: "BestParams",
    wanted: "Mapping[date, Sequence[Fill]]",
    how_to_ask: "Mapping[str, Any]",
) -> "QuotesReport":
    from rorq_pipeline.project.provider_key import require_provider_key
    from strategy.market_data.download import DownloadSettings
    from strategy.market_data.quotes.fetch import fetch_quotes

    paths = ProjectPaths.resolve()
    settings = DownloadSettings(api_key=require_provider_key(paths.root), **how_to_ask)
    with fetching() as bars:
        task = bars.add_task(f"quotes of {best.ticker}", total=None)
        return fetch_quotes(
            paths.cache,
            best.ticker,
            wanted,
            settings,
            progress=lambda done, total: bars.update(task, completed=done, total=total),
        )


def _tell(report: "QuotesReport", ticker: str) -> None:
    console.print(
        f"{report.fetched} quotes of {ticker} fetched, {report.kept} were there already; "
        f"{report.requests} requests",
    )
    if report.damaged:
        console.print(
            f"the quotes of {len(report.damaged)} sessions (first {report.damaged[0]}) were "
            "damaged and are fetched anew",
            style="yellow",
        )


def _percent(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2f}%"
