"""The days in words, against sums over the trades that are made here."""

from collections import defaultdict
from dataclasses import replace
from datetime import date

import pytest

from rorq_pipeline.report.sections.equity import equity_section
from tests.rorq_pipeline.report.fixtures import complete_data


def test_days_are_counted_and_the_extremes_named() -> None:
    data = complete_data()
    days: dict[date, float] = defaultdict(float)
    for trade in data.trades.to_dict("records"):
        days[trade["session_date"]] += trade["net_pnl_usd"]
    shown = equity_section(data).context
    n_up, n_down = (sum(sign * pnl > 0 for pnl in days.values()) for sign in (1, -1))
    assert (shown["n_up"], shown["n_down"]) == (n_up, n_down)
    assert shown["n_flat"] == len(data.session_dates) - n_up - n_down
    for name, extreme in (("best", max), ("worst", min)):
        pnl = extreme(days.values())
        day, told = shown[name]
        assert told == pytest.approx(pnl)
        assert days[day] == pytest.approx(pnl)


def test_the_sharpe_ratio_of_a_day_stands_below_that_of_a_year() -> None:
    data = complete_data()
    metrics = replace(data.best.metrics, daily_sharpe=0.25)
    best = data.best.model_copy(update={"metrics": metrics})
    ratios = dict(equity_section(replace(data, best=best)).context["ratios"])
    assert ratios["Sharpe ratio of a year"] == "3.97"  # a quarter of the root of 252
    assert ratios["Sharpe ratio of a day"] == "0.25"
