"""The fills band on three worked days.

VWAP is 400.00. A call of strike 399 is ordered by the close of 09:31:50, second 110, and sold by a
time exit ten seconds after it was bought.
"""

from dataclasses import asdict, replace
from datetime import date, time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from strategy.backtest import run_backtest
from strategy.errors import MissingSessionError
from strategy.market_data import build_session
from strategy.market_data.sample.generate import SampleSettings, sample_session
from strategy.params import StrategyParams
from strategy.proofs.fill_scenarios import ADVERSE, BASE, OPTIMISTIC, FillsBand, fills_band
from strategy.proofs.profit_shares import ProfitShares, profit_shares, shares_of
from strategy.session import SessionData
from tests.strategy.made_sessions import make_frames

PARAMS = StrategyParams(
    take_profit_percent=500, stop_loss_percent=-100, max_trade_duration_seconds=10,
    brokerage_fee_per_contract=0, exchange_fee_per_contract=0,
)  # fmt: skip
BARS = [(0, 400.0, 1000.0, 400.0), (100, 398.0, 0.0, None), (110, 400.0, 0.0, None)]

# (second, price, low, high, trades in the bar)
FIRST_DAY = [
    (105, 0.9, 0.85, 0.95, 5),  # the latest bar at 111
    (113, 1.0, 0.9, 1.1, 5),  # the next bar after 111, and after 112 with twice the latency
    (124, 1.9, 1.7, 2.0, 2),  # decided at 123: the next bar
    (125, 2.0, 1.8, 2.1, 9),  # with twice the latency
]
# No bar from 111 to 121; the latest one is 61 seconds old.
SECOND_DAY = [(50, 1.0, 0.9, 1.2, 1), (123, 0.8, 0.7, 0.9, 3)]
# No bar by 111; bought at 112, and none comes any more after the exit is decided.
THIRD_DAY = [(112, 1.0, 0.9, 1.2, 1), (115, 0.8, 0.7, 0.9, 3)]


def worked_session(day: date, rows: list[tuple[int, float, float, float, int]]) -> SessionData:
    bars = [(second, price, None) for second, price, *_ in rows]
    session = build_session(make_frames(day, BARS, {("call", 399.0): bars}))
    _, _, lows, highs, trades = zip(*rows, strict=True)
    return replace(
        session,
        bar_lows_usd=np.array(lows),
        bar_highs_usd=np.array(highs),
        bar_trades=np.array(trades, dtype=np.int64),
    )


@pytest.fixture
def sessions() -> list[SessionData]:
    return [
        worked_session(date(2023, 1, 3), FIRST_DAY),
        worked_session(date(2023, 1, 4), SECOND_DAY),
        worked_session(date(2023, 3, 13), THIRD_DAY),
    ]


@pytest.fixture
def band(sessions: list[SessionData]) -> FillsBand:
    return fills_band(PARAMS, sessions)


def test_the_base_waits_for_the_next_bar_and_pays_the_slippage(band: FillsBand) -> None:
    # (1.88 - 1.02) x 100 = 86 on the first day, (0.78 - 1.02) x 100 = -24 on the third
    assert band[BASE].total_trades == 2
    assert band[BASE].net_pnl_usd == pytest.approx(62)


def test_the_latest_bar_is_the_other_rule(band: FillsBand) -> None:
    # Bought at 0.90 and sold at second 122 at 1.00: 6; at 1.00 twice on the second day: -4.
    assert band["latest_bar"].total_trades == 2
    assert band["latest_bar"].net_pnl_usd == pytest.approx(2)


def test_the_optimistic_case_pays_no_slippage_at_the_latest_bar(band: FillsBand) -> None:
    assert band[OPTIMISTIC].net_pnl_usd == pytest.approx(10)  # 10 and 0


def test_the_adverse_case_fills_later_and_at_the_worse_side(band: FillsBand) -> None:
    # First day: bought at 1.10 + 0.04, sold at 1.80 - 0.04: +62.
    # Third day: bought at 1.20 + 0.04, sold at the end of the day at 0.70 - 0.04: -58.
    assert band[ADVERSE].net_pnl_usd == pytest.approx(4)
    assert band[ADVERSE].avg_risk_per_trade_usd == pytest.approx((114 + 124) / 2)
    assert band[ADVERSE].win_rate_percent == 50
    assert band[ADVERSE].max_drawdown_usd == pytest.approx(58)


def test_slippage_of_the_price_is_in_every_case_but_the_kindest(
    sessions: list[SessionData],
) -> None:
    params = PARAMS.replacing(slippage_amount=0, slippage_fraction=0.1)
    band = fills_band(params, sessions[:1])
    assert band[BASE].net_pnl_usd == pytest.approx(100 * (1.9 * 0.9 - 1.0 * 1.1))
    assert band[OPTIMISTIC].net_pnl_usd == pytest.approx(10)
    # A cent, and a fifth of the price: bought at 1.10, sold at 1.80.
    assert band[ADVERSE].net_pnl_usd == pytest.approx(100 * (1.8 * 0.8 - 1.1 * 1.2 - 0.02))


def test_waiting_is_told_in_entries_seconds_and_money(band: FillsBand) -> None:
    waiting = band.waiting
    assert (waiting.entries_without_fill, waiting.exits_without_print) == (1, 1)
    assert waiting.mean_entry_wait_seconds == 1.5  # 113 and 112, due at 111
    assert waiting.longest_entry_wait_seconds == 2
    assert waiting.mean_exit_wait_seconds == waiting.longest_exit_wait_seconds == 0
    assert waiting.latest_bar_gain_usd == pytest.approx(2 - 62)


def test_a_base_at_the_latest_bar_is_compared_with_the_next(sessions: list[SessionData]) -> None:
    band = fills_band(PARAMS.replacing(fill_rule="latest_bar"), sessions)
    assert band[BASE].net_pnl_usd == pytest.approx(2)
    assert band["next_bar"].net_pnl_usd == pytest.approx(62)
    assert band.waiting.latest_bar_gain_usd == pytest.approx(2 - 62)
    assert band.waiting.entries_without_fill == 1


def test_profit_is_split_by_the_evidence_for_it(sessions: list[SessionData]) -> None:
    # +86 by an exit at a bar of two trades, -24 by an entry at a bar of one and without a print
    shares = shares_in(sessions)
    assert shares.thin_bars_fraction == pytest.approx(1)
    assert shares.stale_prices_fraction == 0
    assert shares.largest_trade_fraction == pytest.approx(1)
    assert shares.largest_day_fraction == pytest.approx(1)


def shares_in(sessions: list[SessionData], **params: Any) -> ProfitShares:
    chosen = PARAMS.replacing(**params)
    return profit_shares(chosen, run_backtest(chosen, sessions).trades, sessions)


def test_shares_are_of_the_gross_profit() -> None:
    shares = shares_of(
        pd.Series([30.0, 10.0, -60.0, 20.0, 40.0, 15.0]),
        pd.Series(["a", "a", "a", "b", "b", "c"]),
        thin=np.array([True, False, True, False, False, True]),
        stale=np.array([False, True, True, False, False, False]),
    )
    assert shares.thin_bars_fraction == pytest.approx((30 + 15) / 115)
    assert shares.stale_prices_fraction == pytest.approx(10 / 115)
    assert shares.largest_trade_fraction == pytest.approx(40 / 115)
    assert shares.largest_day_fraction == pytest.approx(60 / (60 + 15))


def test_bars_of_an_unknown_number_of_trades_are_neither_thin_nor_thick(
    sessions: list[SessionData],
) -> None:
    unknown = [replace(s, bar_trades=np.full_like(s.bar_trades, -1)) for s in sessions]
    shares = shares_in(unknown)
    assert shares.thin_bars_fraction is None
    assert replace(shares_in(sessions), thin_bars_fraction=None) == shares


def test_without_a_profit_there_are_no_shares(sessions: list[SessionData]) -> None:
    assert set(asdict(shares_in(sessions[1:])).values()) == {None}
    assert set(asdict(shares_in(sessions, entry_end_time=time(9, 30))).values()) == {None}


def test_an_engine_without_latency_gets_a_second_of_it(sessions: list[SessionData]) -> None:
    band = fills_band(PARAMS.replacing(latency_seconds=0), sessions[:1])
    assert band[BASE].net_pnl_usd == pytest.approx(86)
    assert band[ADVERSE].net_pnl_usd == pytest.approx(100 * (1.66 - 1.14))  # sold at 124
    assert band.waiting.mean_exit_wait_seconds == 1  # decided at 123


def test_without_a_trade_the_band_is_empty(sessions: list[SessionData]) -> None:
    band = fills_band(PARAMS.replacing(entry_end_time=time(9, 30)), sessions)
    assert {one.metrics.total_trades for one in band.scenarios} == {0}
    assert band.waiting.mean_entry_wait_seconds is None
    assert band.waiting.longest_exit_wait_seconds is None


def test_the_band_is_in_order_on_a_sample_session() -> None:
    session = sample_session(date(2023, 1, 3), SampleSettings(seed=5, edge=3))
    params = StrategyParams(
        stretch_threshold=0.001, reclaim_threshold=0.0005, cooldown_period_seconds=60
    )
    band = fills_band(params, [session])
    kind, base, harsh = (band[name] for name in (OPTIMISTIC, BASE, ADVERSE))
    latest = band["latest_bar"]
    assert latest.total_trades == kind.total_trades > base.total_trades > 10
    # Slippage costs 0.02 on each side of every trade.
    assert kind.net_pnl_usd - latest.net_pnl_usd == pytest.approx(4 * kind.total_trades, rel=0.01)
    assert harsh.net_pnl_usd < base.net_pnl_usd < kind.net_pnl_usd
    assert band.scenarios[1].name == BASE


def test_a_range_must_have_sessions() -> None:
    with pytest.raises(MissingSessionError):
        fills_band(PARAMS, [])
