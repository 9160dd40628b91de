"""The kernels and the reference engine, written apart from each other, on the same sessions."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from strategy.backtest import BacktestResult, run_backtest
from strategy.market_data import SessionFrames, build_session
from strategy.params import StrategyParams
from strategy.reference import ReferenceResult, reference_backtest
from strategy.trade_table import TRADE_COLUMNS
from tests.strategy.data.make_golden import GOLDEN_FILE, frames_from_json, golden_text
from tests.strategy.random_sessions import session_ranges, strategy_params

GOLDEN = json.loads(GOLDEN_FILE.read_text())
MONEY = ("net_pnl_usd", "risk_usd")


def assert_same(kernels: BacktestResult, reference: ReferenceResult) -> None:
    """Trades exactly, in the same order; money and metrics within 1e-9 of each other."""
    assert dataclasses.asdict(kernels.counts) == reference.counts
    rows = kernels.trades.to_dict("records")
    assert len(rows) == len(reference.trades)
    for row, expected in zip(rows, reference.trades, strict=True):
        assert set(row) == set(expected) == set(TRADE_COLUMNS)
        for name, value in expected.items():
            if name in MONEY:
                assert row[name] == pytest.approx(value, abs=1e-9), name
            else:
                assert row[name] == value, name
    metrics = dataclasses.asdict(kernels.metrics)
    assert set(metrics) == set(reference.metrics)
    for name, number in reference.metrics.items():
        if number is None:
            assert metrics[name] is None, name
        else:
            assert metrics[name] == pytest.approx(number, rel=1e-9, abs=1e-9), name


def compare(params: StrategyParams, frames: Sequence[SessionFrames]) -> None:
    sessions = [build_session(one) for one in frames]
    assert_same(run_backtest(params, sessions), reference_backtest(params, frames))


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(session_ranges(), strategy_params())
def test_kernels_agree_with_reference_on_random_sessions(
    frames: list[SessionFrames], params: StrategyParams
) -> None:
    compare(params, frames)


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(session_ranges(), strategy_params())
def test_kernels_agree_with_reference_on_many_random_sessions(
    frames: list[SessionFrames], params: StrategyParams
) -> None:
    compare(params, frames)


def test_golden_cases_are_what_the_reference_engine_makes() -> None:
    assert golden_text() == GOLDEN_FILE.read_text(), GOLDEN["generator"]


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["name"])
def test_kernels_agree_with_golden_cases(case: dict[str, Any]) -> None:
    sessions = [build_session(frames_from_json(one)) for one in GOLDEN["sessions"]]
    result = run_backtest(StrategyParams.from_json_dict(case["params"]), sessions)
    assert dataclasses.asdict(result.counts) == case["counts"]
    rows = result.trades.to_dict("records")
    assert len(rows) == len(case["trades"])
    for row, expected in zip(rows, case["trades"], strict=True):
        for name, value in zip(GOLDEN["columns"], expected, strict=True):
            if isinstance(value, float):
                assert row[name] == pytest.approx(value, abs=1e-9), name
            else:
                assert str(row[name]) == str(value), name
    for name, number in case["metrics"].items():
        found = dataclasses.asdict(result.metrics)[name]
        assert found == (number if number is None else pytest.approx(number, abs=1e-9)), name
