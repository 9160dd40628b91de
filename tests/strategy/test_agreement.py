"""The kernels and the reference engine, written apart from each other, on the same sessions."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strategy.backtest import BacktestResult, run_backtest
from strategy.market_data import SessionFrames, build_session
from strategy.params import StrategyParams
from strategy.reference import ReferenceResult, reference_backtest
from strategy.trade_table import TRADE_COLUMNS
from tests.strategy.data.make_golden import GOLDEN_FILE, frames_from_json, golden_text
from tests.strategy.made_sessions import OPENS_UTC_SECONDS
from tests.strategy.random_sessions import session_frames, session_ranges, strategy_params

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


def cut(frames: SessionFrames, last_second: int) -> SessionFrames:
    """The session as it was known at a second: later bars are gone."""
    last = pd.Timestamp(OPENS_UTC_SECONDS[frames.date] + last_second, unit="s", tz="UTC")
    return replace(
        frames,
        underlying=frames.underlying[frames.underlying["timestamp"] <= last],
        options=frames.options[frames.options["timestamp"] <= last],
    )


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(session_frames(), st.integers(0, 23_400))
def test_session_arrays_do_not_look_ahead(frames: SessionFrames, second: int) -> None:
    whole = build_session(frames)
    first_bar = int(np.flatnonzero(~np.isnan(whole.underlying_close_usd))[0])
    second = max(first_bar, min(second, whole.n_seconds - 1))
    known = build_session(cut(frames, second))
    for name in ("underlying_close_usd", "running_vwap_usd"):
        np.testing.assert_array_equal(
            getattr(known, name)[: second + 1], getattr(whole, name)[: second + 1]
        )
    by_then = whole.bar_seconds <= second
    np.testing.assert_array_equal(known.bar_seconds, whole.bar_seconds[by_then])
    np.testing.assert_array_equal(known.bar_prices_usd, whole.bar_prices_usd[by_then])
    assert known.contract_tickers == whole.contract_tickers


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
