"""What one policy, fixed beforehand, earned month by month; and whether that could be luck.

Each month was traded by what the policy chose from the months before. If it earns nothing, and a
month's P&L is as likely to be above zero as below, each pattern of signs is as likely as what
happened (Fisher's randomisation test). Trading costs put the mean below zero, where the test is
conservative. The months need not have equal spreads, but one must not foretell the next one's sign.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from optimize.choice.policies import Policy
from optimize.choice.policy_record import MonthTable
from optimize.choice.walk_forward_matrix import RecordStore, walk_forward_matrix
from optimize.verdict_settings import MIN_POLICY_MONTHS
from strategy.session import FloatArray, SessionData
from strategy.surface.cell_files import CellStore

MAX_ENUMERATED_MONTHS = 16
N_DRAWS = 65_536  # where there are more months


@dataclass(frozen=True, kw_only=True)
class PolicyHistory:
    """The months that a policy traded; p-values are None with fewer than `MIN_POLICY_MONTHS`."""

    policy: Policy
    months: tuple[str, ...]
    net_pnl_usd: tuple[float, ...]  # of each month, zero where nothing could be chosen
    p_value_fraction: float | None  # of the hypothesis that it earns nothing
    loss_p_value_fraction: float | None  # of the hypothesis that it loses nothing

    @property
    def usd_a_month(self) -> float | None:
        """Mean net P&L of a month."""
        return sum(self.net_pnl_usd) / len(self.months) if self.months else None

    @classmethod
    def of(
        cls, policy: Policy, months: Sequence[str], net_pnl_usd: Sequence[float]
    ) -> "PolicyHistory":
        """Test what was earned in some months."""
        by_month = np.array(net_pnl_usd, dtype=np.float64)
        return cls(
            policy=policy,
            months=tuple(months),
            net_pnl_usd=tuple(by_month.tolist()),
            p_value_fraction=sign_flip_p_value(by_month),
            loss_p_value_fraction=sign_flip_p_value(-by_month),
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

    With too few months to tell, nothing is computed.
    """
    n_months = len({f"{day:%Y-%m}" for day in fingerprints})
    back = 1 if policy.lookback_months == "all" else policy.lookback_months
    if n_months - back < MIN_POLICY_MONTHS:
        return PolicyHistory.of(policy, (), ())
    made = walk_forward_matrix(cells, ticker, fingerprints, load, [policy], records=records)
    table = MonthTable.of(made, [policy])
    judged = table.judged[:, 0]
    return PolicyHistory.of(
        policy,
        [month for month, counts in zip(table.months, judged, strict=True) if counts],
        table.net_pnl_usd[judged, 0].tolist(),
    )


def sign_flip_p_value(values: FloatArray) -> float | None:
    """One-sided: the share of all patterns of signs whose sum reaches the one that came.

    Exact up to `MAX_ENUMERATED_MONTHS` values; of more, patterns are drawn, always the same.
    """
    if len(values) < MIN_POLICY_MONTHS:
        return None
    observed = float(values.sum())
    reached = observed - 1e-9 * float(np.abs(values).sum())  # equal but for rounding
    if len(values) <= MAX_ENUMERATED_MONTHS:
        sums = np.zeros(1)
        for value in values:
            sums = np.concatenate([sums + value, sums - value])
        return float((sums >= reached).mean())
    signs = np.random.default_rng(0).choice(np.array([-1.0, 1.0]), (N_DRAWS, len(values)))
    return float((1 + (signs @ values >= reached).sum()) / (1 + N_DRAWS))
