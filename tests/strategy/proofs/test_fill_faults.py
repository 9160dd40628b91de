"""Engines that fill wrongly are caught, by the check of their fills and by the replay.

VWAP is 400.00; the signal is at second 110, 09:31:50, the latency two seconds, the wait ten.
"""

import json
from datetime import date

import pytest

from strategy.market_data import SessionFrames, build_session
from strategy.params import StrategyParams
from strategy.proofs.fill_faults import count_past_fills, fill_faults
from strategy.proofs.lookahead import check_lookahead
from strategy.proofs.replay import replay
from strategy.reference import reference_backtest
from tests.strategy.broken_engines import HookedEngine
from tests.strategy.made_sessions import make_frames

PARAMS = StrategyParams(latency_seconds=2)
CALLS = {
    # Bought at 112 at 1.10, sold at 132.
    date(2023, 1, 3): [
        (110, 1.0, None), (111, 1.05, None), (112, 1.1, None), (130, 2.0, None), (131, 1.95, None),
        (132, 1.9, None), (140, 1.8, None),
    ],
    # Not bought: the first bar from 112 on is later than 122.
    date(2023, 1, 4): [(100, 1.0, None), (125, 1.0, None), (160, 1.6, None), (170, 1.5, None)],
    # Bought at 112, and no bar comes any more after the exit is decided.
    date(2023, 3, 13): [(112, 1.0, None), (130, 2.0, None)],
}  # fmt: skip


@pytest.fixture
def frames() -> list[SessionFrames]:
    bars = [(0, 400.0, 1000.0, 400.0), (100, 398.0, 0.0, None), (110, 400.0, 0.0, None)]
    return [make_frames(day, bars, {("call", 399.0): call}) for day, call in CALLS.items()]


def test_the_engine_without_a_fault_passes_both(frames: list[SessionFrames]) -> None:
    sessions = [build_session(one) for one in frames]
    trades = HookedEngine()(PARAMS, sessions)
    assert list(fill_faults(PARAMS, trades)) == []
    assert count_past_fills(PARAMS, trades) == (0, 3)  # the last exit has no bar
    metrics = reference_backtest(PARAMS, frames).metrics
    assert replay(PARAMS.to_json_dict(), frames, trades, metrics).matches


@pytest.mark.parametrize(
    ("broken", "which", "text"),
    [
        (
            HookedEngine(fill_at_deciding_bar=True),
            "2023-01-03: the entry",
            "by the bar of 09:31:50; expected a bar after 09:31:50, the second whose close decided",
        ),
        (
            HookedEngine(fill_before_latency=True),
            "2023-01-03: the entry",
            "at 09:31:51; expected 09:31:52, after the latency, or later",
        ),
        (
            HookedEngine(fill_after_wait=True),
            "2023-01-04: the entry",
            "at 09:32:05; expected 09:32:02, the end of the wait, or before",
        ),
        (
            HookedEngine(unmarked_exits=True),
            "2023-03-13: the exit",
            "at 16:00:00 by the bar of 09:32:10; expected a bar of that second, or a mark",
        ),
    ],
    ids=["deciding bar", "before latency", "after wait", "unmarked exit"],
)
def test_a_wrong_fill_is_caught_by_the_proof_and_by_the_replay(
    frames: list[SessionFrames], broken: HookedEngine, which: str, text: str
) -> None:
    sessions = [build_session(one) for one in frames]
    trades = broken(PARAMS, sessions)
    fault = f"{which} of the signal below VWAP at 09:31:50 was filled {text}"
    assert fault in [str(one) for one in fill_faults(PARAMS, trades)]
    report = check_lookahead(PARAMS, sessions, engine=broken, totals={}, random_moments=1)
    assert not report.passed
    assert fault in [str(one) for one in report.violations]
    metrics = json.loads(json.dumps(reference_backtest(PARAMS, frames).metrics))
    assert not replay(PARAMS.to_json_dict(), frames, trades, metrics).matches


def test_the_latest_bar_without_latency_is_called_what_it_is(frames: list[SessionFrames]) -> None:
    sessions = [build_session(one) for one in frames]
    at_once = PARAMS.replacing(fill_rule="latest_bar", latency_seconds=0)
    report = check_lookahead(at_once, sessions)
    assert not report.passed
    assert "filled by the bar of 09:31:50; expected a bar after 09:31:50" in report.summary()


def test_the_latest_bar_from_before_a_decision_is_counted(frames: list[SessionFrames]) -> None:
    # Latency 2: of the six fills, the first day's two are at bars of their seconds. On the second
    # day the entry at 112 is of the bar of 100, sold at 162 at that of 160, which decided; on the
    # third day the exit at 132 is at the bar of 130, which decided.
    sessions = [build_session(one) for one in frames]
    report = check_lookahead(PARAMS.replacing(fill_rule="latest_bar"), sessions)
    assert report.passed
    assert (report.n_past_fills, report.n_fills) == (3, 6)
    assert report.summary().endswith(
        "; but 3 of 6 fills are at bars from before their decision, as latest_bar has it"
    )
