from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.statistics.session_sums import SessionSums
from optimize.statistics.walk_forward import WalkForwardStep, plan_walk_forward, walk_forward
from strategy.backtest_range import BacktestRange
from tests.optimize.statistics.builders import sums_of

JANUARY, FEBRUARY, MARCH = (BacktestRange.of_month(date(2023, month, 1)) for month in (1, 2, 3))
QUARTER = BacktestRange(date(2023, 1, 1), date(2023, 3, 31))


def step(name, params, inside, pnl, first=date(2023, 2, 1)):
    return WalkForwardStep(
        chosen_in=name,
        traded_in=f"after {name}",
        params=params,
        in_sample_return_on_risk_percent=inside,
        sessions=sums_of(pnl, first=first),
    )


def test_each_choice_is_traded_in_the_next_range():
    planned = plan_walk_forward([MARCH, JANUARY, FEBRUARY])
    assert [(s.chosen_in, s.traded_in) for s in planned] == [(JANUARY, FEBRUARY), (FEBRUARY, MARCH)]
    assert planned[0].dates == FEBRUARY.sessions


def test_a_range_that_overlaps_is_traded_only_after_the_choice():
    planned = plan_walk_forward([JANUARY, QUARTER])
    assert len(planned) == 1
    assert planned[0].dates == FEBRUARY.sessions + MARCH.sessions


def test_ranges_of_one_end_do_not_trade_each_other():
    planned = plan_walk_forward([MARCH, QUARTER, FEBRUARY])
    assert [(s.chosen_in, s.traded_in) for s in planned] == [(FEBRUARY, QUARTER)]
    assert plan_walk_forward([JANUARY]) == plan_walk_forward([]) == []


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(4, 40)).map(
            lambda pair: BacktestRange(
                date.fromordinal(date(2023, 1, 3).toordinal() + pair[0]),
                date.fromordinal(date(2023, 1, 3).toordinal() + pair[0] + pair[1]),
            )
        ),
        max_size=8,
    )
)
def test_no_session_is_traded_twice_or_by_a_choice_that_saw_it(ranges):
    planned = plan_walk_forward(ranges)
    traded = [day for s in planned for day in s.dates]
    assert traded == sorted(set(traded))
    assert all(
        day > s.chosen_in.end_date and day in s.traded_in for s in planned for day in s.dates
    )


def test_the_stitched_record_worked_by_hand():
    steps = [
        step("a", {"take_profit_percent": 50, "entry_window": "x"}, 20.0, [10, -30, 5]),
        step("b", {"take_profit_percent": 50, "entry_window": "y"}, 40.0, [25], date(2023, 3, 1)),
        step(
            "c", {"take_profit_percent": 70, "entry_window": "y"}, None, [-4, 0], date(2023, 4, 3)
        ),
    ]
    latest = {"take_profit_percent": 70, "entry_window": "x"}  # traded nowhere yet
    found = walk_forward(steps, [*(one.params for one in steps), latest])
    assert found.return_on_risk_percent == pytest.approx(100 * 6 / 600)
    assert found.in_sample_return_on_risk_percent == pytest.approx((20 * 300 + 40 * 100) / 400)
    assert found.efficiency_ratio == pytest.approx(1 / 25)
    assert found.profitable_steps_fraction == pytest.approx(1 / 3)
    assert found.max_drawdown_usd == 30
    equity = found.equity()
    assert equity["equity_usd"].tolist() == [10, -20, -15, 10, 6, 6]
    assert equity["chosen_in"].tolist() == ["a", "a", "a", "b", "c", "c"]
    stable = found.stability["take_profit_percent"]
    assert (stable.values, stable.n_distinct) == ((50, 50, 70, 70), 2)
    assert stable.unchanged_fraction == pytest.approx(2 / 3)
    assert found.stability["entry_window"].values == ("x", "y", "y", "x")
    assert [s.net_pnl_usd for s in found.steps] == [-15, 25, -4]
    assert [s.total_trades for s in found.steps] == [3, 1, 2]
    assert (found.total_trades, found.net_pnl_usd) == (6, 6)


def test_a_drawdown_counts_from_the_start():
    assert walk_forward([step("a", {}, 1.0, [-5, -5, 3])], []).max_drawdown_usd == 10


def test_no_step_yet_is_an_empty_record():
    found = walk_forward([], [])
    assert found.return_on_risk_percent is None
    assert found.efficiency_ratio is None
    assert found.profitable_steps_fraction is None
    assert found.equity().empty
    assert (found.steps, found.total_trades, found.net_pnl_usd) == ((), 0, 0)


def test_one_range_has_no_stability_and_a_quiet_step_no_weight():
    quiet = WalkForwardStep(
        chosen_in="a",
        traded_in="b",
        params={"strikes_depth": 1},
        in_sample_return_on_risk_percent=5.0,
        sessions=SessionSums.empty(),
    )
    found = walk_forward([quiet], [quiet.params])
    assert found.stability["strikes_depth"].unchanged_fraction is None
    assert found.in_sample_return_on_risk_percent is None
