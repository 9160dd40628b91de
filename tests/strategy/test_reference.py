"""Each rule of the strategy in a worked example, for the reference engine and the compiled one.

Orders are filled by the rule `latest_bar`; test_next_bar.py has the other. The days and prices are
explained in worked_days.py.
"""

from datetime import date, time
from typing import Any

import numpy as np
import pytest

from strategy.market_data import build_session
from strategy.params import StrategyParams
from strategy.reference import Day
from tests.strategy import worked_days
from tests.strategy.made_sessions import OptionBar, make_frames
from tests.strategy.worked_days import (
    ABOVE,
    BELOW,
    DAY,
    EARLY_CLOSE,
    ENGINES,
    OPEN_TIME,
    STEADY,
    Engine,
    both_kinds,
    clock,
    only_trade,
    pinned,
)


@pytest.fixture(params=ENGINES.values(), ids=ENGINES.keys())
def engine(request: pytest.FixtureRequest) -> Engine:
    return request.param


def params(**changes: Any) -> StrategyParams:
    return worked_days.params(fill_rule="latest_bar", **changes)


def test_running_vwap_is_carried_through_gaps_and_bars_without_volume() -> None:
    bars = [
        (-5, 900.0, 1e9, 900.0),  # before the open: no bar
        (2, 400.0, 100.0, 400.5),  # 40,050
        (4, 402.0, 300.0, None),  # counts at its close: + 120,600 over 400 shares is 401.625
        (6, 500.0, 0.0, 500.0),  # no volume: adds nothing to VWAP, but is the latest close
        (7, 501.0, -1.0, 501.0),
    ]
    frames = make_frames(DAY, bars, both_kinds())
    day, session = Day(frames), build_session(frames)
    expected_closes = [np.nan, np.nan, 400.0, 400.0, 402.0, 402.0, 500.0, 501.0, 501.0]
    expected_vwaps = [np.nan, np.nan, 400.5, 400.5, 401.625, 401.625, 401.625, 401.625, 401.625]
    for closes, vwaps in (
        (day.closes, day.vwaps),
        (session.underlying_close_usd, session.running_vwap_usd),
    ):
        assert len(closes) == len(vwaps) == 23_401
        np.testing.assert_array_equal(closes[:9], expected_closes)
        np.testing.assert_array_equal(vwaps[:9], expected_vwaps)


def test_a_bar_without_volume_has_no_vwap_yet() -> None:
    frames = make_frames(DAY, [(3, 400.0, 0.0, 400.0), (5, 401.0, 2.0, None)], both_kinds())
    day, session = Day(frames), build_session(frames)
    assert np.isnan(day.vwaps[:5]).all()
    assert np.isnan(session.running_vwap_usd[:5]).all()
    assert day.vwaps[5] == session.running_vwap_usd[5] == 401.0


def test_a_long_call_is_bought_below_and_paid_for(engine: Engine) -> None:
    call = [(105, 9.0, 1.0), (111, 1.0, None), (150, 1.5, None), (151, 1.4, None)]
    outcome = engine(params(), [pinned(BELOW, {**both_kinds(), ("call", 399.0): call})])
    trade = only_trade(outcome)
    assert trade["side"] == "below"
    assert trade["ticker"] == "O:SPY230103C00399000"
    assert trade["underlying_price"] == 399.5
    assert clock(trade["stretch_time"]) == "09:31:40"
    assert clock(trade["signal_time"]) == "09:31:50"
    assert clock(trade["entry_time"]) == "09:31:51"
    assert trade["entry_price"] == 1.0
    assert trade["entry_price_age_seconds"] == 0
    assert trade["exit_reason"] == "take_profit"  # 1.50 is +50 % at second 150
    assert clock(trade["exit_time"]) == "09:32:31"  # filled a second later, at 1.40
    assert trade["exit_price"] == 1.4
    assert trade["net_pnl_usd"] == pytest.approx(33.4)  # (1.38 - 1.02) x 100 - 2 x 1.30
    assert trade["risk_usd"] == pytest.approx(53.6)  # 1.02 x 100 x 50 % + 2.60
    assert outcome.metrics["return_on_risk_percent"] == pytest.approx(100 * 33.4 / 53.6)
    assert str(trade["signal_time"].utcoffset()) == "-1 day, 19:00:00"


def test_a_put_is_bought_above(engine: Engine) -> None:
    trade = only_trade(engine(params(), [pinned(ABOVE, both_kinds())]))
    assert (trade["side"], trade["ticker"]) == ("above", "O:SPY230103P00401000")


@pytest.mark.parametrize(
    ("closes", "stretches", "reclaims"),
    [
        ([(100, 300.0), (110, 350.0)], 0, 0),  # 400 x 0.75 itself is no stretch
        ([(100, 299.99), (110, 350.0)], 1, 1),  # 400 x 0.875 itself is a reclaim
        ([(100, 299.99), (110, 349.99)], 1, 0),
        ([(100, 500.0), (110, 450.0)], 0, 0),
        ([(100, 500.01), (110, 450.0)], 1, 1),
        ([(100, 500.01), (110, 450.01)], 1, 0),
        ([(100, 299.99), (160, 350.0)], 1, 1),  # the last second of the cooldown
        ([(100, 299.99), (161, 350.0)], 2, 1),  # 160 counts again; its reclaim is at 161
        ([(100, 299.99), (101, 299.5), (159, 320.0), (161, 350.0)], 1, 0),
        ([(100, 299.99), (110, 500.01), (150, 400.0)], 2, 2),  # one of each side
        ([(100, 299.99), (105, 350.0), (159, 299.0), (161, 350.0)], 2, 2),  # from 160 on
        ([(100, 299.99), (105, 350.0), (120, 299.0), (121, 350.0)], 1, 1),  # still cooling down
    ],
)
def test_stretches_cool_down_and_reclaim(
    engine: Engine, closes: list[tuple[int, float]], stretches: int, reclaims: int
) -> None:
    wide = params(stretch_threshold=0.25, reclaim_threshold=0.125)
    outcome = engine(wide, [pinned(closes, both_kinds())])
    assert outcome.counts["stretch_signals"] == stretches
    assert outcome.counts["valid_entries"] == reclaims
    assert outcome.metrics["total_trades"] == reclaims


def test_stretches_count_from_the_first_to_the_last_second_of_the_window(engine: Engine) -> None:
    every_minute = [
        bar for second in range(60, 600, 60) for bar in ((second, 398.0), (second + 1, 400.0))
    ]
    window = {"entry_start_time": time(9, 32), "entry_end_time": time(9, 35)}
    outcome = engine(params(**window), [pinned(every_minute, both_kinds())])
    signals = [clock(trade["signal_time"]) for trade in outcome.trades]
    assert signals == ["09:32:01", "09:33:01", "09:34:01", "09:35:01"]


def test_the_cooldown_starts_with_the_window(engine: Engine) -> None:
    """A stretch before the window neither counts nor cools down one in it."""
    closes = [(100, 398.0), (130, 400.0)]
    start = params(entry_start_time=time(9, 32))
    trade = only_trade(engine(start, [pinned(closes, both_kinds())]))
    assert clock(trade["stretch_time"]) == "09:32:00"
    assert clock(trade["signal_time"]) == "09:32:10"


def test_a_reclaim_at_the_cutoff_is_blocked(engine: Engine) -> None:
    for cutoff, blocked in ((time(9, 31, 50), 1), (time(9, 31, 51), 0)):
        outcome = engine(params(late_entry_cutoff_time=cutoff), [pinned(BELOW, both_kinds())])
        assert outcome.counts["valid_entries"] == 1
        assert outcome.counts["late_entries_blocked"] == blocked
        assert outcome.metrics["total_trades"] == 1 - blocked


@pytest.mark.parametrize(
    ("path", "mode", "depth", "strikes", "chosen"),
    [
        (BELOW, "itm", 1, (398, 399, 400, 401), "C00399000"),  # the close is 399.50
        (BELOW, "itm", 2, (398, 399, 400, 401), "C00398000"),
        (BELOW, "itm", 3, (398, 399, 400, 401), "C00398000"),  # the last there is
        (BELOW, "itm", 2, (390, 399.5, 400), "C00390000"),  # 399.50 is not strictly below
        (BELOW, "itm", 1, (405, 407), "C00405000"),  # nothing below: the nearest of all
        (BELOW, "otm", 1, (398, 399, 400, 401), "C00400000"),
        (BELOW, "otm", 2, (398, 399, 400, 401), "C00401000"),
        (BELOW, "otm", 1, (399.5, 402), "C00402000"),
        (BELOW, "otm", 3, (395, 397), "C00397000"),
        (BELOW, "atm", 2, (398, 399.25, 400), "C00399250"),
        (BELOW, "atm", 1, (399, 400), "C00399000"),  # as near as 400: the lower
        (ABOVE, "itm", 1, (399, 400, 401, 402), "P00401000"),  # the close is 400.50
        (ABOVE, "itm", 2, (399, 400, 401, 402), "P00402000"),
        (ABOVE, "itm", 1, (395, 397), "P00397000"),
        (ABOVE, "otm", 1, (399, 400, 401, 402), "P00400000"),
        (ABOVE, "otm", 3, (399, 400, 401, 402), "P00399000"),
        (ABOVE, "otm", 1, (405, 407), "P00405000"),
        (ABOVE, "atm", 1, (400, 401), "P00400000"),
    ],
)
def test_contracts_are_chosen_by_moneyness_and_depth(
    engine: Engine,
    path: list[tuple[int, float]],
    mode: str,
    depth: int,
    strikes: tuple[float, ...],
    chosen: str,
) -> None:
    chosen_by = params(option_selection_mode=mode, strikes_depth=depth)
    outcome = engine(chosen_by, [pinned(path, both_kinds(strikes=strikes))])
    assert only_trade(outcome)["ticker"] == "O:SPY230103" + chosen


def test_the_signal_second_chooses_the_contract_not_the_entry_second(engine: Engine) -> None:
    closes = [*BELOW, (111, 404.0)]
    trade = only_trade(engine(params(latency_seconds=1), [pinned(closes, both_kinds())]))
    assert trade["ticker"] == "O:SPY230103C00399000"
    assert trade["underlying_price"] == 399.5


def test_a_chosen_contract_without_bars_is_no_trade(engine: Engine) -> None:
    outcome = engine(params(), [pinned(BELOW, {**both_kinds(), ("call", 399.0): []})])
    assert outcome.trades == []
    assert outcome.counts["missing_contract_data"] == 1


def test_a_chain_without_that_kind_is_no_trade(engine: Engine) -> None:
    outcome = engine(params(), [pinned(BELOW, {("put", 399.0): STEADY})])
    assert outcome.trades == []
    assert outcome.counts["missing_contract_data"] == 1


def test_a_contract_that_has_not_traded_yet_has_no_price(engine: Engine) -> None:
    for first_bar, trades in ((111, 1), (112, 0)):
        call = [(first_bar, 1.0, None)]
        outcome = engine(params(), [pinned(BELOW, {**both_kinds(), ("call", 399.0): call})])
        assert outcome.metrics["total_trades"] == trades
        assert outcome.counts["no_price_at_entry"] == 1 - trades


def test_an_entry_past_the_session_has_no_price(engine: Engine) -> None:
    late = {
        "entry_end_time": time(16, 0),
        "late_entry_cutoff_time": time(16, 30),
        "end_of_day_exit_time": time(16, 30),
        "emergency_exit_time": time(16, 30),
    }
    closes = [(23_390, 398.0), (23_399, 400.0)]  # reclaimed a second before the close
    for latency, trades in ((0, 1), (1, 1), (2, 0)):
        outcome = engine(params(latency_seconds=latency, **late), [pinned(closes, both_kinds())])
        assert outcome.metrics["total_trades"] == trades
        assert outcome.counts["no_price_at_entry"] == 1 - trades
        assert [trade["exit_reason"] for trade in outcome.trades] == ["end_of_data"] * trades
        assert [clock(trade["exit_time"]) for trade in outcome.trades] == ["16:00:00"] * trades


@pytest.mark.parametrize(
    ("bars", "changes", "reason", "second", "price"),
    [
        # entry at second 111 at 1.00, latency 1
        ([(120, 1.49, None), (130, 1.5, None)], {}, "take_profit", 131, 1.5),
        ([(120, 0.51, None), (130, 0.5, None)], {}, "stop_loss", 131, 0.5),
        ([(111, 2.0, None), (112, 1.0, None)], {}, "stop_loss", 113, 1.0),  # from the second after
        ([(112, 3.0, None), (113, 1.0, None)], {}, "take_profit", 113, 1.0),
        ([(130, 1.5, None), (131, 1.0, 0.97)], {}, "take_profit", 131, 0.97),  # a bar's vwap first
        ([], {}, "time_exit", 412, 1.0),  # held 300 s at 411
        ([(411, 2.0, None)], {}, "take_profit", 412, 2.0),  # before the time
        ([(411, 0.2, None)], {}, "stop_loss", 412, 0.2),
        ([(130, 1.5, None)], {"latency_seconds": 0}, "take_profit", 130, 1.5),
        ([(130, 1.5, None)], {"latency_seconds": 5}, "take_profit", 135, 1.5),
        ([(411, 2.0, None)], {"end_of_day_exit_time": time(9, 36, 51)}, "end_of_day", 412, 2.0),
        ([], {"end_of_day_exit_time": time(9, 35)}, "end_of_day", 301, 1.0),
        ([], {"emergency_exit_time": time(9, 35)}, "emergency_exit", 300, 1.0),  # no latency
        (
            [(300, 1.5, None)],
            {"emergency_exit_time": time(9, 35), "end_of_day_exit_time": time(9, 35)},
            "emergency_exit",
            300,
            1.5,
        ),
        ([(299, 1.5, None)], {"emergency_exit_time": time(9, 35)}, "take_profit", 300, 1.5),
        ([], {"emergency_exit_time": time(9, 30)}, "emergency_exit", 112, 1.0),
        ([], {"end_of_day_exit_time": time(9, 30)}, "end_of_day", 113, 1.0),
    ],
)
def test_the_first_exit_rule_that_holds_sells(
    engine: Engine,
    bars: list[OptionBar],
    changes: dict[str, Any],
    reason: str,
    second: int,
    price: float,
) -> None:
    call = [(0, 1.0, None), *bars]
    outcome = engine(params(**changes), [pinned(BELOW, {**both_kinds(), ("call", 399.0): call})])
    trade = only_trade(outcome)
    wall = OPEN_TIME + second
    found = (trade["exit_reason"], clock(trade["exit_time"]), trade["exit_price"])
    assert found == (reason, f"{wall // 3600:02}:{wall // 60 % 60:02}:{wall % 60:02}", price)
    forced = reason in {"end_of_day", "emergency_exit"}
    assert outcome.counts["forced_exits"] == forced


def test_an_exit_that_cannot_be_filled_any_more_is_passed_over(engine: Engine) -> None:
    never = dict.fromkeys(("end_of_day_exit_time", "emergency_exit_time"), time(23, 0))
    call = [(0, 1.0, None), (23_398, 2.0, None), (23_400, 1.2, None)]
    frames = [pinned(BELOW, {**both_kinds(), ("call", 399.0): call})]
    for latency, reason in ((2, "take_profit"), (3, "end_of_data")):
        late = params(latency_seconds=latency, max_trade_duration_seconds=23_400, **never)
        outcome = engine(late, frames)
        trade = only_trade(outcome)
        assert (trade["exit_reason"], trade["exit_price"]) == (reason, 1.2)
        assert clock(trade["exit_time"]) == "16:00:00"
        assert outcome.counts["forced_exits"] == (reason == "end_of_data")


def test_a_price_is_stale_above_the_threshold(engine: Engine) -> None:
    # Entry at 111 on the bar of 101: ten seconds. Exit at 412, on the bar of 401: eleven.
    call = [(101, 1.0, None), (401, 1.1, None)]
    frames = [pinned(BELOW, {**both_kinds(), ("call", 399.0): call})]
    outcome = engine(params(), frames)
    trade = only_trade(outcome)
    assert (trade["entry_price_age_seconds"], trade["exit_price_age_seconds"]) == (10, 11)
    assert outcome.counts["stale_prices"] == 1
    assert engine(params(price_staleness_threshold_seconds=9), frames).counts["stale_prices"] == 2
    assert engine(params(price_staleness_threshold_seconds=11), frames).counts["stale_prices"] == 0


def test_early_closes_move_the_cutoffs_and_not_the_window(engine: Engine) -> None:
    # 12:54:00 is second 12,240. The first reclaim is a second before, the second one at it.
    closes = [(12_200, 398.0), (12_239, 400.0), (12_240, 402.0), (12_241, 400.0)]
    outcome = engine(params(), [pinned(closes, both_kinds(), EARLY_CLOSE)])
    assert outcome.counts["late_entries_blocked"] == 1
    trade = only_trade(outcome)
    assert clock(trade["entry_time"]) == "12:54:00"
    assert trade["exit_reason"] == "end_of_day"
    assert clock(trade["exit_time"]) == "12:54:02"
    window = params(entry_start_time=time(12, 0), entry_end_time=time(15, 0))
    assert engine(window, [pinned(closes, both_kinds(), EARLY_CLOSE)]).counts == outcome.counts
    regular = params(entry_start_time=time(15, 0))
    assert engine(regular, [pinned(closes, both_kinds(), EARLY_CLOSE)]).trades == []


def test_money_counts_shares_contracts_and_every_cost(engine: Engine) -> None:
    priced = params(
        contracts_per_trade=3,
        slippage_amount=0.05,
        brokerage_fee_per_contract=0.5,
        exchange_fee_per_contract=0.25,
        stop_loss_percent=-40,
    )
    call = [(0, 1.0, None), (120, 1.6, None)]
    frames = [pinned(BELOW, {**both_kinds(), ("call", 399.0): call}, shares=10)]
    trade = only_trade(engine(priced, frames))
    assert trade["net_pnl_usd"] == pytest.approx(10.5)  # (1.55 - 1.05) x 30 - 2 x 0.75 x 3
    assert trade["risk_usd"] == pytest.approx(17.1)  # 1.05 x 30 x 40 % + 4.50


def test_a_sale_never_fetches_less_than_nothing(engine: Engine) -> None:
    call = [(0, 1.0, None), (120, 0.01, None)]
    frames = [pinned(BELOW, {**both_kinds(), ("call", 399.0): call})]
    trade = only_trade(engine(params(slippage_amount=0.02), frames))
    assert trade["net_pnl_usd"] == pytest.approx(-104.6)  # (0 - 1.02) x 100 - 2.60


def test_positions_overlap_and_trades_come_in_signal_order(engine: Engine) -> None:
    # Below at 100, above at 105, both back at 110; below again at 170, all still held.
    closes = [(100, 398.0), (105, 402.0), (110, 400.0), (170, 398.0), (171, 400.0)]
    outcome = engine(params(), [pinned(closes, both_kinds())])
    found = [(t["side"], clock(t["signal_time"]), clock(t["exit_time"])) for t in outcome.trades]
    assert found == [
        ("below", "09:31:45", "09:36:47"),  # 402 is a reclaim from below too
        ("above", "09:31:50", "09:36:52"),
        ("below", "09:32:51", "09:37:53"),
    ]


def test_a_stretch_of_the_other_side_is_a_reclaim(engine: Engine) -> None:
    closes = [(100, 402.0), (104, 401.0), (105, 398.0), (110, 400.0)]
    outcome = engine(params(reclaim_threshold=0.0), [pinned(closes, both_kinds())])
    assert [t["side"] for t in outcome.trades] == ["above", "below"]
    assert [clock(t["signal_time"]) for t in outcome.trades] == ["09:31:45", "09:31:50"]


def test_metrics_of_three_trades_on_three_sessions(engine: Engine) -> None:
    """+47.40 and -52.60 on the first day, nothing on the second, +47.40 on the third."""
    free = params(slippage_amount=0)
    up = [(0, 1.0, None), (120, 1.5, None)]
    down = [(0, 1.0, None), (120, 0.5, None)]
    two = pinned(
        [*BELOW, (200, 402.0), (210, 400.5)],
        {("call", 399.0): up, ("put", 401.0): [(0, 1.0, None), (220, 0.5, None)]},
    )
    none = pinned([(100, 399.0)], both_kinds(down), date(2023, 1, 4))
    one = pinned(BELOW, {("call", 399.0): up}, EARLY_CLOSE)
    metrics = engine(free, [two, none, one]).metrics
    assert metrics["total_trades"] == 3
    assert metrics["win_rate_percent"] == pytest.approx(200 / 3)
    assert metrics["net_pnl_usd"] == pytest.approx(42.2)
    assert metrics["expectancy_usd"] == pytest.approx(42.2 / 3)
    assert metrics["avg_risk_per_trade_usd"] == pytest.approx(52.6)  # 1.00 x 100 x 50 % + 2.60
    assert metrics["return_on_risk_percent"] == pytest.approx(100 * 42.2 / 3 / 52.6)
    assert metrics["profit_factor"] == pytest.approx(94.8 / 52.6)
    assert metrics["max_drawdown_usd"] == pytest.approx(52.6)  # from 47.40 to -5.20
    # Days of -5.20, 0 and 47.40: mean 14.0667, sample deviation 28.9844.
    assert metrics["daily_sharpe"] == pytest.approx(0.48532, abs=1e-5)


def test_metrics_of_winners_alone_are_finite(engine: Engine) -> None:
    call = [(0, 1.0, None), (120, 1.5, None)]
    metrics = engine(params(slippage_amount=0), [pinned(BELOW, {("call", 399.0): call})]).metrics
    assert metrics["profit_factor"] == pytest.approx(4740)  # 47.40 over the least loss of 0.01
    assert metrics["max_drawdown_usd"] == 0
    assert metrics["daily_sharpe"] is None  # one session


def test_metrics_of_losers_alone_are_finite(engine: Engine) -> None:
    call = [(0, 1.0, None), (120, 0.5, None)]
    days = (DAY, date(2023, 1, 4), EARLY_CLOSE)
    frames = [pinned(BELOW, {("call", 399.0): call}, day) for day in days]
    metrics = engine(params(slippage_amount=0), frames).metrics
    assert metrics["win_rate_percent"] == 0
    assert metrics["profit_factor"] == 0
    assert metrics["max_drawdown_usd"] == pytest.approx(157.8)
    assert metrics["daily_sharpe"] is None  # all days alike: no deviation but rounding


def test_drawdown_follows_the_order_of_exits(engine: Engine) -> None:
    """The call, bought first, wins last: equity falls to -52.60 before it rises."""
    closes = [*BELOW, (120, 402.0), (130, 400.5)]
    options = {
        ("call", 399.0): [(0, 1.0, None), (300, 2.0, None)],
        ("put", 401.0): [(0, 1.0, None), (200, 0.5, None)],
    }
    metrics = engine(params(slippage_amount=0), [pinned(closes, options)]).metrics
    assert metrics["net_pnl_usd"] == pytest.approx(97.4 - 52.6)
    assert metrics["max_drawdown_usd"] == pytest.approx(52.6)


def test_metrics_without_a_trade(engine: Engine) -> None:
    metrics = engine(params(), [pinned([], both_kinds())]).metrics
    assert metrics["total_trades"] == 0
    assert metrics["net_pnl_usd"] == 0
    assert {name for name, value in metrics.items() if value is None} == {
        "win_rate_percent",
        "expectancy_usd",
        "avg_risk_per_trade_usd",
        "return_on_risk_percent",
        "daily_sharpe",
        "profit_factor",
        "max_drawdown_usd",
    }
