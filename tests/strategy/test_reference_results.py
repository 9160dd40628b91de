"""The 106 parameter sets that the predecessor traded, trade by trade, on the sample cache."""

import gzip
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from strategy.market_data import list_sessions, read_session_frames
from strategy.params import StrategyParams
from strategy.reference import Day, backtest_days

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


def test_reference_engine_gives_every_recorded_trade_and_metric(days: list[Day]) -> None:
    checked = 0
    for line in recorded_lines():
        first, last = (date.fromisoformat(line[name]) for name in ("start_date", "end_date"))
        result = backtest_days(
            StrategyParams.from_json_dict(line["params"]),
            [day for day in days if first <= day.date <= last],
        )
        assert len(result.trades) == len(line["trades"])
        for found, recorded in zip(result.trades, line["trades"], strict=True):
            for name in ("signal_time", "entry_time", "ticker", "exit_time", "exit_reason"):
                assert str(found[name]) == recorded[name]
            for name in ("entry_price", "exit_price", "net_pnl_usd", "risk_usd"):
                assert found[name] == pytest.approx(recorded[name], abs=1e-6)
        for name, value in line["metrics"].items():
            found_value = {**result.metrics, **result.counts}[name]
            assert found_value == (value if value is None else pytest.approx(value, abs=1e-6))
        checked += 1
    assert checked == 106
