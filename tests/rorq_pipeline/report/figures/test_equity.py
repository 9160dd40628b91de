"""Equity, drawdown and days, by trades that are closed in another order than they are opened."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from rorq_pipeline.report.figures.equity import (
    daily_figure,
    daily_pnl_usd,
    drawdown_usd,
    equity_figure,
)


@pytest.fixture
def trades() -> pd.DataFrame:
    """Four trades of three days; the second is closed before the first."""
    days = [3, 3, 4, 6]
    exits = ["2023-01-03 10:09", "2023-01-03 10:02", "2023-01-04 10:01", "2023-01-06 15:00"]
    return pd.DataFrame({
        "session_date": [date(2023, 1, day) for day in days],
        "exit_time": pd.to_datetime(exits).tz_localize("America/New_York"),
        "net_pnl_usd": [30.0, -12.0, -20.0, 5.0],
    })  # fmt: skip


def test_the_curve_goes_from_zero_by_exits_with_the_fall_below_its_peak(
    trades: pd.DataFrame,
) -> None:
    assert equity_figure(trades) == {
        "data": [
            {
                "type": "scatter", "mode": "lines", "name": "Equity", "y": [0, -12, 18, -2, 3],
                "text": ["start", "03 Jan 23, 10:02", "03 Jan 23, 10:09", "04 Jan 23, 10:01",
                         "06 Jan 23, 15:00"],
                "line": {"color": "--blue", "width": 2},
                "hovertemplate": "trade %{x}<br>%{text}<br><b>%{y:$,.2f}</b><extra></extra>",
            },
            {
                "type": "scatter", "mode": "lines", "name": "Drawdown",
                "y": [0, -12, 0, -20, -15], "yaxis": "y2", "fill": "tozeroy",
                "line": {"color": "--vermillion", "width": 1}, "fillcolor": "--vermillion@0.22",
                "hovertemplate": "trade %{x}<br><b>%{y:$,.2f}</b> from the peak<extra></extra>",
            },
        ],
        "layout": {
            "height": 430, "hovermode": "closest",
            "xaxis": {"title": {"text": "Trades, in the order of their exits"}, "anchor": "y2",
                      "rangemode": "tozero", "dtick": 1},
            "yaxis": {"title": {"text": "Equity, USD"}, "domain": [0.38, 1], "tickformat": "$,~f",
                      "zeroline": True},
            "yaxis2": {"title": {"text": "Drawdown, USD"}, "domain": [0, 0.28],
                       "tickformat": "$,~f", "rangemode": "tozero"},
        },
    }  # fmt: skip


def test_of_more_than_three_thousand_trades_the_labels_have_no_moments(
    trades: pd.DataFrame,
) -> None:
    most = pd.concat([trades] * 750)
    equity, _ = equity_figure(most)["data"]
    assert len(equity["text"]) == 3001
    equity, _ = equity_figure(pd.concat([most, trades[:1]]))["data"]
    assert equity["text"] == []
    assert equity["hovertemplate"] == "trade %{x}<br><b>%{y:$,.2f}</b><extra></extra>"
    assert len(equity["y"]) == 3002


def test_a_day_without_a_trade_is_a_bar_of_nothing(trades: pd.DataFrame) -> None:
    days = [date(2023, 1, day) for day in (3, 4, 5, 6)]
    assert daily_figure(daily_pnl_usd(trades, days)) == {
        "data": [
            {
                "type": "bar", "name": "Net P&L",
                "x": ["3 Jan 23", "4 Jan 23", "5 Jan 23", "6 Jan 23"], "y": [18, -20, 0, 5],
                "marker": {"color": ["--blue", "--vermillion", "--blue", "--blue"]},
                "hovertemplate": "%{x}<br><b>%{y:$,.2f}</b><extra></extra>",
            }
        ],
        "layout": {
            "height": 260,
            "xaxis": {"type": "category", "nticks": 12},
            "yaxis": {"title": {"text": "Net P&L a session, USD"}, "tickformat": "$,~f",
                      "zeroline": True},
        },
    }  # fmt: skip


def test_a_day_that_is_not_listed_counts_from_its_first_trade_on(trades: pd.DataFrame) -> None:
    assert daily_pnl_usd(trades, [date(2023, 1, 6)]) == {
        date(2023, 1, 6): 5, date(2023, 1, 3): 18, date(2023, 1, 4): -20,
    }  # fmt: skip


def test_nothing_is_below_a_peak_without_trades() -> None:
    assert drawdown_usd(np.array([])).tolist() == []
