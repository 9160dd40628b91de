"""Two worked trades settled at quotes: a call bought at 1.00 and sold at 1.50, no fees."""

from datetime import date

import pandas as pd
import pytest

from strategy.backtest import run_backtest
from strategy.market_data import build_session
from strategy.params import StrategyParams
from strategy.proofs.at_quotes import AtQuotes, settle_at_quotes
from strategy.proofs.fill_scenarios import AT_QUOTES, fills_band
from strategy.session import SessionData
from tests.strategy.made_sessions import OPENS_UTC_SECONDS, contract_ticker, make_frames

PARAMS = StrategyParams(brokerage_fee_per_contract=0, exchange_fee_per_contract=0)
DAYS = (date(2023, 1, 3), date(2023, 1, 4))
BARS = [(0, 400.0, 1000.0, 400.0), (100, 398.0, 0.0, None), (110, 400.0, 0.0, None)]
CALL = [(111, 1.0, None), (130, 1.5, None), (131, 1.5, None)]


@pytest.fixture
def sessions() -> list[SessionData]:
    return [build_session(make_frames(day, BARS, {("call", 399.0): CALL})) for day in DAYS]


def quotes(
    *rows: tuple[int, int, float | None, float | None, float],
) -> pd.DataFrame:
    """Day, second, bid, ask and age before the second's end of each quote."""
    made = []
    for day, second, bid, ask, age in rows:
        start = pd.Timestamp(OPENS_UTC_SECONDS[DAYS[day]] + second, unit="s", tz="UTC")
        made.append(
            {
                "ticker": contract_ticker(DAYS[day], "call", 399.0),
                "timestamp": start,
                "quoted_at": start + pd.Timedelta(seconds=1 - age),
                "bid": bid,
                "ask": ask,
                "bid_size": 1.0,
                "ask_size": 1.0,
            }
        )
    return pd.DataFrame(made)


def settle(sessions: list[SessionData], table: pd.DataFrame) -> AtQuotes:
    return settle_at_quotes(PARAMS, run_backtest(PARAMS, sessions).trades, sessions, table)


ALL = [(0, 111, 0.99, 1.04, 0.1), (0, 131, 1.45, 1.53, 60), (1, 111, 1.0, 1.02, 0),
       (1, 131, 1.5, 1.51, 2)]  # fmt: skip


def test_every_fill_is_at_the_ask_or_the_bid(sessions: list[SessionData]) -> None:
    found = settle(sessions, quotes(*ALL))
    assert found.metrics.net_pnl_usd == pytest.approx(41 + 48)  # 1.45 - 1.04 and 1.50 - 1.02
    assert found.metrics.avg_risk_per_trade_usd == pytest.approx(51.5)  # half of 1.04 and 1.02
    assert (found.n_fills, found.n_usable) == (4, 4)
    assert found.mean_spread_usd == pytest.approx((0.05 + 0.08 + 0.02 + 0.01) / 4)
    assert found.return_on_risk_percent == pytest.approx(100 * 44.5 / 51.5)
    assert found.summary() == "4 of 4 fills at quotes"


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ((0, 111, None, None, 0.1), "n_missing", "1 without a quote"),
        ((0, 111, 1.0, None, 0.1), "n_missing", "1 without a quote"),
        ((0, 111, 0.0, 0.0, 0.1), "n_zero", "1 at a zero quote"),
        ((0, 111, 1.05, 1.04, 0.1), "n_crossed", "1 at a crossed quote"),
        ((0, 111, 0.99, 1.04, 60.1), "n_stale", "1 at a quote older than 60 s"),
    ],
)
def test_a_fill_without_a_usable_quote_keeps_its_bar_and_slippage(
    sessions: list[SessionData],
    changed: tuple[int, int, float | None, float | None, float],
    field: str,
    words: str,
) -> None:
    found = settle(sessions, quotes(changed, *ALL[1:]))
    assert found.metrics.net_pnl_usd == pytest.approx(43 + 48)  # 1.45 - 1.02 and 1.50 - 1.02
    assert (found.n_usable, getattr(found, field)) == (3, 1)
    assert found.summary() == f"3 of 4 fills at quotes, {words}"
    assert not found.is_known
    assert found.return_on_risk_percent is None


def test_a_fill_that_was_never_asked_for_is_missing(sessions: list[SessionData]) -> None:
    found = settle(sessions, quotes(*ALL[:3]))
    assert found.n_missing == 1
    assert found.metrics.net_pnl_usd == pytest.approx(41 + 46)  # 1.48 - 1.02


def test_a_contract_that_nobody_bids_for_sells_for_nothing(sessions: list[SessionData]) -> None:
    found = settle(sessions, quotes(*ALL[:3], (1, 131, None, 0.01, 0.5)))
    assert found.metrics.net_pnl_usd == pytest.approx(41 - 102)
    assert found.n_usable == 4


def test_the_band_has_a_row_for_quotes_where_there_are_any(sessions: list[SessionData]) -> None:
    band = fills_band(PARAMS, sessions, quotes(*ALL))
    assert band[AT_QUOTES].net_pnl_usd == pytest.approx(89)
    assert band.quotes is not None
    for nothing in (None, quotes(*ALL)[:0]):
        without = fills_band(PARAMS, sessions, nothing)
        assert without.quotes is None
        assert AT_QUOTES not in [one.name for one in without.scenarios]
