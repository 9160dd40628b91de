"""trade_pictures: the right window, the right trades, a bounded number."""

from dataclasses import FrozenInstanceError
from datetime import date

import numpy as np
import pandas as pd
import pytest

from rorq_pipeline.report.contracts import short_contract
from rorq_pipeline.report.pictures import TradePicture, trade_pictures
from rorq_pipeline.report.sections.trades import COLUMNS, _packed, trade_rows
from strategy.session import SessionData
from tests.rorq_pipeline.report.fixtures import complete_data, fabricated_sessions

OPENED = 1_672_756_200  # seconds since 1970, of 3 January 2023, 9:30 in New York


def session_of(
    n_seconds: int, day: int = 3, bars: tuple[dict[int, float], dict[int, float]] = ({}, {})
) -> SessionData:
    """A price that rises by 0.00013 a second; the contracts A and B with a price by second."""
    seconds = np.arange(n_seconds)
    prices = np.array([price for contract in bars for price in contract.values()])
    return SessionData(
        ticker="SPY", date=date(2023, 1, day), source="synthetic", fingerprint="0" * 64,
        open_utc_seconds=OPENED, n_seconds=n_seconds, close_shift_seconds=0,
        underlying_close_usd=np.where(seconds < 2, np.nan, 380 + 0.00013 * seconds),
        running_vwap_usd=np.where(seconds < 3, np.nan, 379.5),
        contract_tickers=("A", "B"), call_strikes_usd=np.array([380.0, 381.0]),
        put_strikes_usd=np.array([]), shares_per_contract=np.full(2, 100),
        bar_offsets=np.array([0, len(bars[0]), len(prices)]),
        bar_seconds=np.array([s for contract in bars for s in contract], dtype=np.int32),
        bar_prices_usd=prices, bar_highs_usd=prices, bar_lows_usd=prices,
        bar_trades=np.ones(len(prices), dtype=np.int64),
    )  # fmt: skip


def trade(
    stretch_second: int, exit_second: int, *, net_pnl_usd: float, contract: str = "A", day: int = 3
) -> dict[str, object]:
    stretched, exited = (
        pd.Timestamp(OPENED + second, unit="s", tz="America/New_York")
        for second in (stretch_second, exit_second)
    )
    return {
        "session_date": date(2023, 1, day), "ticker": contract, "stretch_time": stretched,
        "exit_time": exited, "net_pnl_usd": net_pnl_usd,
    }  # fmt: skip


@pytest.fixture(scope="module")
def trades() -> pd.DataFrame:
    return complete_data().trades


def test_a_window_reaches_a_minute_beyond_the_trade_and_not_beyond_the_session() -> None:
    bars = ({10: 1.1, 100: 1.2, 299: 1.3}, {5: 2.1, 39: 2.2, 40: 2.3, 150: 2.4, 260: 2.5, 261: 2.6})
    made = pd.DataFrame([
        trade(100, 200, net_pnl_usd=5.0, contract="B"), trade(30, 280, net_pnl_usd=-7.0),
    ])  # fmt: skip
    inner, whole = trade_pictures(made, [session_of(300, bars=bars)])
    assert (inner.trade, inner.start_utc_seconds) == (0, OPENED + 40)
    assert len(inner.underlying_close_usd) == len(inner.running_vwap_usd) == 221  # 40 to 260
    assert inner.underlying_close_usd[:2] == [380.0052, 380.0053]  # of 380.00533
    assert inner.underlying_close_usd[-1] == 380.0338
    assert inner.option_seconds == [0, 110, 220]
    assert inner.option_prices_usd == [2.3, 2.4, 2.5]
    assert (whole.trade, whole.start_utc_seconds) == (1, OPENED)
    assert len(whole.underlying_close_usd) == len(whole.running_vwap_usd) == 300
    assert whole.underlying_close_usd[:3] == [None, None, 380.0003]
    assert whole.running_vwap_usd[:4] == [None, None, None, 379.5]
    assert (whole.option_seconds, whole.option_prices_usd) == ([10, 100, 299], [1.1, 1.2, 1.3])


def test_of_many_trades_150_have_a_picture_and_the_one_in_the_middle_has_none() -> None:
    """Net P&L from 0 to 150 USD in another order than that of the rows; 75 USD is of row 97."""
    made = pd.DataFrame([trade(0, 9, net_pnl_usd=(7 * row) % 151) for row in range(151)])
    pictures = trade_pictures(made, [session_of(10)])
    assert [picture.trade for picture in pictures] == [*range(97), *range(98, 151)]


@pytest.mark.parametrize(("n_seconds", "shown"), [(45_000, [0, 2]), (45_001, [2])])
def test_from_the_first_window_that_is_too_long_for_the_page_on_there_is_none(
    n_seconds: int, shown: list[int]
) -> None:
    """90,000 seconds in all: the best trade's 45,000, then the worst's, then a short one's."""
    made = pd.DataFrame([
        trade(0, n_seconds - 1, net_pnl_usd=-9.0, day=4),
        trade(0, 9, net_pnl_usd=1.0, day=5),
        trade(0, 44_999, net_pnl_usd=8.0),
    ])  # fmt: skip
    days = [session_of(45_000), session_of(n_seconds, day=4), session_of(10, day=5)]
    assert [picture.trade for picture in trade_pictures(made, days)] == shown


def test_the_contract_in_the_picture_shows_the_fills(trades: pd.DataFrame) -> None:
    for picture in trade_pictures(trades, fabricated_sessions()):
        row = trades.iloc[picture.trade]
        second = int(row["exit_time"].timestamp()) - picture.start_utc_seconds
        known = [p for s, p in zip(picture.option_seconds, picture.option_prices_usd, strict=True)
                 if s <= second]  # fmt: skip
        if row["exit_price_age_seconds"] <= second:
            assert known[-1] == row["exit_price"]


def test_a_picture_is_frozen_and_built_by_name() -> None:
    made = pd.DataFrame([trade(0, 9, net_pnl_usd=1.0)])
    (picture,) = trade_pictures(made, [session_of(10)])
    with pytest.raises(FrozenInstanceError):
        picture.trade = 1  # type: ignore[misc]
    with pytest.raises(TypeError, match="positional"):
        TradePicture(0, OPENED, [], [], [], [])  # type: ignore[misc]


def test_no_trade_no_picture(trades: pd.DataFrame) -> None:
    assert trade_pictures(trades.iloc[:0], fabricated_sessions()) == ()


def test_packing_loses_nothing(trades: pd.DataFrame) -> None:
    picture = trade_pictures(trades, fabricated_sessions())[0]
    packed = _packed(picture)
    assert np.cumsum(packed["underlying"]) / 10_000 == pytest.approx(picture.underlying_close_usd)
    assert np.cumsum(packed["seconds"]).tolist() == list(picture.option_seconds)
    assert np.cumsum(packed["option"]) / 10_000 == pytest.approx(picture.option_prices_usd)


def test_a_row_is_the_trade_as_it_was(trades: pd.DataFrame) -> None:
    for row, trade in zip(trade_rows(trades), trades.itertuples(), strict=True):
        told = dict(zip(COLUMNS, row, strict=True))
        assert (told["number"], told["contract"]) == (trade.Index, short_contract(trade.ticker))
        assert told["session"] == str(trade.session_date)
        assert (told["entry_price"], told["exit_price"]) == (trade.entry_price, trade.exit_price)
        assert told["held_seconds"] == (trade.exit_time - trade.entry_time).total_seconds()
        assert told["net_pnl_usd"] == pytest.approx(trade.net_pnl_usd, abs=0.00501)
        assert told["return_on_risk_percent"] == pytest.approx(
            trade.net_pnl_usd / trade.risk_usd * 100, abs=0.0501
        )
        for name in ("stretch_time", "signal_time", "entry_time", "exit_time"):
            moment = getattr(trade, name)
            assert told[name] == (moment - moment.normalize()).total_seconds()


def test_rows_tell_new_york_time_whatever_the_season(trades: pd.DataFrame) -> None:
    moved = trades.iloc[:1].copy()
    for column in ("stretch_time", "signal_time", "entry_time", "exit_time"):
        moved[column] = moved[column] + pd.DateOffset(months=6)
    winter, summer = trade_rows(trades.iloc[:1])[0], trade_rows(moved)[0]
    clock = trades["entry_time"].iloc[0].strftime("%H:%M:%S")
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    assert winter[4] == summer[4] == hours * 3600 + minutes * 60 + seconds
