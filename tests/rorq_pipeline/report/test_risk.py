"""Ratios of a year, holding times and drawdowns, against figures worked out by hand."""

from datetime import date

import pandas as pd
import pytest

from rorq_pipeline.report.risk import (
    annual_sharpe,
    annual_sortino,
    drawdowns,
    holding_seconds,
)


def trades_of(pnl_usd: list[float], held_seconds: list[int]) -> pd.DataFrame:
    """One trade a day from 3 January 2023 on, entered at 10:00."""
    entries = pd.date_range("2023-01-03 10:00", periods=len(pnl_usd), tz="America/New_York")
    return pd.DataFrame(
        {
            "net_pnl_usd": pnl_usd,
            "entry_time": entries,
            "exit_time": entries + pd.to_timedelta(held_seconds, unit="s"),
        }
    )


def test_ratios_of_a_year() -> None:
    assert annual_sharpe(0.5) == pytest.approx(7.937254)  # times the root of 252
    assert annual_sharpe(None) is None
    # mean 1, downside deviation sqrt((0 + 4 + 0 + 4) / 4) = sqrt(2)
    assert annual_sortino([3.0, -2.0, 5.0, -2.0]) == pytest.approx(252**0.5 / 2**0.5)
    assert annual_sortino([3.0, 0.0]) is None
    assert annual_sortino([]) is None


def test_holding_times() -> None:
    assert holding_seconds(trades_of([1, 1, 1], [10, 20, 60])) == (20.0, 30.0, 60.0)


def test_the_deepest_drawdowns_come_first_with_their_dates() -> None:
    # equity 0, 10, 4, 6, 12, 15, 9, 2, 3
    found = drawdowns(trades_of([10, -6, 2, 6, 3, -6, -7, 1], [5] * 8))
    told = [
        (d.depth_usd, d.from_date.day, d.lowest_date.day, d.recovered_date, d.n_trades)
        for d in found
    ]
    assert told == [(13, 7, 9, None, 3), (6, 3, 4, date(2023, 1, 6), 2)]


def test_a_fall_below_zero_at_once_is_a_drawdown() -> None:
    (first,) = drawdowns(trades_of([-4, 1, 5], [5] * 3))
    assert (first.depth_usd, first.recovered_date) == (4, date(2023, 1, 5))
    assert first.from_date == first.lowest_date == date(2023, 1, 3)


def test_of_many_drawdowns_the_five_deepest_are_told() -> None:
    pnl = [10.0, *(sign * usd for usd in range(1, 8) for sign in (-1.0, 1.0))]
    assert [one.depth_usd for one in drawdowns(trades_of(pnl, [5] * len(pnl)))] == [7, 6, 5, 4, 3]
