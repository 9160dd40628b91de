"""The walk-forward matrix of the seed's grid, against choosing and trading anew without cells."""

from datetime import date
from pathlib import Path
from random import Random

import numpy as np
import pytest

from optimize.choice.policies import all_policies
from optimize.choice.walk_forward_matrix import NO_CHOICE, walk_forward_matrix
from strategy.backtest import run_backtest
from strategy.date_range import sessions_between
from strategy.market_data.sample.generate import SampleSettings, sample_session
from strategy.space import SearchSpace
from strategy.surface.cell_files import CellStore
from strategy.surface.compute import SurfacePlan, compute_surface
from strategy.surface.result import Surface

N_CELLS = 200
QUANTUM_USD = 2.0**-30  # that a session's money is rounded to


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_hundred_cells_are_what_backtests_of_their_choices_give(tmp_path: Path) -> None:
    """Trades, and each session's money to the last billionth of a dollar."""
    space = SearchSpace.seed()
    settings = SampleSettings(seed=31, edge=1.0)
    days = sessions_between(date(2022, 8, 1), date(2022, 12, 30))
    sessions = {day: sample_session(day, settings) for day in days}
    policies = all_policies(lookbacks=(1, 2, 3, "all"))
    records = walk_forward_matrix(
        CellStore(tmp_path, SurfacePlan.of(space, None)),
        "SPY",
        {day: session.fingerprint for day, session in sessions.items()},
        sessions.__getitem__,
        policies,
    )
    chosen = [
        (number, age, policy)
        for number, record in enumerate(records)
        for age, row in enumerate(record.held)
        for policy in np.flatnonzero(row != NO_CHOICE)
    ]
    traded = 0
    for number, age, policy in Random(5).sample(chosen, N_CELLS):
        record = records[number]
        assert record.held[age, policy] == records[number - 1 - age].chosen[policy]
        params = space.strategy_params(space.combination(int(record.held[age, policy])))
        trades = run_backtest(params, [sessions[day] for day in record.dates]).trades
        by_day = trades.groupby("session_date")[["net_pnl_usd", "risk_usd"]].sum()
        money = np.rint(by_day.to_numpy() / QUANTUM_USD).sum(axis=0) * QUANTUM_USD
        assert record.total_trades[age, policy] == len(trades)
        found = (record.net_pnl_usd[age, policy], record.risk_usd[age, policy])
        assert np.abs(np.array(found) - money).max() <= len(record.dates) * QUANTUM_USD
        traded += len(trades)
    assert traded > 3_000
    assert_chosen_from_the_past_alone(space, records[2].chosen, sessions, records, policies)


def assert_chosen_from_the_past_alone(space, chosen, sessions, records, policies) -> None:  # type: ignore[no-untyped-def]
    """The exact bests at the end of the third month, from surfaces of its lookbacks."""
    surfaces: dict[int, Surface] = {}
    for index, policy in zip(chosen, policies, strict=True):
        back = 3 if policy.lookback_months == "all" else policy.lookback_months
        if policy.rule != "exact_best":
            continue
        if back not in surfaces:
            past = [sessions[day] for record in records[3 - back : 3] for day in record.dates]
            surfaces[back] = compute_surface(space, None, past)
        n_sessions = len(surfaces[back].session_dates)
        best = surfaces[back].best(policy.min_trades(n_sessions))
        assert best is not None
        assert index == best.index
