"""What one policy, fixed beforehand, earned month by month; and whether that could be luck.

Each month was traded by what the policy chose from the months before. Whether its sessions earn is
asked of an account that bets on each (`optimize.statistics.betting`): a month with another choice
and another spread needs no assumption, and the answer may be looked at after every month.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from optimize.choice.policies import Policy
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

    policy: Policy | None  # None where the choice was made by none
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
    policy: Policy,
    *,
    records: RecordStore | None = None,
) -> PolicyHistory:
    """Walk a policy forward over the months of these sessions; arguments of `walk_forward_matrix`.

    Without a month after its lookback nothing is computed.
    """
    n_months = len({f"{day:%Y-%m}" for day in fingerprints})
    back = 1 if policy.lookback_months == "all" else policy.lookback_months
    if n_months <= back:
        reason = (
            f"{n_months} whole months up to the range's end, of which {back} are looked back on"
        )
        return PolicyHistory.unknown(policy, reason)
    made = walk_forward_matrix(cells, ticker, fingerprints, load, [policy], records=records)
    table = MonthTable.of(made, [policy])
    judged = table.judged[:, 0]
    records_judged = [record for record, on in zip(made[1:], judged, strict=True) if on]
    return PolicyHistory.of(
        policy,
        [record.month for record in records_judged],
        table.net_pnl_usd[judged, 0].tolist(),
        *np.concatenate([_session_bets(record, cells.plan) for record in records_judged], axis=1),
    )


def _session_bets(record: MonthRecord, plan: SurfacePlan) -> FloatArray:
    """Returns at stake of a month's sessions and their bounds, (2, n_sessions).

    Of what was chosen the month before.
    """
    net_pnl_usd, risk_usd = record.session_net_pnl_usd[0], record.session_risk_usd[0]
    index = int(record.held[0, 0])
    if index == NO_CHOICE:
        return np.stack([np.zeros_like(net_pnl_usd), np.ones_like(net_pnl_usd)])
    params = plan.space.strategy_params(plan.space.combination(index), plan.fixed_params)
    returns = returns_at_stake(net_pnl_usd, risk_usd, params.stop_loss_percent)
    return np.stack([returns, np.full_like(returns, most_gained(params.take_profit_percent))])
