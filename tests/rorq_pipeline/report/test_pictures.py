"""trade_pictures: the right window, the right trades, a bounded number."""

import numpy as np
import pandas as pd
import pytest

from rorq_pipeline.report.contracts import short_contract
from rorq_pipeline.report.pictures import MARGIN_SECONDS, trade_pictures
from rorq_pipeline.report.sections.trades import COLUMNS, _packed, trade_rows
from tests.rorq_pipeline.report.fixtures import complete_data, fabricated_sessions


@pytest.fixture(scope="module")
def trades() -> pd.DataFrame:
    return complete_data().trades


def test_a_window_reaches_from_before_the_stretch_to_after_the_exit(trades: pd.DataFrame) -> None:
    by_date = {session.date: session for session in fabricated_sessions()}
    for picture in trade_pictures(trades, fabricated_sessions(), max_pictures=12):
        trade = trades.iloc[picture.trade]
        session = by_date[trade["session_date"]]
        start = picture.start_utc_seconds
        stop = start + len(picture.underlying_close_usd) - 1
        opened = session.open_utc_seconds
        assert start == max(opened, int(trade["stretch_time"].timestamp()) - MARGIN_SECONDS)
        last = opened + session.n_seconds - 1
        assert stop == min(last, int(trade["exit_time"].timestamp()) + MARGIN_SECONDS)
        assert picture.underlying_close_usd[0] == session.underlying_close_usd[start - opened]


def test_the_contract_in_the_picture_shows_the_fills(trades: pd.DataFrame) -> None:
    for picture in trade_pictures(trades, fabricated_sessions(), max_pictures=20):
        trade = trades.iloc[picture.trade]
        second = int(trade["exit_time"].timestamp()) - picture.start_utc_seconds
        known = [p for s, p in zip(picture.option_seconds, picture.option_prices_usd, strict=True)
                 if s <= second]  # fmt: skip
        if trade["exit_price_age_seconds"] <= second:
            assert known[-1] == trade["exit_price"]


def test_best_and_worst_come_first(trades: pd.DataFrame) -> None:
    two = trade_pictures(trades, fabricated_sessions(), max_pictures=2)
    pnl = trades["net_pnl_usd"].to_numpy()
    assert {p.trade for p in two} == {int(pnl.argmax()), int(pnl.argmin())}


def test_the_number_of_seconds_is_bounded(trades: pd.DataFrame) -> None:
    some = trade_pictures(trades, fabricated_sessions(), max_total_seconds=3000)
    assert 0 < sum(len(p.underlying_close_usd) for p in some) <= 3000


def test_trades_of_sessions_that_are_not_there_have_no_picture(trades: pd.DataFrame) -> None:
    first = fabricated_sessions()[:1]
    made = trade_pictures(trades, first)
    assert {trades["session_date"].iloc[p.trade] for p in made} == {first[0].date}


def test_no_trade_no_picture(trades: pd.DataFrame) -> None:
    assert trade_pictures(trades.iloc[:0], fabricated_sessions()) == ()


def test_packing_loses_nothing(trades: pd.DataFrame) -> None:
    picture = trade_pictures(trades, fabricated_sessions(), max_pictures=1)[0]
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
