"""The bars of single trades: how wide, where, and how many trades are in each."""

import pandas as pd
import pytest

from rorq_pipeline.report.figures.outcomes import pnl_figure, whole_ticks


def bars(*pnl_usd: float) -> list[tuple[float, int, str]]:
    """Middle, trades and colour of the bars with a trade."""
    (data,) = pnl_figure(pd.DataFrame({"net_pnl_usd": pnl_usd}))["data"]
    shown = zip(data["x"], data["y"], data["marker"]["color"], strict=True)
    return [(float(x), int(n), color) for x, n, color in shown if n]


def test_every_trade_lies_between_the_borders_of_its_bar() -> None:
    """48 USD in 36 bars are 1.33 each, and the next round width is 2; 10 bars of losses."""
    figure = pnl_figure(pd.DataFrame({"net_pnl_usd": [30.0, -12.0, -18.0, 5.0, -20.0]}))
    (data,) = figure["data"]
    n_at = {-19: 1, -17: 1, -11: 1, 5: 1, 29: 1}
    assert data["x"].tolist() == list(range(-19, 30, 2))
    assert data["y"].tolist() == [n_at.get(x, 0) for x in range(-19, 30, 2)]
    assert data["width"] == pytest.approx([1.88] * 25)
    assert data["customdata"] == [[str(low), str(low + 2)] for low in range(-20, 30, 2)]
    assert data["marker"] == {"color": ["--vermillion"] * 10 + ["--blue"] * 15}
    assert figure["layout"] == {
        "height": 260,
        "xaxis": {"title": {"text": "Net P&L a trade, USD"}, "tickformat": "$,~f"},
        "yaxis": {"title": {"text": "Trades"}, "rangemode": "tozero", "dtick": 1},
    }


@pytest.mark.parametrize(
    ("pnl_usd", "middles"),
    [(0.0, [0.25]), (2.0, [0.25, 0.75, 1.25, 1.75]), (-1.0, [-0.75, -0.25])],
)
def test_a_single_trade_has_the_bars_from_zero_to_its_own(
    pnl_usd: float, middles: list[float]
) -> None:
    (data,) = pnl_figure(pd.DataFrame({"net_pnl_usd": [pnl_usd]}))["data"]
    assert data["x"].tolist() == middles
    assert set(data["marker"]["color"]) == {"--vermillion" if pnl_usd < 0 else "--blue"}


def test_trades_stand_in_bars_of_a_round_width() -> None:
    assert bars(-30, 6, 6, 325) == [
        (-25.0, 1, "--vermillion"), (5.0, 2, "--blue"), (325.0, 1, "--blue"),
    ]  # fmt: skip
    (data,) = pnl_figure(pd.DataFrame({"net_pnl_usd": [-2000.0, 34_000.0]}))["data"]
    assert data["customdata"][:2] == [["-2,000", "-1,000"], ["-1,000", "0"]]


@pytest.mark.parametrize(
    ("low", "high", "width"),
    [
        (-1.0, 8.0, 0.5),
        (0.5, 2.0, 0.5),
        (-3.0, 33.0, 1.0),
        (-3.0, 58.2, 2.0),
        (-3.0, 76.2, 2.5),
        (-3.0, 105.0, 5.0),
        (-6.0, 210.0, 10.0),
        (-30.0, 330.0, 10.0),
        (-300.0, -290.0, 10.0),
    ],
)
def test_the_least_round_width_of_at_most_36_bars(low: float, high: float, width: float) -> None:
    (data,) = pnl_figure(pd.DataFrame({"net_pnl_usd": [low, high]}))["data"]
    assert data["x"][1] - data["x"][0] == pytest.approx(width)
    assert data["width"] == pytest.approx([0.94 * width] * len(data["x"]))
    assert data["x"][0] <= low + width / 2
    assert data["x"][-1] >= high - width / 2


@pytest.mark.parametrize(("n", "ticks"), [(8, {"dtick": 1}), (9, {"tickformat": ",d"})])
def test_there_is_no_half_trade(n: int, ticks: dict[str, object]) -> None:
    assert whole_ticks(n) == ticks
    axis = pnl_figure(pd.DataFrame({"net_pnl_usd": [5.0] * n}))["layout"]["yaxis"]
    assert axis.items() >= ticks.items()
