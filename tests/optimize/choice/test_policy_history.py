"""A policy's own months: worked out by hand, and neither sees the month it is judged on."""

from collections.abc import Iterator, Mapping
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from optimize.choice.policies import Policy
from optimize.choice.policy_history import PolicyHistory, policy_history, sign_flip_p_value
from strategy.space import SearchSpace
from strategy.surface.cells import SessionCell
from tests.spaces import space_of

SPACE = space_of(
    **{name: values[:1] for name, values in SearchSpace.seed().items()}
    | {"option_selection_mode": ("itm", "otm")}
)
# One session a month; each combination risks 100 USD in it, and earns this, in turn.
ITM = [30.0, -10.0, 30.0, -10.0, 30.0, -10.0, 30.0, -10.0]
OTM = [-10.0, 30.0, -10.0, 30.0, -10.0, 30.0, -10.0, 30.0]
DAYS = [date(2023, month, 1) for month in range(1, 9)]
LATEST = Policy(rule="exact_best", lookback_months=1, min_trades_in_21_sessions=21)


class PaperCells:
    """Month cells of two combinations that trade once a session; tells which months were read."""

    plan = SimpleNamespace(space=SPACE)

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


def history(cells: PaperCells, policy: Policy, n_months: int = 8) -> PolicyHistory:
    days = dict.fromkeys(DAYS[:n_months], "same")
    return policy_history(cells, "SPY", days, lambda day: None, policy)


def in_turn() -> PaperCells:
    return PaperCells(dict(zip(DAYS, zip(ITM, OTM, strict=True), strict=True)))


def test_what_was_best_a_month_ago_loses_every_month() -> None:
    """A choice that saw the month it trades would earn 30 in each."""
    found = history(in_turn(), LATEST)
    assert found.months == tuple(f"2023-{month:02d}" for month in range(2, 9))
    assert found.net_pnl_usd == (-10.0,) * 7
    assert found.usd_a_month == -10.0
    assert found.p_value_fraction == 1.0
    assert found.loss_p_value_fraction == 1 / 2**7


def test_months_within_the_lookback_are_not_judged() -> None:
    """Of two months both earn 20: a tie goes to the first, which then earns 30 and loses 10."""
    policy = Policy(rule="exact_best", lookback_months=2, min_trades_in_21_sessions=21)
    found = history(in_turn(), policy)
    assert found.months == tuple(f"2023-{month:02d}" for month in range(3, 9))
    assert found.net_pnl_usd == (30.0, -10.0) * 3
    # A sum of 60 or more, of 64 patterns: with all three of 30 above zero whatever the tens are
    # (8 patterns), with two of three only if all the tens are (3 patterns).
    assert found.p_value_fraction == 11 / 64


def test_later_months_change_nothing_that_was_earned_before() -> None:
    before = history(in_turn(), LATEST, n_months=7)
    other = in_turn()
    other.earned = {**other.earned, DAYS[7]: (-500.0, 999.0)}
    after = history(other, LATEST)
    assert after.net_pnl_usd[:6] == before.net_pnl_usd
    assert after.net_pnl_usd[6] == -500.0  # chosen by the month before


def test_too_few_months_cost_nothing() -> None:
    cells = in_turn()
    found = history(cells, LATEST, n_months=6)
    assert (found.months, found.p_value_fraction, found.usd_a_month) == ((), None, None)
    assert cells.n_read == 0
    assert history(cells, LATEST, n_months=7).p_value_fraction is not None


@pytest.mark.parametrize(
    ("values", "p_value"),
    [
        ([1.0] * 6, 1 / 64),
        ([1.0] * 5 + [-1.0], 7 / 64),  # 4 or more: none or one below zero
        ([0.0] * 6, 1.0),
        ([5.0, 0.0, 0.0, 0.0, 0.0, 0.0], 0.5),
        ([1.0] * 5, None),
    ],
)
def test_sign_patterns_counted_by_hand(values: list[float], p_value: float | None) -> None:
    assert sign_flip_p_value(np.array(values)) == p_value


def test_drawn_patterns_agree_with_the_binomial_distribution() -> None:
    """Of 20 months 15 gain: P(15 or more of 20) is 21,700 / 2**20."""
    found = sign_flip_p_value(np.array([1.0] * 15 + [-1.0] * 5))
    assert found == pytest.approx(21_700 / 2**20, abs=0.002)


def test_the_level_holds_without_an_edge_and_a_weak_edge_is_seen() -> None:
    random = np.random.default_rng(3)
    spread = random.uniform(50, 500, (2_000, 9))
    drawn = random.standard_normal((2_000, 9)) * spread
    p_values = np.array([sign_flip_p_value(row) for row in drawn])
    assert (p_values <= 0.025).mean() == pytest.approx(0.025, abs=0.011)  # three standard errors
    assert np.mean([sign_flip_p_value(row) <= 0.025 for row in drawn[:500] + spread[:500]]) > 0.6
