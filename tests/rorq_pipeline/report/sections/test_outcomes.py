"""How the trades ended, by groups that are added up by hand."""

import pytest

from rorq_pipeline.report.sections.outcomes import outcomes_section
from tests.rorq_pipeline.report.small import small_data, trade

TWO_THIRDS = pytest.approx(66.6667, abs=1e-4)


def test_trades_are_added_up_by_every_grouping() -> None:
    friday = trade(6, 10.0, at="09:45:00")
    tuesday = trade(
        3, -30.0, at="15:05:00", exit_reason="stop_loss", side="above", underlying_price=379.5
    )
    flat = trade(6, 0.0, at="15:10:00")
    won = trade(6, 0.5, at="15:15:00")
    context = outcomes_section(small_data([friday, tuesday, flat, won])).context
    names = ("key", "n", "win_rate_percent", "mean_usd", "net_pnl_usd")
    assert {
        table["title"]: [tuple(row[name] for name in names) for row in table["rows"]]
        for table in context["tables"]
    } == {
        "Exit reason": [
            ("stop loss", 1, 0.0, -30.0, -30.0),
            ("take profit", 3, TWO_THIRDS, 3.5, 10.5),
        ],
        "Hour of entry, New York": [
            ("09:00", 1, 100.0, 10.0, 10.0),
            ("15:00", 3, pytest.approx(33.333, abs=1e-3), pytest.approx(-9.8333, abs=1e-4), -29.5),
        ],
        "Side of the stretch": [
            ("above VWAP, a put", 1, 0.0, -30.0, -30.0),
            ("below VWAP, a call", 3, TWO_THIRDS, 3.5, 10.5),
        ],
        "Weekday": [("Tuesday", 1, 0.0, -30.0, -30.0), ("Friday", 3, TWO_THIRDS, 3.5, 10.5)],
        "Moneyness at the signal": [
            ("in by $0.50 to $1.00", 3, TWO_THIRDS, 3.5, 10.5),
            ("out by $0.50 to $1.00", 1, 0.0, -30.0, -30.0),
        ],
    }
    assert context["scale"] == 30.0


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (380.0, "in by $0.00 to $0.50"),
        (380.49, "in by $0.00 to $0.50"),
        (380.5, "in by $0.50 to $1.00"),
        (382.25, "in by $2.00 to $2.50"),
        (379.75, "out by $0.00 to $0.50"),
        (378.5, "out by $1.50 to $2.00"),
        (float("nan"), "not known"),
    ],
)
def test_a_call_at_380_is_in_or_out_of_the_money_by_steps(price: float, words: str) -> None:
    context = outcomes_section(small_data([trade(4, 0.0, underlying_price=price)])).context
    assert [one["key"] for one in context["tables"][-1]["rows"]] == [words]
    assert context["scale"] == 1.0  # nothing was won or lost


def test_without_a_trade_there_is_nothing_to_group() -> None:
    assert outcomes_section(small_data()).absent == "There is no trade to group."
