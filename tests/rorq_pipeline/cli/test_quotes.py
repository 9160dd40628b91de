"""`rorq quotes` on a published choice: the generator's quotes, and those of a local provider."""

import json
from collections.abc import Callable
from datetime import date

import pytest
from click.testing import Result

from rorq_pipeline.cli.quotes import _percent, _tell
from rorq_pipeline.project.paths import ProjectPaths
from strategy.backtest import run_backtest
from strategy.backtest_range import BacktestRange
from strategy.market_data import load_sessions, write_session
from strategy.market_data.quotes.fetch import QuotesReport
from strategy.market_data.quotes.files import fills_by_day, read_quotes
from strategy.market_data.sample.generate import SampleSettings, sample_tables
from tests.rorq_pipeline.published_samples import PARAMS, RANGE, published
from tests.strategy.market_data.download.fake_provider import KEY, FakeProvider, quote, serve

Rorq = Callable[..., Result]


def test_a_synthetic_range_is_settled_at_the_quotes_of_its_generator(
    project: ProjectPaths, rorq: Rorq
) -> None:
    best = published(project, "synthetic")
    result = rorq("quotes", RANGE)
    assert result.exit_code == 0, result.output
    n_fills = 2 * best.metrics.total_trades
    assert f"{n_fills} of {n_fills} fills at quotes" in result.output
    assert f"rorq materialize {RANGE}" in result.output
    assert "% at quotes" in result.output


@pytest.mark.parametrize(
    ("n_others", "told"),
    [
        (1, ["14 of 28 quotes are the generator's own", "14 of 28 fills at quotes"]),
        (2, ["0 of 28 quotes are the generator's own", f"no trade of {RANGE} has a quote"]),
    ],
)
def test_quotes_of_another_release_of_the_generator_are_not_known(
    project: ProjectPaths, rorq: Rorq, n_others: int, told: list[str]
) -> None:
    for day in (date(2023, 1, 3), date(2023, 1, 4))[:n_others]:
        tables = sample_tables(day, SampleSettings())
        write_session(project.cache, "SPY", day, tables, source="synthetic")  # of none that we know
    published(project, "synthetic")
    first, second, *_ = rorq("quotes", RANGE).output.splitlines()
    assert [first, second[: len(told[1])]] == told


def test_damaged_sessions_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    days = tuple(date(2023, 1, day) for day in (3, 4, 5))
    _tell(QuotesReport(fetched=3, kept=2, damaged=(), requests=4), "SPY")
    _tell(QuotesReport(fetched=6, kept=0, damaged=days, requests=7), "QQQ")
    assert capsys.readouterr().out.splitlines() == [
        "3 quotes of SPY fetched, 2 were there already; 4 requests",
        "6 quotes of QQQ fetched, 0 were there already; 7 requests",
        "the quotes of 3 sessions (first 2023-01-03) were damaged and are fetched anew",
    ]


def test_a_return_that_is_not_known_is_told_as_that() -> None:
    assert [_percent(value) for value in (None, 0.0, -1.234)] == ["not known", "0.00%", "-1.23%"]


def test_a_real_range_asks_the_provider_once_for_each_fill(
    project: ProjectPaths, rorq: Rorq, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = published(project, "polygon")
    trades = run_backtest(
        PARAMS, load_sessions(project.cache, "SPY", BacktestRange.parse(RANGE))
    ).trades
    provider = FakeProvider()
    prices = {}
    for name in ("entry", "exit"):
        seconds = trades[f"{name}_time"].dt.as_unit("s").astype("int64")
        for ticker, second, price in zip(
            trades["ticker"], seconds, trades[f"{name}_price"], strict=True
        ):
            prices[ticker, int(second)] = price
    for (ticker, second), price in sorted(prices.items(), key=lambda item: item[0][1]):
        row = quote(second * 10**9 + 500, price - 0.01, price + 0.01)
        provider.quotes.setdefault(ticker, []).append(row)
    monkeypatch.setenv("POLYGON_API_KEY", KEY)
    with serve(provider):
        result = rorq("quotes", RANGE, "--base-url", provider.url)
        again = rorq("quotes", RANGE, "--base-url", provider.url)
    assert result.exit_code == again.exit_code == 0, result.output
    n_fills = sum(map(len, fills_by_day(trades).values()))
    assert f"{n_fills} quotes of SPY fetched, 0 were there already" in result.output
    assert f"0 quotes of SPY fetched, {n_fills} were there already; 0 requests" in again.output
    # A cent a side where the base pays two of slippage; fees of 2.60, a stop at half.
    net_pnl = best.metrics.net_pnl_usd + 2 * best.metrics.total_trades
    risk = sum((trades["entry_price"] + 0.01) * 100 * 0.5 + 2.6)
    assert f"{100 * net_pnl / risk:.2f}% at quotes" in result.output


def test_without_a_key_nothing_is_asked(
    project: ProjectPaths, rorq: Rorq, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POLYGON_API_KEY", raising=False)
    published(project, "polygon")
    result = rorq("quotes", RANGE)
    assert result.exit_code == 1
    assert read_quotes(project.cache, "SPY", date(2023, 1, 3)) is None


def test_a_damaged_file_of_quotes_is_one_line(project: ProjectPaths, rorq: Rorq) -> None:
    published(project, "synthetic")
    (project.cache / "SPY" / "2023-01-03" / "quotes.parquet").write_bytes(b"PAR1 broken PAR1")
    assert rorq("quotes", RANGE).exit_code == 0  # made anew
    assert read_quotes(project.cache, "SPY", date(2023, 1, 3)) is not None


def test_a_range_without_a_choice_is_one_line(project: ProjectPaths, rorq: Rorq) -> None:
    result = rorq("quotes", RANGE)
    assert result.exit_code == 1
    assert not isinstance(result.exception, json.JSONDecodeError)
