"""Policies against each other, against not trading, and chosen anew each month by their record.

The nested record is the honest figure of an adaptive user. The best cell of a matrix, picked
afterwards, is not: it is the best of many, and promises too much.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimize.choice.policies import DEFAULT_POLICY, Policy
from optimize.choice.policy_record import MonthTable
from strategy.session import FloatArray

MIN_MONTHS = 6  # that a policy must have been judged on, before it is compared
CONFIDENCE_SIZE = 0.10  # the set holds the best policy in 90 of 100
SUPERIOR_SIZE = 0.05
N_RESAMPLES = 1_000


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Both sets over the months on which all compared policies are judged."""

    months: tuple[str, ...]
    compared: tuple[Policy, ...]
    confidence_set: tuple[Policy, ...]  # Hansen, Lunde and Nason (2011), by net P&L a month
    better_than_not_trading: tuple[Policy, ...]  # Romano and Wolf (2005), step-down


def compare_policies(table: MonthTable, *, seed: int = 0) -> Comparison | None:
    """Compare policies over the latest months; None with fewer than six.

    A long lookback leaves few months: policies that are judged on less than half of the months
    would shorten the comparison of all others, and are left out.
    Policies that chose the same in every month are one, of which all are named.
    """
    n_judged = table.judged.sum(axis=0)
    least = max(MIN_MONTHS, -(-len(table.months) // 2))
    columns = np.flatnonzero(n_judged >= least)
    if len(columns) < 2:
        return None
    from arch.bootstrap import MCS, StepM  # takes a second, which a command does without

    common = np.flatnonzero(table.judged[:, columns].all(axis=1))
    net_pnl = table.net_pnl_usd[np.ix_(common, columns)]
    distinct, member = np.unique(net_pnl, axis=1, return_inverse=True)
    member = member.ravel()
    tested = [row for row in range(distinct.shape[1]) if distinct[:, row].std() > 0]
    inside, superior = set(), set()
    if len(tested) >= 2:
        losses = -distinct[:, tested]
        mcs = MCS(losses, size=CONFIDENCE_SIZE, reps=N_RESAMPLES, block_size=1, method="max",
                  bootstrap="mbb", seed=seed)  # fmt: skip
        mcs.compute()
        inside = {tested[int(str(row))] for row in mcs.included}
        step = StepM(np.zeros(len(losses)), losses, size=SUPERIOR_SIZE, reps=N_RESAMPLES,
                     block_size=1, bootstrap="mbb", seed=seed)  # fmt: skip
        try:
            step.compute()
            superior = {tested[int(str(row))] for row in step.superior_models}
        except ValueError:  # arch 8 steps down to no model at all where each is superior
            superior = set(tested)
    named = [(table.policies[column], member[row]) for row, column in enumerate(columns)]
    return Comparison(
        months=tuple(table.months[row] for row in common),
        compared=tuple(policy for policy, _ in named),
        confidence_set=tuple(policy for policy, row in named if row in inside),
        better_than_not_trading=tuple(policy for policy, row in named if row in superior),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Nested:
    """The policy that was best on the months before, chosen again each month."""

    months: tuple[str, ...]
    policies: tuple[Policy, ...]  # taken in each month
    net_pnl_usd: FloatArray  # (n_months,)
    risk_usd: FloatArray  # (n_months,)
    session_net_pnl_usd: FloatArray  # (n_sessions,)
    next_policy: Policy  # after the last month


def nested_choice(table: MonthTable) -> Nested:
    """Take each month the policy with the highest mean net P&L in the months before it.

    A policy counts once it was judged on six months; before, the default policy is taken, or the
    one with its rule and rate, and nothing is traded until it has its lookback.
    """
    starts = np.concatenate([[0], np.cumsum(table.n_sessions)])
    rows, columns = [], []
    for row in range(len(table.months)):
        column = _best_before(table, row)
        if table.judged[row, column]:
            rows.append(row)
            columns.append(column)
    sessions = [
        table.session_net_pnl_usd[starts[row] : starts[row + 1], column]
        for row, column in zip(rows, columns, strict=True)
    ]
    return Nested(
        months=tuple(table.months[row] for row in rows),
        policies=tuple(table.policies[column] for column in columns),
        net_pnl_usd=table.net_pnl_usd[rows, columns],
        risk_usd=table.risk_usd[rows, columns],
        session_net_pnl_usd=np.concatenate([np.empty(0), *sessions]),
        next_policy=table.policies[_best_before(table, len(table.months))],
    )


def usual_policy(policies: Sequence[Policy]) -> Policy:
    """The default policy, or else the first with its rule and rate of trades, or the first."""
    wanted = (DEFAULT_POLICY.rule, DEFAULT_POLICY.min_trades_in_21_sessions)
    like = [p for p in policies if (p.rule, p.min_trades_in_21_sessions) == wanted]
    return DEFAULT_POLICY if DEFAULT_POLICY in like else (like or list(policies))[0]


def _best_before(table: MonthTable, n_months: int) -> int:
    """The column with the highest mean over so many first months, of those judged on enough."""
    judged = table.judged[:n_months]
    n_judged = judged.sum(axis=0)
    if not (n_judged >= MIN_MONTHS).any():
        return table.policies.index(usual_policy(table.policies))
    totals = (table.net_pnl_usd[:n_months] * judged).sum(axis=0)
    means = np.where(n_judged >= MIN_MONTHS, totals / np.maximum(n_judged, 1), -np.inf)
    return int(np.argmax(means))
