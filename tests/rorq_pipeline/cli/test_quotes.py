"""`rorq quotes` on a published choice: the generator's quotes, and those of a local provider."""

import json
from collections.abc import Callable
from datetime import date

import pytest
from click.testing import Result

from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.results.models import BestParams
from strategy.backtest import ENGINE_VERSION, run_backtest
from strategy.backtest_range import BacktestRange
from strategy.market_data import layout, load_sessions
from strategy.market_data.quotes.files import fills_by_day, read_quotes
from strategy.market_data.sample.generate import SampleSettings, sample_tables
from strategy.params import StrategyParams
from strategy.session import data_fingerprint
from tests.rorq_pipeline.results_made import best_params
from tests.strategy.market_data.download.fake_provider import KEY, FakeProvider, quote, serve

Rorq = Callable[..., Result]
RANGE = "2023-01-03_2023-01-04"
PARAMS = StrategyParams(stretch_threshold=0.002, reclaim_threshold=0.0012)
COMBINATION = {
    "entry_window": "09:30-15:45", "stretch_threshold": 0.002, "reclaim_percentage": 0.6,
    "cooldown_period_seconds": 120, "take_profit_percent": 50, "stop_loss_percent": -50,
    "max_trade_duration_seconds": 300, "strikes_depth": 1, "option_selection_mode": "itm",
}  # fmt: skip


def published(project: ProjectPaths, source: str) -> BestParams:
    """Parameters published from two sessions that say they are of this source."""
    for day in (date(2023, 1, 3), date(2023, 1, 4)):
        settings = SampleSettings()
        tables = sample_tables(day, settings)
        layout.write_session(
            project.cache, "SPY", day, tables, source=source, extra_metadata=settings.metadata
        )
    sessions = load_sessions(project.cache, "SPY", BacktestRange.parse(RANGE))
    result = run_backtest(PARAMS, sessions)
    best = best_params(
        date_range=RANGE,
        source=source,
        strategy_params=PARAMS,
        trial_params=COMBINATION,
        metrics=result.metrics,
        counts=result.counts,
        data_fingerprint=data_fingerprint(sessions),
        engine_version=ENGINE_VERSION,
        n_sessions=2,
    )
    best.write_file(project.artifacts / "best_params" / f"{RANGE}.json")
    return best


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
    assert f"{100 * net_pnl / risk:.2f} % at quotes" in result.output


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
