"""The days in words, by hand."""

from datetime import date

from rorq_pipeline.report.sections.equity import equity_section
from tests.rorq_pipeline.report.small import small_data, trade


def test_days_are_counted_and_the_extremes_named() -> None:
    section = equity_section(
        small_data(
            [
                trade(3, 30.0, seconds=90),
                trade(3, -29.5, at="11:00:00", seconds=60),
                trade(4, -0.5, seconds=300),
                trade(6, 0.75, seconds=45),
            ]
        )
    )
    drawdowns = section.context["drawdowns"]
    assert [(one.depth_usd, one.n_trades) for one in drawdowns] == [(30.0, 3)]
    assert section.context == {
        "n_up": 2,
        "n_down": 1,
        "n_flat": 1,
        "best": (date(2023, 1, 6), 0.75),
        "worst": (date(2023, 1, 4), -0.5),
        "ratios": [
            ("Sharpe ratio of a year", "6.35"),  # 0.4 times the root of 252
            ("Sharpe ratio of a day", "0.40"),
            # a mean of 0.1875, losses of 0.5 in four sessions deviate by 0.25
            ("Sortino ratio of a year", "11.91"),
            ("Held, median", "1 min 15 s"),
            ("Held, mean", "2 min 04 s"),
            ("Held, longest", "5 min 00 s"),
        ],
        "drawdowns": drawdowns,
    }
    assert section.figures["equity"]["data"][0]["y"] == [0.0, 30.0, 0.5, 0.0, 0.75]
    assert section.figures["daily"]["data"][0]["y"] == [0.5, -0.5, 0.0, 0.75]


def test_without_a_trade_there_is_no_curve() -> None:
    section = equity_section(small_data())
    assert section.absent == "There is no trade to draw a curve of."
