"""Equity, drawdown and days, by trades that are closed in another order than they are opened."""

from datetime import date

import pandas as pd
import pytest

from rorq_pipeline.report.figures.equity import daily_figure, daily_pnl_usd, equity_figure
from rorq_pipeline.report.figures.outcomes import pnl_figure


@pytest.fixture
def trades() -> pd.DataFrame:
    """Four trades of three days; the second is closed before the first."""
    entries = ["2023-01-03 10:00", "2023-01-03 10:01", "2023-01-04 10:00", "2023-01-06 10:00"]
    exits = ["2023-01-03 10:09", "2023-01-03 10:02", "2023-01-04 10:01", "2023-01-06 15:00"]
    return pd.DataFrame({
        "entry_time": pd.to_datetime(entries).tz_localize("America/New_York"),
        "exit_time": pd.to_datetime(exits).tz_localize("America/New_York"),
        "net_pnl_usd": [30.0, -12.0, -20.0, 5.0],
    })  # fmt: skip


def test_the_curve_goes_from_zero_by_exits_with_the_fall_below_its_peak(
    trades: pd.DataFrame,
) -> None:
    figure = equity_figure(trades)
    equity, fall = figure["data"]
    assert equity["y"] == [0, -12, 18, -2, 3]
    assert fall["y"] == [0, -12, 0, -20, -15]
    assert equity["text"] == [
        "start", "03 Jan 23, 10:02", "03 Jan 23, 10:09", "04 Jan 23, 10:01", "06 Jan 23, 15:00",
    ]  # fmt: skip
    assert figure["layout"]["xaxis"]["dtick"] == 1  # no half trades


def test_a_day_without_a_trade_is_a_bar_of_nothing(trades: pd.DataFrame) -> None:
    days = [date(2023, 1, day) for day in (3, 4, 5, 6)]
    (bars,) = daily_figure(daily_pnl_usd(trades, days))["data"]
    assert bars["y"] == [18, -20, 0, 5]
    assert bars["x"] == ["3 Jan 23", "4 Jan 23", "5 Jan 23", "6 Jan 23"]
    assert bars["marker"]["color"] == ["--blue", "--vermillion", "--blue", "--blue"]


def test_every_trade_lies_between_the_borders_of_its_bar(trades: pd.DataFrame) -> None:
    figure = pnl_figure(trades)
    (bars,) = figure["data"]
    # 50 USD in 36 bars are 1.39 each, and the next round width is 2
    filled = [
        (low, high, n)
        for (low, high), n in zip(bars["customdata"], bars["y"], strict=True)
        if n
    ]  # fmt: skip
    assert filled == [("-20", "-18", 1), ("-12", "-10", 1), ("4", "6", 1), ("28", "30", 1)]
    assert bars["x"][0] == -19
    assert bars["width"] == pytest.approx([1.88] * 25)
    assert [
        color for color, x in zip(bars["marker"]["color"], bars["x"], strict=True) if x < 0
    ] == ["--vermillion"] * 10
    assert figure["layout"]["yaxis"]["dtick"] == 1
