"""The fills band on two worked days.

VWAP is 400.00. On both days a call of strike 399 is bought after 09:31:50, and a time exit follows
ten seconds after it.
"""

from dataclasses import asdict, replace
from datetime import date, time

import numpy as np
import pytest

from strategy.errors import MissingSessionError
from strategy.market_data import build_session
from strategy.market_data.sample.generate import SampleSettings, sample_session
from strategy.params import StrategyParams
from strategy.proofs.fill_scenarios import (
    ADVERSE,
    BASE,
    OPTIMISTIC,
    WITHOUT_STALE_ENTRIES,
    FillsBand,
    fills_band,
)
from strategy.session import SessionData
from tests.strategy.made_sessions import make_frames

PARAMS = StrategyParams(
    take_profit_percent=500, stop_loss_percent=-100, max_trade_duration_seconds=10,
    brokerage_fee_per_contract=0, exchange_fee_per_contract=0,
)  # fmt: skip
BARS = [(0, 400.0, 1000.0, 400.0), (100, 398.0, 0.0, None), (110, 400.0, 0.0, None)]

# Base: entry at 111, decision at 121, exit at 122. Adverse: entry at 112, exit at 124.
# (second, price, low, high, trades in the bar)
FIRST_DAY = [
    (105, 1.0, 0.9, 1.1, 5),  # the entry of the base, and of the adverse case
    (122, 2.0, 1.8, 2.1, 2),
    (124, 1.9, 1.7, 2.0, 9),
]
SECOND_DAY = [(50, 1.0, 0.9, 1.2, 1), (123, 0.8, 0.7, 0.9, 3)]  # an entry 61 seconds old


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
    ]


@pytest.fixture
def band(sessions: list[SessionData]) -> FillsBand:
    return fills_band(PARAMS, sessions)


def test_the_base_pays_the_slippage_of_the_parameters(band: FillsBand) -> None:
    # (1.98 - 1.02) x 100 = 96 on the first day, (0.98 - 1.02) x 100 = -4 on the second
    assert band[BASE].total_trades == 2
    assert band[BASE].net_pnl_usd == pytest.approx(92)


def test_the_optimistic_case_pays_none(band: FillsBand) -> None:
    assert band[OPTIMISTIC].net_pnl_usd == pytest.approx(100)  # 100 and 0


def test_the_adverse_case_fills_later_and_at_the_worse_side(band: FillsBand) -> None:
    # First day: bought at 1.10 + 0.04, sold at 1.70 - 0.04: +52.
    # Second day: bought at 1.20 + 0.04, sold at second 124, at 0.70 - 0.04: -58.
    assert band[ADVERSE].net_pnl_usd == pytest.approx(-6)
    assert band[ADVERSE].avg_risk_per_trade_usd == pytest.approx((114 + 124) / 2)
    assert band[ADVERSE].win_rate_percent == 50
    assert band[ADVERSE].max_drawdown_usd == pytest.approx(58)


def test_without_stale_entries_the_second_day_is_empty(band: FillsBand) -> None:
    assert band[WITHOUT_STALE_ENTRIES].total_trades == 1
    assert band[WITHOUT_STALE_ENTRIES].net_pnl_usd == pytest.approx(96)
    # Days of 96 and 0: mean 48, sample deviation 96 / sqrt(2).
    assert band[WITHOUT_STALE_ENTRIES].daily_sharpe == pytest.approx(0.5**0.5)


def test_profit_is_split_by_the_evidence_for_it(band: FillsBand) -> None:
    shares = band.profit_shares
    assert shares.thin_bars_fraction == pytest.approx(
        1
    )  # both days: an exit of two, an entry of one
    assert shares.stale_prices_fraction == pytest.approx(-4 / 92)
    assert shares.best_trade_fraction == pytest.approx(96 / 92)
    assert shares.best_day_fraction == pytest.approx(96 / 92)
    assert list(shares.described().values()) == list(asdict(shares).values())


def test_bars_of_an_unknown_number_of_trades_are_not_thin(sessions: list[SessionData]) -> None:
    unknown = [replace(s, bar_trades=np.full_like(s.bar_trades, -1)) for s in sessions]
    assert fills_band(PARAMS, unknown).profit_shares.thin_bars_fraction == 0


def test_without_a_profit_there_are_no_shares(sessions: list[SessionData]) -> None:
    shares = fills_band(PARAMS, sessions[1:]).profit_shares
    assert set(asdict(shares).values()) == {None}


def test_an_engine_without_latency_gets_a_second_of_it(sessions: list[SessionData]) -> None:
    # Base: entry at 110, exit at 120. Adverse: entry at 111, exit decided at 121, filled at 122.
    band = fills_band(PARAMS.replacing(latency_seconds=0), sessions[:1])
    assert band[BASE].net_pnl_usd == pytest.approx(-4)
    assert band[ADVERSE].net_pnl_usd == pytest.approx(100 * (1.76 - 1.14))


def test_without_a_trade_the_band_is_empty(sessions: list[SessionData]) -> None:
    band = fills_band(PARAMS.replacing(entry_end_time=time(9, 30)), sessions)
    assert {one.metrics.total_trades for one in band.scenarios} == {0}
    assert set(asdict(band.profit_shares).values()) == {None}


def test_the_band_is_in_order_on_a_sample_session() -> None:
    session = sample_session(date(2023, 1, 3), SampleSettings(seed=5, edge=3))
    params = StrategyParams(
        stretch_threshold=0.001, reclaim_threshold=0.0005, cooldown_period_seconds=60
    )
    band = fills_band(params, [session])
    kind, base, harsh = (band[name] for name in (OPTIMISTIC, BASE, ADVERSE))
    assert base.total_trades == kind.total_trades > 10
    # Slippage costs 0.02 on each side of every trade.
    assert kind.net_pnl_usd - base.net_pnl_usd == pytest.approx(4 * base.total_trades, rel=0.01)
    assert harsh.net_pnl_usd < base.net_pnl_usd
    assert band.scenarios[1].name == BASE


def test_a_range_must_have_sessions() -> None:
    with pytest.raises(MissingSessionError):
        fills_band(PARAMS, [])
