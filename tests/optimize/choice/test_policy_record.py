"""Figures of policies by hand, and the nested choice against looking ahead."""

from datetime import date, timedelta

import numpy as np
import pytest

from optimize.choice.policies import DEFAULT_POLICY, Policy
from optimize.choice.policy_comparison import MIN_MONTHS, compare_policies, nested_choice
from optimize.choice.policy_record import MonthTable, ageing, policy_figures
from optimize.choice.walk_forward_matrix import NO_CHOICE, MonthRecord

ONE = Policy(rule="exact_best", lookback_months=1, min_trades_in_21_sessions=30)
TWO = Policy(rule="smooth", lookback_months=2, min_trades_in_21_sessions=30)


def record(
    number: int,
    pnl: list[list[float]],  # (n_ages, n_policies)
    *,
    risk: float = 100.0,
    no_choice: tuple[int, ...] = (),
    parts: tuple[float, ...] = (0.5, 0.5),
) -> MonthRecord:
    """A month of some sessions, over which a choice's P&L is spread by `parts`."""
    n_policies = len(pnl[0]) if pnl else 2
    net_pnl = np.array(pnl, float).reshape(len(pnl), n_policies)
    held = np.zeros((len(pnl), n_policies), np.int64)
    held[:, list(no_choice)] = NO_CHOICE
    first = date(2022, 1, 3) + timedelta(days=31 * number)
    by_session = np.outer(net_pnl[0], parts) if pnl else np.empty((n_policies, 0))
    return MonthRecord(
        month=f"{2022 + number // 12}-{number % 12 + 1:02d}",
        chain=str(number),
        dates=tuple(first + timedelta(days=day) for day in range(len(parts))),
        chosen=np.zeros(n_policies, np.int64),
        promised_percent=np.full(n_policies, 50.0),
        held=held,
        held_promised_percent=np.where(held < 0, np.nan, 50.0),
        total_trades=np.where(held < 0, 0, 3),
        net_pnl_usd=net_pnl,
        risk_usd=np.where(held < 0, 0.0, risk),
        session_net_pnl_usd=by_session,
        session_risk_usd=np.abs(by_session),
    )


def test_figures_by_hand() -> None:
    records = [
        record(0, []),
        record(1, [[40.0, 7.0]]),  # the second policy has not its two months yet
        record(2, [[-20.0, 30.0], [1.0, 1.0]], risk=50.0, parts=(2.0, -1.0)),
        record(3, [[0.0, 10.0], [5.0, 5.0], [9.0, 9.0]], no_choice=(0,)),
    ]
    table = MonthTable.of(records, [ONE, TWO])
    one, two = policy_figures(table)
    assert (one.n_months, one.n_months_without_choice, one.total_trades) == (3, 1, 6)
    assert one.return_on_risk_percent == pytest.approx(100 * 20 / 150)
    assert one.usd_a_month == pytest.approx(20 / 3)
    assert one.months_above_zero_fraction == pytest.approx(1 / 3)
    assert one.promised_percent == pytest.approx(50.0)
    assert one.kept_fraction == pytest.approx(100 * 20 / 150 / 50)
    # by session 20 20 | -40 20 | 0 0: from 40 down to 0
    assert one.max_drawdown_usd == pytest.approx(40.0)
    daily = np.array([20.0, 20.0, -40.0, 20.0, 0.0, 0.0])
    assert one.daily_sharpe == pytest.approx(daily.mean() / daily.std(ddof=1))
    assert (two.n_months, two.total_trades) == (2, 6)
    assert two.return_on_risk_percent == pytest.approx(100 * 40 / 150)
    assert two.usd_a_month_low is None  # two months give no interval
    assert one.usd_a_month_low is not None
    assert one.usd_a_month_low <= one.usd_a_month <= (one.usd_a_month_high or 0)


def test_a_choice_ages() -> None:
    records = [
        record(0, []),
        record(1, [[40.0, 7.0]]),
        record(2, [[-20.0, 30.0], [10.0, 1.0]]),
        record(3, [[10.0, 10.0], [20.0, 5.0], [9.0, 9.0]]),
    ]
    first, second, third, fourth = ageing(records, 0)[:4]
    assert (first.n_choices, first.usd_a_month) == (3, pytest.approx(10.0))
    assert (second.n_choices, second.return_on_risk_percent) == (2, pytest.approx(15.0))
    assert (third.n_choices, third.usd_a_month) == (1, pytest.approx(9.0))
    assert (fourth.n_choices, fourth.usd_a_month) == (0, None)


def history(first: list[float], second: list[float]) -> MonthTable:
    """Months of the default policy and of another one."""
    months = [[[a, b]] for a, b in zip(first, second, strict=True)]
    records = [record(0, []), *(record(n, pnl) for n, pnl in enumerate(months, start=1))]
    return MonthTable.of(records, [DEFAULT_POLICY, ONE])


def test_the_nested_choice_takes_the_best_of_the_months_before() -> None:
    # Month 0 trades nothing. The default is judged on months 3, 4 …, the other on months 1, 2 ….
    first, second = [0.0, 0.0, *[10.0] * 10], [5.0] * 11 + [900.0]
    nested = nested_choice(history(first, second))
    # Before month 7 no policy has six months; then the other one has them alone; from month 9 on
    # the default has them too, and is better.
    assert nested.months == (*(f"2022-{month:02d}" for month in range(4, 13)), "2023-01")
    assert [policy is ONE for policy in nested.policies] == [False] * 4 + [True] * 2 + [False] * 4
    assert nested.net_pnl_usd.tolist() == [10.0] * 4 + [5.0] * 2 + [10.0] * 4


@pytest.mark.parametrize("changed", [7, 9, 11])
def test_no_month_has_a_part_in_the_policy_that_trades_it(changed: int) -> None:
    random = np.random.default_rng(3)
    first, second = random.normal(0, 100, (2, 12)).tolist()
    before = nested_choice(history(first, second))
    for values in (first, second):
        values[changed] += 10_000 if values is second else -10_000
    after = nested_choice(history(first, second))
    month = history(first, second).months[changed]
    n_same = before.months.index(month) + 1
    assert before.policies[:n_same] == after.policies[:n_same]


def test_a_policy_far_above_is_told_from_others_and_from_nothing() -> None:
    random = np.random.default_rng(5)
    n_months = 30
    good, bad = random.normal(300, 50, n_months).tolist(), random.normal(0, 50, n_months).tolist()
    found = compare_policies(history(bad, good))
    assert found is not None
    assert found.confidence_set == (ONE,)
    assert found.better_than_not_trading == (ONE,)
    assert len(found.months) == n_months - 2


def test_policies_with_the_same_results_share_their_place() -> None:
    random = np.random.default_rng(5)
    same = random.normal(300, 50, 20).tolist()
    records = [record(0, [], parts=(1.0,))]
    records += [record(n, [[x, x, -x]], parts=(1.0,)) for n, x in enumerate(same, start=1)]
    other = Policy(rule="plateau", lookback_months=1, min_trades_in_21_sessions=30)
    worse = Policy(rule="plateau", lookback_months=1, min_trades_in_21_sessions=10)
    records[0] = record(0, [], parts=(1.0,))
    found = compare_policies(MonthTable.of(records, [ONE, other, worse]))
    assert found is not None
    assert found.confidence_set == found.better_than_not_trading == (ONE, other)


def test_few_months_are_not_compared() -> None:
    few = [1.0] * MIN_MONTHS
    assert compare_policies(history(few[1:], few[1:])) is None


@pytest.mark.parametrize(("n_months", "compared"), [(23, 2), (24, 3)])
def test_a_long_lookback_does_not_shorten_the_comparison_of_others(
    n_months: int, compared: int
) -> None:
    """Thirteen months leave 11 of 23 traded ones, less than half, and 12 of 24."""
    random = np.random.default_rng(7)
    long = Policy(rule="smooth", lookback_months=13, min_trades_in_21_sessions=30)
    records = [record(0, [], parts=(1.0,))]
    records += [
        record(n, [random.normal(0, 50, 3).tolist()], parts=(1.0,)) for n in range(1, n_months + 1)
    ]
    found = compare_policies(MonthTable.of(records, [ONE, TWO, long]))
    assert found is not None
    assert len(found.compared) == compared
    assert len(found.months) == (n_months - 1 if compared == 2 else n_months - 12)
