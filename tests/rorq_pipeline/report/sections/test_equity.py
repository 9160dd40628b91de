"""The days in words, by hand."""

from datetime import date

import pytest

from rorq_pipeline.report.sections.equity import equity_section
from strategy.backtest_range import BacktestRange
from tests.rorq_pipeline.report.small import small_data, trade


def test_days_are_counted_and_the_extremes_named() -> None:
    section = equity_section(
        small_data(
            [
                trade(3, 30.0, seconds=90),
                trade(3, -29.5, at="11:00:00", seconds=60),
                trade(4, -0.5, seconds=300),
                trade(6, 0.95, seconds=45),
                trade(9, 0.25, seconds=20),
                trade(10, -1.25, seconds=30),
                trade(11, 0.75, seconds=100),
            ],
            date_range=BacktestRange.parse("2023-01-03_2023-01-11"),
        )
    )
    drawdowns = section.context["drawdowns"]
    assert [(one.depth_usd, one.n_trades) for one in drawdowns] == [(pytest.approx(30.05), 6)]
    assert section.context == {
        "n_up": 4,
        "n_down": 2,
        "n_flat": 1,
        "best": (date(2023, 1, 6), 0.95),
        "worst": (date(2023, 1, 10), -1.25),
        "ratios": [
            ("Sharpe ratio of a year", "6.35"),  # 0.4 times the root of 252
            ("Sharpe ratio of a day", "0.40"),
            # a mean of 0.1; losses of 0.5 and 1.25 in seven sessions deviate by 0.50885
            ("Sortino ratio of a year", "3.12"),
            ("Held, median", "1 min 00 s"),
            ("Held, mean", "1 min 32 s"),
            ("Held, longest", "5 min 00 s"),
        ],
        "drawdowns": drawdowns,
    }
    equity = section.figures["equity"]["data"][0]["y"]
    assert equity == pytest.approx([0.0, 30.0, 0.5, 0.0, 0.95, 1.2, -0.05, 0.7])
    daily = section.figures["daily"]["data"][0]["y"]
    assert daily == [0.5, -0.5, 0.0, 0.95, 0.25, -1.25, 0.75]


def test_without_a_trade_there_is_no_curve() -> None:
    section = equity_section(small_data())
    assert section.absent == "There is no trade to draw a curve of."
