"""The 106 parameter sets that the predecessor traded, trade by trade, on the sample cache."""

import gzip
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from strategy.backtest import run_backtest
from strategy.market_data import list_sessions, load_session, read_session_frames
from strategy.params import StrategyParams
from strategy.reference import Day, backtest_days
from strategy.session import SessionData
from strategy.space import SearchSpace, not_searched
from strategy.surface.compute import compute_surface

SHARED = Path(__file__).resolve().parents[3] / "shared"  # beside the checkout, not part of it
RESULTS = SHARED / "reference_results" / "results.jsonl.gz"
CACHE = SHARED / "sample_cache"

pytestmark = pytest.mark.skipif(
    not (RESULTS.exists() and CACHE.exists()),
    reason="the predecessor's results are not beside this checkout",
)


def recorded_lines() -> Iterator[dict[str, Any]]:
    with gzip.open(RESULTS, "rt") as file:
        yield from map(json.loads, file)


@pytest.fixture(scope="module")
def days() -> list[Day]:
    return [Day(read_session_frames(CACHE, "SPY", day)) for day in list_sessions(CACHE, "SPY")]


@pytest.fixture(scope="module")
def sessions() -> list[SessionData]:
    return [load_session(CACHE, "SPY", day) for day in list_sessions(CACHE, "SPY")]


def assert_as_recorded(
    line: dict[str, Any], trades: list[dict[str, Any]], values: dict[str, Any]
) -> None:
    assert len(trades) == len(line["trades"])
    for found, recorded in zip(trades, line["trades"], strict=True):
        for name in ("signal_time", "entry_time", "ticker", "exit_time", "exit_reason"):
            assert str(found[name]) == recorded[name]
        for name in ("entry_price", "exit_price", "net_pnl_usd", "risk_usd"):
            assert found[name] == pytest.approx(recorded[name], abs=1e-6)
    for name, value in line["metrics"].items():
        assert values[name] == (value if value is None else pytest.approx(value, abs=1e-6))


def params_of(line: dict[str, Any]) -> StrategyParams:
    """The predecessor knew one rule of filling."""
    return StrategyParams.from_json_dict({**line["params"], "fill_rule": "latest_bar"})


def dates_of(line: dict[str, Any]) -> tuple[date, date]:
    return date.fromisoformat(line["start_date"]), date.fromisoformat(line["end_date"])


def test_reference_engine_gives_every_recorded_trade_and_metric(days: list[Day]) -> None:
    checked = 0
    for line in recorded_lines():
        first, last = dates_of(line)
        result = backtest_days(
            params_of(line),
            [day for day in days if first <= day.date <= last],
        )
        assert_as_recorded(line, result.trades, {**result.metrics, **result.counts})
        checked += 1
    assert checked == 106


def test_run_backtest_gives_every_recorded_trade_and_metric(sessions: list[SessionData]) -> None:
    checked = 0
    for line in recorded_lines():
        first, last = dates_of(line)
        result = run_backtest(
            params_of(line),
            [session for session in sessions if first <= session.date <= last],
        )
        values = {**result.metrics.as_dict(), **result.counts.as_dict()}
        assert_as_recorded(line, result.trades.to_dict("records"), values)
        checked += 1
    assert checked == 106


def test_surface_gives_every_recorded_total(sessions: list[SessionData]) -> None:
    checked = 0
    for line in recorded_lines():
        first, last = dates_of(line)
        params = params_of(line)
        space = SearchSpace.of(params)
        surface = compute_surface(
            space,
            not_searched(params.to_json_dict()),
            [s for s in sessions if first <= s.date <= last],
            workers=1,
        )
        recorded = line["trades"]
        assert surface.total_trades.item() == len(recorded)
        for name in ("net_pnl_usd", "risk_usd"):
            total = sum(trade[name] for trade in recorded)
            assert getattr(surface, name).item() == pytest.approx(total, abs=2e-6 * 45)
        checked += 1
    assert checked == 106
