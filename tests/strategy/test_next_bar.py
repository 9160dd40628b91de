"""The fill rule `next_bar` in worked examples, for the reference engine and the compiled one.

The signal is at second 110, 09:31:50, and buys the call of strike 399; see worked_days.py.
"""

from collections.abc import Sequence
from datetime import time
from typing import Any

import pytest

from tests.strategy.made_sessions import OptionBar
from tests.strategy.worked_days import (
    BELOW,
    EARLY_CLOSE,
    ENGINES,
    OPEN_TIME,
    Engine,
    Outcome,
    both_kinds,
    only_trade,
    params,
    pinned,
)

NEVER = dict.fromkeys(
    ("late_entry_cutoff_time", "end_of_day_exit_time", "emergency_exit_time"), time(23, 0)
)


@pytest.fixture(params=ENGINES.values(), ids=ENGINES.keys())
def engine(request: pytest.FixtureRequest) -> Engine:
    return request.param


def bought(engine: Engine, call: Sequence[OptionBar], **changes: Any) -> Outcome:
    return engine(params(**changes), [pinned(BELOW, {**both_kinds(), ("call", 399.0): call})])


def second_of(moment: Any) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second - OPEN_TIME


@pytest.mark.parametrize(
    ("bars", "changes", "second", "price"),
    [
        ([(110, 1.0, None), (111, 1.1, None)], {}, 111, 1.1),
        ([(110, 1.0, None), (111, 1.1, 1.08)], {}, 111, 1.08),  # a bar's vwap first
        ([(110, 1.0, None), (121, 1.2, None)], {}, 121, 1.2),  # ten seconds after the latency
        ([(110, 1.0, None), (122, 1.2, None)], {}, None, None),
        ([(110, 1.0, None), (111, 1.1, None)], {"latency_seconds": 0}, 111, 1.1),  # never 110
        ([(110, 1.0, None), (120, 1.1, None)], {"latency_seconds": 0}, 120, 1.1),
        ([(110, 1.0, None), (121, 1.1, None)], {"latency_seconds": 0}, None, None),
        ([(114, 1.0, None), (115, 1.1, None)], {"latency_seconds": 5}, 115, 1.1),
        ([(111, 1.1, None)], {"max_fill_wait_seconds": 0}, 111, 1.1),
        ([(110, 1.0, None), (112, 1.1, None)], {"max_fill_wait_seconds": 0}, None, None),
        ([(111, 1.1, None)], {"max_fill_wait_seconds": 0, "latency_seconds": 0}, None, None),
        ([(141, 1.1, None)], {"max_fill_wait_seconds": 30}, 141, 1.1),
        ([(110, 1.0, None)], {}, None, None),  # known, and no bar to come
    ],
)
def test_an_entry_waits_for_the_next_bar(
    engine: Engine,
    bars: list[OptionBar],
    changes: dict[str, Any],
    second: int | None,
    price: float | None,
) -> None:
    outcome = bought(engine, bars, **changes)
    assert outcome.counts["no_fill"] == (second is None)
    assert outcome.counts["no_price_at_entry"] == 0
    found = [(second_of(t["entry_time"]), t["entry_price"]) for t in outcome.trades]
    assert found == ([] if second is None else [(second, price)])
    assert all(trade["entry_price_age_seconds"] == 0 for trade in outcome.trades)


@pytest.mark.parametrize(("bar", "trades"), [(23_399, 1), (23_400, 0)])
def test_an_entry_needs_a_bar_before_the_last_second(engine: Engine, bar: int, trades: int) -> None:
    closes = [(23_390, 398.0), (23_397, 400.0)]
    late = params(entry_end_time=time(16, 0), **NEVER)
    outcome = engine(late, [pinned(closes, both_kinds([(bar, 1.0, None)]))])
    assert outcome.metrics["total_trades"] == trades
    assert outcome.counts["no_fill"] == 1 - trades


@pytest.mark.parametrize(
    ("bars", "changes", "reason", "decided", "second", "price"),
    [
        # The entry is at second 111 at 1.00 unless a bar says otherwise; the latency is 1.
        ([(130, 1.5, None), (131, 1.4, None)], {}, "take_profit", 130, 131, 1.4),
        ([(130, 1.5, None), (137, 1.2, 1.1)], {}, "take_profit", 130, 137, 1.1),  # however late
        ([(130, 0.5, None), (137, 0.6, None)], {}, "stop_loss", 130, 137, 0.6),
        ([(130, 2, None), (131, 1.4, None)], {"latency_seconds": 0}, "take_profit", 130, 131, 1.4),
        (
            [(115, 1.0, None), (130, 1.5, None), (134, 1.45, None), (135, 1.3, None)],
            {"latency_seconds": 5},
            "take_profit", 130, 135, 1.3,
        ),
        ([(112, 3.0, None), (113, 2.9, None)], {}, "take_profit", 112, 113, 2.9),
        ([(413, 1.2, None)], {}, "time_exit", 411, 413, 1.2),  # held 300 s at 411
        ([(400, 1.2, None), (411, 1.3, None), (9000, 1.1, None)], {}, "time_exit", 411, 9000, 1.1),
        (
            [(300, 0.8, None), (301, 0.7, None), (305, 0.6, None)],
            {"emergency_exit_time": time(9, 35), "latency_seconds": 1},
            "emergency_exit", 300, 301, 0.7,  # without latency, but after its second
        ),
        (
            [(113, 1.0, None), (300, 0.8, None), (301, 0.7, None), (302, 0.6, None)],
            {"end_of_day_exit_time": time(9, 35), "latency_seconds": 2},
            "end_of_day", 300, 302, 0.6,
        ),
    ],
)  # fmt: skip
def test_an_exit_waits_for_the_next_bar(
    engine: Engine,
    bars: list[OptionBar],
    changes: dict[str, Any],
    reason: str,
    decided: int,
    second: int,
    price: float,
) -> None:
    outcome = bought(engine, [(111, 1.0, None), *bars], **changes)
    trade = only_trade(outcome)
    moments = second_of(trade["exit_decision_time"]), second_of(trade["exit_time"])
    assert (trade["exit_reason"], *moments, trade["exit_price"]) == (reason, decided, second, price)
    assert not trade["exit_without_print"]
    assert trade["exit_price_age_seconds"] == 0
    assert outcome.counts["exit_without_print"] == outcome.counts["stale_prices"] == 0


def test_time_is_held_from_the_fill_and_the_gain_is_over_its_price(engine: Engine) -> None:
    # Bought at 120 at 2.00: 2.90 is no +50 %, and 300 seconds are over at 420.
    call = [(110, 1.0, None), (120, 2.0, None), (200, 2.9, None), (421, 2.5, None)]
    trade = only_trade(bought(engine, call))
    assert (trade["exit_reason"], second_of(trade["exit_decision_time"])) == ("time_exit", 420)
    assert (second_of(trade["exit_time"]), trade["exit_price"]) == (421, 2.5)


def test_an_exit_without_a_print_is_marked_and_ends_with_the_session(engine: Engine) -> None:
    outcome = bought(engine, [(111, 1.0, None), (130, 1.5, None)])
    trade = only_trade(outcome)
    assert (trade["exit_reason"], second_of(trade["exit_decision_time"])) == ("take_profit", 130)
    assert (second_of(trade["exit_time"]), trade["exit_price"]) == (23_400, 1.5)
    assert trade["exit_without_print"]
    assert trade["exit_price_age_seconds"] == 23_270
    assert outcome.counts["exit_without_print"] == outcome.counts["stale_prices"] == 1
    assert outcome.counts["forced_exits"] == 0


def test_the_latency_may_reach_past_the_last_print(engine: Engine) -> None:
    call = [(111, 1.0, None), (130, 1.5, None), (131, 1.4, None)]
    trade = only_trade(bought(engine, call, latency_seconds=1))
    assert trade["exit_price"] == 1.4
    call = [(112, 1.0, None), (130, 1.5, None), (131, 1.4, None)]
    trade = only_trade(bought(engine, call, latency_seconds=2))
    assert trade["exit_without_print"]
    assert trade["exit_price"] == 1.4  # the latest price, though from before the latency


def test_without_a_rule_the_data_ends_the_trade(engine: Engine) -> None:
    held = {"max_trade_duration_seconds": 23_400, **NEVER}
    outcome = bought(engine, [(111, 1.0, None), (150, 1.1, None)], **held)
    trade = only_trade(outcome)
    assert (trade["exit_reason"], trade["exit_price"]) == ("end_of_data", 1.1)
    assert second_of(trade["exit_decision_time"]) == second_of(trade["exit_time"]) == 23_400
    assert not trade["exit_without_print"]  # nothing was ordered
    assert outcome.counts["exit_without_print"] == 0
    assert outcome.counts["forced_exits"] == 1


def test_an_exit_decided_in_the_last_second_has_no_print(engine: Engine) -> None:
    late = {**NEVER, "end_of_day_exit_time": time(16, 0), "max_trade_duration_seconds": 23_400}
    outcome = bought(engine, [(111, 1.0, None), (23_400, 1.1, None)], **late)
    trade = only_trade(outcome)
    assert (trade["exit_reason"], trade["exit_price"]) == ("end_of_day", 1.1)
    assert trade["exit_without_print"]
    assert trade["exit_price_age_seconds"] == 0


def test_early_closes_move_the_exit_and_the_last_second(engine: Engine) -> None:
    # 12:54:00 is second 12,240; the session ends with second 12,600.
    call = [(111, 1.0, None), (12_300, 1.1, None)]
    held = params(max_trade_duration_seconds=23_400)
    frames = [pinned(BELOW, {("call", 399.0): call}, EARLY_CLOSE)]
    trade = only_trade(engine(held, frames))
    assert (trade["exit_reason"], second_of(trade["exit_decision_time"])) == ("end_of_day", 12_240)
    assert second_of(trade["exit_time"]) == 12_300
    frames = [pinned(BELOW, {("call", 399.0): call[:1]}, EARLY_CLOSE)]
    trade = only_trade(engine(held, frames))
    assert trade["exit_without_print"]
    assert second_of(trade["exit_time"]) == 12_600


@pytest.mark.parametrize("fill_rule", ["next_bar", "latest_bar"])
def test_slippage_is_an_amount_and_a_share_of_the_price(engine: Engine, fill_rule: str) -> None:
    call = [(111, 2.0, None), (130, 3.0, None), (131, 3.0, None)]
    costs = {"slippage_amount": 0.02, "slippage_fraction": 0.01, "fill_rule": fill_rule}
    trade = only_trade(bought(engine, call, **costs))
    assert trade["net_pnl_usd"] == pytest.approx(88.4)  # (2.95 - 2.04) x 100 - 2.60
    assert trade["risk_usd"] == pytest.approx(104.6)  # 2.04 x 100 x 50 % + 2.60
