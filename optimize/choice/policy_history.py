"""What a way of choosing, fixed beforehand, earned month by month; and whether that could be luck.

It is one policy; or `nested`, which takes of several the one that was best on the months before,
and again each month. Each month was traded by what was chosen from the months before. Whether its
sessions earn is asked of an account that bets on each (`optimize.statistics.betting`): a month with
another choice and another spread needs no assumption, and the answer may be looked at after every
month.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from optimize.choice.policies import Policy
from optimize.choice.policy_comparison import nested_choice, usual_policy
from optimize.choice.policy_record import MonthTable
from optimize.choice.walk_forward_matrix import (
    NO_CHOICE,
    MonthRecord,
    RecordStore,
    walk_forward_matrix,
)
from optimize.statistics.betting import (
    account,
    gain_p_value,
    loss_p_value,
    most_gained,
    returns_at_stake,
)
from strategy.session import FloatArray, SessionData
from strategy.surface.cell_files import CellStore
from strategy.surface.compute import SurfacePlan


@dataclass(frozen=True, kw_only=True)
class PolicyHistory:
    """The months that a policy traded; p-values are None without a month."""

    policy: Policy | None  # of several the one to take next; None where none made the choice
    months: tuple[str, ...]
    net_pnl_usd: tuple[float, ...]  # of each month, zero where nothing could be chosen
    account_usd: float | None  # what one dollar became that was bet on gains
    p_value_fraction: float | None  # of the hypothesis that no session earns
    loss_p_value_fraction: float | None  # of the hypothesis that no session loses
    absent: str | None = None  # why no month was traded

    @property
    def usd_a_month(self) -> float | None:
        """Mean net P&L of a month."""
        return sum(self.net_pnl_usd) / len(self.months) if self.months else None

    @classmethod
    def of(
        cls,
        policy: Policy,
        months: Sequence[str],
        net_pnl_usd: Sequence[float],
        session_returns: FloatArray,  # (n_sessions of all months,), over what was at stake
        session_bounds: FloatArray,  # (n_sessions of all months,), of `most_gained`
    ) -> "PolicyHistory":
        """Ask whether the sessions of some months earned."""
        return cls(
            policy=policy,
            months=tuple(months),
            net_pnl_usd=tuple(float(usd) for usd in net_pnl_usd),
            account_usd=account(session_returns) if months else None,
            p_value_fraction=gain_p_value(session_returns) if months else None,
            loss_p_value_fraction=loss_p_value(session_returns, session_bounds) if months else None,
        )

    @classmethod
    def unknown(cls, policy: Policy | None, reason: str) -> "PolicyHistory":
        """No month was traded, for this reason."""
        return cls(
            policy=policy,
            months=(),
            net_pnl_usd=(),
            account_usd=None,
            p_value_fraction=None,
            loss_p_value_fraction=None,
            absent=reason,
        )


def policy_history(
    cells: CellStore,
    ticker: str,
    fingerprints: Mapping[date, str],
    load: Callable[[date], SessionData],
    policies: Sequence[Policy],
    *,
    records: RecordStore | None = None,
) -> PolicyHistory:
    """Walk a policy forward over the months of these sessions; arguments of `walk_forward_matrix`.

    Of several policies, which look back as far as each other, each month takes the one that was
    best on the months before it (`nested_choice`). Without a month after the lookback nothing is
    computed.
    """
    n_months = len({f"{day:%Y-%m}" for day in fingerprints})
    policy = usual_policy(policies)
    back = 1 if policy.lookback_months == "all" else policy.lookback_months
    if n_months <= back:
        reason = f"{n_months} of at least {back + 1} whole months up to the range's end"
        return PolicyHistory.unknown(policy, reason)
    made = walk_forward_matrix(cells, ticker, fingerprints, load, policies, records=records)
    taken = nested_choice(MonthTable.of(made, policies))
    by_month = {record.month: record for record in made}
    bets = [
        _session_bets(by_month[month], policies.index(one), cells.plan)
        for month, one in zip(taken.months, taken.policies, strict=True)
    ]
    return PolicyHistory.of(
        taken.next_policy,
        taken.months,
        taken.net_pnl_usd.tolist(),
        *np.concatenate(bets, axis=1),
    )


def _session_bets(record: MonthRecord, column: int, plan: SurfacePlan) -> FloatArray:
    """Returns at stake of a month's sessions and their bounds, (2, n_sessions).

    Of what a policy chose the month before.
    """
    net_pnl_usd, risk_usd = record.session_net_pnl_usd[column], record.session_risk_usd[column]
    index = int(record.held[0, column])
    if index == NO_CHOICE:
        return np.stack([np.zeros_like(net_pnl_usd), np.ones_like(net_pnl_usd)])
    params = plan.space.strategy_params(plan.space.combination(index), plan.fixed_params)
    returns = returns_at_stake(net_pnl_usd, risk_usd, params.stop_loss_percent)
    return np.stack([returns, np.full_like(returns, most_gained(params.take_profit_percent))])
