"""The look-ahead check passes the engine and catches engines broken on purpose."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from strategy.backtest import run_backtest
from strategy.market_data.sample.generate import SampleSettings, sample_session
from strategy.params import StrategyParams
from strategy.proofs import lookahead
from strategy.proofs.future_noise import NoisyFuture
from strategy.proofs.lookahead import backtest_trades, check_lookahead, surface_totals
from strategy.session import SessionData
from tests.strategy.broken_engines import HookedEngine

DAYS = (date(2023, 1, 3), date(2023, 1, 4), date(2023, 11, 24))
PARAMS = StrategyParams(
    entry_end_time=time(11, 0),
    stretch_threshold=0.002,
    reclaim_threshold=0.0012,
    cooldown_period_seconds=300,
    take_profit_percent=20,
    stop_loss_percent=-20,
    max_trade_duration_seconds=60,
)


@pytest.fixture(scope="module")
def sessions() -> list[SessionData]:
    return [sample_session(day, SampleSettings(seed=5, edge=3)) for day in DAYS]


def test_the_engine_and_the_surface_do_not_look_ahead(sessions: list[SessionData]) -> None:
    report = check_lookahead(PARAMS, sessions)
    assert report.passed
    assert report.violations == ()
    assert report.n_sessions == 3
    n_trades = run_backtest(PARAMS, sessions).metrics.total_trades
    assert n_trades >= 8
    assert report.n_decisions == 6 * n_trades
    assert report.n_moments > 3 * n_trades
    assert report.summary().startswith("no look-ahead: ")


@pytest.mark.parametrize(
    ("latency_seconds", "fill_rule"), [(0, "next_bar"), (3, "next_bar"), (3, "latest_bar")]
)
@pytest.mark.parametrize("mode", ["otm", "atm"])
def test_other_parameters_pass_too(
    sessions: list[SessionData], latency_seconds: int, fill_rule: str, mode: str
) -> None:
    other = PARAMS.replacing(
        latency_seconds=latency_seconds, option_selection_mode=mode, fill_rule=fill_rule
    )
    assert check_lookahead(other, sessions, seed=7).violations == ()


@pytest.mark.parametrize("fill_rule", ["next_bar", "latest_bar"])
def test_the_hooked_engine_without_a_fault_is_the_engine(
    sessions: list[SessionData], fill_rule: str
) -> None:
    params = PARAMS.replacing(fill_rule=fill_rule)
    found = HookedEngine()(params, sessions)
    expected = run_backtest(params, sessions).trades
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    assert check_lookahead(params, sessions, engine=HookedEngine()).passed


@pytest.mark.parametrize("fill_rule", ["next_bar", "latest_bar"])
@pytest.mark.parametrize(
    ("broken", "decision"),
    [
        (HookedEngine(signal_peek_seconds=1), "signal"),
        (HookedEngine(signal_peek_seconds=30), "signal"),
        (HookedEngine(contract_at_execution=True), "contract"),
        (HookedEngine(entry_peek_seconds=1), "entry"),
        (HookedEngine(exit_peek_seconds=1), "exit decision"),
        (HookedEngine(bar_after_exit=True), "exit"),
        (HookedEngine(next_day=True), "signal"),
    ],
    ids=["peek", "far peek", "late choice", "next price", "exit peek", "next bar", "next day"],
)
def test_an_engine_that_looks_ahead_is_caught(
    sessions: list[SessionData], broken: HookedEngine, decision: str, fill_rule: str
) -> None:
    params = PARAMS.replacing(fill_rule=fill_rule)
    report = check_lookahead(params, sessions, engine=broken, totals={}, random_moments=1)
    assert not report.passed
    assert any(f"the {decision} of the signal" in str(one) for one in report.violations)
    assert f"{len(report.violations)} faults" in report.summary()


def test_the_first_violation_names_day_moment_and_decision(sessions: list[SessionData]) -> None:
    report = check_lookahead(
        PARAMS, sessions[:1], engine=HookedEngine(contract_at_execution=True), totals={}
    )
    text = str(report.violations[0])
    assert text.startswith("2023-01-03 ")
    assert "the contract of the signal" in text
    assert ", with another future " in text


def peeking_surface(params: StrategyParams, sessions: Sequence[SessionData]) -> Mapping[str, Any]:
    ahead = [replace(s, underlying_close_usd=np.roll(s.underlying_close_usd, -1)) for s in sessions]
    return surface_totals(params, ahead)


def objective(params: StrategyParams, sessions: Sequence[SessionData]) -> Mapping[str, Any]:
    return run_backtest(params, sessions).metrics.as_dict()


def test_engines_without_trades_must_add_up_to_the_trades(sessions: list[SessionData]) -> None:
    engines = {"surface": surface_totals, "objective": objective, "peeking": peeking_surface}
    report = check_lookahead(PARAMS, sessions, totals=engines)
    assert not report.passed
    assert {one.decision.rsplit(" ", 1)[-1] for one in report.violations} == {"peeking"}


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [1, 2])
def test_a_range_in_parts_is_checked_as_a_whole(
    sessions: list[SessionData], monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(lookahead, "SESSIONS_AT_ONCE", at_once)
    report = check_lookahead(PARAMS, sessions)
    assert report.violations == ()
    assert report.n_decisions == check_lookahead(PARAMS, sessions, totals={}).n_decisions
    last_day_known = check_lookahead(PARAMS, sessions, engine=engine_of_the_last_day, totals={})
    assert {v.session_date for v in last_day_known.violations} >= {DAYS[0], DAYS[1]}


def engine_of_the_last_day(params: StrategyParams, sessions: Sequence[SessionData]) -> pd.DataFrame:
    """Its trades depend on the last second of the last session, wherever that is."""
    trades = backtest_trades(params, sessions)
    return trades.assign(net_pnl_usd=trades["net_pnl_usd"] + sessions[-1].running_vwap_usd[-1])


def test_a_range_without_a_trade_is_checked_at_random_moments(sessions: list[SessionData]) -> None:
    quiet = PARAMS.replacing(stretch_threshold=0.5)
    report = check_lookahead(quiet, sessions, random_moments=4)
    assert report.passed
    assert report.n_decisions == 0
    assert report.n_moments == 24


def test_sessions_are_left_as_they_were(sessions: list[SessionData]) -> None:
    before = [
        {k: np.copy(v) for k, v in vars(s).items() if isinstance(v, np.ndarray)} for s in sessions
    ]
    trades = backtest_trades(PARAMS, sessions)
    check_lookahead(PARAMS, sessions)
    for session, arrays in zip(sessions, before, strict=True):
        for name, values in arrays.items():
            np.testing.assert_array_equal(getattr(session, name), values)
    pd.testing.assert_frame_equal(backtest_trades(PARAMS, sessions), trades)


def test_a_noisy_future_is_real_up_to_its_moment(sessions: list[SessionData]) -> None:
    real = sessions[0]
    future = NoisyFuture(real, np.random.default_rng(1))
    for moment in (9000, 20, 12_345, 23_400, -1):  # forward, back, to the end and before the start
        copy = future.move_to(moment)
        for name in ("underlying_close_usd", "running_vwap_usd"):
            found, expected = getattr(copy, name), getattr(real, name)
            np.testing.assert_array_equal(found[: moment + 1], expected[: moment + 1])
            assert not np.isin(found[moment + 1 :], expected).any()
        past = real.bar_seconds <= moment
        thinned = future.with_fewer_bars()
        for name in ("bar_prices_usd", "bar_highs_usd", "bar_lows_usd", "bar_trades"):
            found, expected = getattr(copy, name), getattr(real, name)
            np.testing.assert_array_equal(found[past], expected[past])
            if name != "bar_trades":
                assert (found[~past] != expected[~past]).all()
            of_thinned = getattr(thinned, name)[thinned.bar_seconds <= moment]
            np.testing.assert_array_equal(of_thinned, expected[past])
        assert len(thinned.bar_seconds) == thinned.bar_offsets[-1]
        n_later = (~past).sum()
        assert (thinned.bar_seconds > moment).sum() == pytest.approx(n_later / 2, rel=0.05, abs=1)


def test_mirrored_noise_lies_on_the_other_side(sessions: list[SessionData]) -> None:
    real = sessions[0]
    future = NoisyFuture(real, np.random.default_rng(1))
    plain = future.move_to(1000)
    future.mirror()
    mirrored = future.move_to(1000)
    later = real.bar_seconds > 1000
    rises = plain.bar_prices_usd[later] > real.bar_prices_usd[later]
    assert 0.4 < rises.mean() < 0.6
    assert ((mirrored.bar_prices_usd < real.bar_prices_usd)[later] == rises).all()
    above = (plain.underlying_close_usd > plain.running_vwap_usd)[1001:]
    assert ((mirrored.underlying_close_usd < mirrored.running_vwap_usd)[1001:] == above).all()
    np.testing.assert_array_equal(mirrored.bar_prices_usd[~later], real.bar_prices_usd[~later])
