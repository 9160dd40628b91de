"""Policies: a rule of choice, how many months it looks back, and how many trades it wants.

Everything that is compared by the walk-forward matrix is listed here, the default included.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from optimize.choice.rules import RULES, min_trades_of
from optimize.verdict_settings import SESSIONS_A_MONTH
from strategy.errors import ParameterError

Lookback = int | Literal["all"]
LOOKBACKS_MONTHS: tuple[Lookback, ...] = (1, 2, 3, 6, 12, "all")
MIN_TRADES_IN_21_SESSIONS = (10, 30, 100)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How to choose at the end of a month what is traded in the next."""

    rule: str
    lookback_months: Lookback
    min_trades_in_21_sessions: int | float

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ParameterError(
                f"rule of choice {self.rule!r}",
                expected=f"one of {', '.join(RULES)}",
                remedy="correct the rule",
            )

    @property
    def label(self) -> str:
        """A few words for people."""
        months = self.lookback_months
        back = "all months" if months == "all" else f"{months} month{'s' * (months > 1)}"
        return f"{self.rule}, {back}, {self.min_trades_in_21_sessions:g} trades"

    def min_trades(self, n_sessions: int) -> int:
        """Least trades over as many sessions."""
        return min_trades_of(self.min_trades_in_21_sessions / SESSIONS_A_MONTH, n_sessions)

    def to_json_dict(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {
            "rule": self.rule,
            "lookback_months": self.lookback_months,
            "min_trades_in_21_sessions": self.min_trades_in_21_sessions,
        }


DEFAULT_POLICY = Policy(rule="smooth", lookback_months=3, min_trades_in_21_sessions=30)
# What was published before: the best of a month with a handful of trades.
FORMER_POLICY = Policy(rule="exact_best", lookback_months=1, min_trades_in_21_sessions=10)


def all_policies(
    rules: Iterable[str] = tuple(RULES),
    lookbacks: Iterable[Lookback] = LOOKBACKS_MONTHS,
    rates: Iterable[int] = MIN_TRADES_IN_21_SESSIONS,
) -> tuple[Policy, ...]:
    """Every rule with every lookback and rate."""
    rates = tuple(rates)
    return tuple(
        Policy(rule=rule, lookback_months=lookback, min_trades_in_21_sessions=rate)
        for rule in rules
        for lookback in lookbacks
        for rate in rates
    )
