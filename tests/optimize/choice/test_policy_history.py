"""A policy's own months: worked out by hand, and neither sees the month it is judged on."""

from collections.abc import Iterator, Mapping
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from optimize.choice.policies import Policy
from optimize.choice.policy_history import PolicyHistory, policy_history
from strategy.space import SearchSpace
from strategy.surface.cells import SessionCell
from tests.spaces import space_of

SPACE = space_of(
    **{name: values[:1] for name, values in SearchSpace.seed().items()}
    | {"option_selection_mode": ("itm", "otm")}
)
# One session a month; each combination risks 100 USD in it, and earns this, in turn. It stops at
# 25 percent, so that 400 USD are at stake: -10 is a return of -0.025, and 30 one of 0.075.
ITM = [30.0, -10.0, 30.0, -10.0, 30.0, -10.0, 30.0, -10.0]
OTM = [-10.0, 30.0, -10.0, 30.0, -10.0, 30.0, -10.0, 30.0]
DAYS = [date(2023, month, 1) for month in range(1, 9)]
LATEST = Policy(rule="exact_best", lookback_months=1, min_trades_in_21_sessions=21)
NEVER = Policy(rule="exact_best", lookback_months=1, min_trades_in_21_sessions=42)


class PaperCells:
    """Month cells of two combinations that trade once a session; tells which months were read."""

    plan = SimpleNamespace(space=SPACE, fixed_params=None)

    def __init__(self, earned: Mapping[date, tuple[float, float]]) -> None:
        self.earned = earned
        self.n_read = 0

    def months(
        self, ticker: str, fingerprints: Mapping[date, str], *_: Any, **__: Any
    ) -> Iterator[tuple[str, list[SessionCell]]]:
        for day in sorted(fingerprints):
            self.n_read += 1
            cell = SessionCell(
                ticker=ticker,
                date=day,
                fingerprint="",
                source="synthetic",
                row_of_set=np.array([0, 1], np.int32),
                missing_entries=np.zeros(2, np.int32),
                total_trades=np.ones(2, np.int32),
                risk_usd=np.full((2, 1), 100.0),
                winners=np.zeros((2, 1), np.uint16),
                net_pnl_usd=np.array(self.earned[day])[:, None],
            )
            yield f"{day:%Y-%m}", [cell]


def history(cells: PaperCells, *policies: Policy, n_months: int = 8) -> PolicyHistory:
    days = dict.fromkeys(DAYS[:n_months], "same")
    return policy_history(cells, "SPY", days, lambda day: None, policies)


def in_turn() -> PaperCells:
    return PaperCells(dict(zip(DAYS, zip(ITM, OTM, strict=True), strict=True)))


def test_what_was_best_a_month_ago_loses_every_month() -> None:
    """A choice that saw the month it trades would earn 30 in each."""
    found = history(in_turn(), LATEST)
    assert found.months == tuple(f"2023-{month:02d}" for month in range(2, 9))
    assert found.net_pnl_usd == (-10.0,) * 7
    assert found.usd_a_month == -10.0
    assert found.account_usd == pytest.approx(
        (0.99375**7 + 0.9875**7 + 0.98125**7 + 0.97625**7) / 4  # a quarter of it lost: -0.00625
    )
    assert found.p_value_fraction == 1.0
    against = (1.003125**7 + 1.00625**7 + 1.009375**7 + 1.011875**7) / 4  # stakes half as much
    assert found.loss_p_value_fraction == pytest.approx(1 / against)


def test_months_within_the_lookback_are_not_judged() -> None:
    """Of two months both earn 20: a tie goes to the first, which then earns 30 and loses 10."""
    policy = Policy(rule="exact_best", lookback_months=2, min_trades_in_21_sessions=21)
    found = history(in_turn(), policy)
    assert found.months == tuple(f"2023-{month:02d}" for month in range(3, 9))
    assert found.net_pnl_usd == (30.0, -10.0) * 3
    pairs = (1.01875 * 0.99375, 1.0375 * 0.9875, 1.05625 * 0.98125, 1.07125 * 0.97625)
    grown = sum(pair**3 for pair in pairs) / 4
    assert found.account_usd == pytest.approx(grown)
    assert found.p_value_fraction == pytest.approx(1 / grown)


def test_later_months_change_nothing_that_was_earned_before() -> None:
    before = history(in_turn(), LATEST, n_months=7)
    other = in_turn()
    other.earned = {**other.earned, DAYS[7]: (-500.0, 999.0)}
    after = history(other, LATEST)
    assert after.net_pnl_usd[:6] == before.net_pnl_usd
    assert after.net_pnl_usd[6] == -500.0  # chosen by the month before


def test_without_a_month_after_the_lookback_nothing_is_computed() -> None:
    cells = in_turn()
    found = history(cells, LATEST, n_months=1)
    assert (found.months, found.p_value_fraction, found.usd_a_month) == ((), None, None)
    assert (found.account_usd, found.loss_p_value_fraction) == (None, None)
    assert cells.n_read == 0
    assert history(cells, LATEST, n_months=2).p_value_fraction == 1.0


def test_a_month_without_a_choice_stakes_nothing() -> None:
    found = history(in_turn(), NEVER)  # of one trade a month none is chosen
    assert found.net_pnl_usd == (0.0,) * 7
    assert (found.account_usd, found.p_value_fraction) == (1.0, 1.0)


def test_of_several_each_month_takes_the_one_that_was_best_before_it() -> None:
    """Six months of losses; from the seventh on who trades nothing is the best so far."""
    found = history(in_turn(), LATEST, NEVER)
    assert found.months == tuple(f"2023-{month:02d}" for month in range(2, 9))
    assert found.net_pnl_usd == (*(-10.0,) * 6, 0.0)
    assert found.account_usd == pytest.approx(
        (0.99375**6 + 0.9875**6 + 0.98125**6 + 0.97625**6) / 4
    )
    assert found.policy == NEVER  # is taken next
    assert history(in_turn(), LATEST, NEVER, n_months=6).policy == LATEST


def test_no_month_has_a_part_in_the_policy_that_trades_it() -> None:
    """With it, its 999 would outweigh six losses, and be earned."""
    cells = in_turn()
    cells.earned = {**cells.earned, DAYS[7]: (999.0, 999.0)}
    found = history(cells, LATEST, NEVER)
    assert found.net_pnl_usd[-1] == 0.0
    assert found.policy == LATEST  # the month after
