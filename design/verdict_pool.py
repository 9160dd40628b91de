"""The pool that `verdict_calibration.py` reads: months of synthetic sessions, what came of them.

    python design/verdict_pool.py pool.jsonl --seed 7002 --edge 0 --edge 0.2 --edge decaying

A line is a month: what every policy's choice of the month before earned in it, the default choice's
sessions, and what a range of the three months that end with it would know: the choice's figures in
the range, under adverse fills and at the generator's quotes, and the selection test. Sessions are
made, looked at and forgotten; the file goes on where it stopped.

The decaying edge is 0.5 on the first session of every two years, and halves in 42 sessions. A lost
edge is 0.5 in every range, and none in the sessions that follow it.
"""

import argparse
import json
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from optimize.choice.grid import Grid
from optimize.choice.policies import DEFAULT_POLICY, Policy, all_policies
from optimize.choice.rules import RULES, Choice
from optimize.choice.selection_test import block_values, t_p_value
from strategy.backtest import run_backtest
from strategy.costs import cost_weights
from strategy.date_range import sessions_between
from strategy.market_data.quotes.files import fills_by_day
from strategy.market_data.quotes.sample import made_quotes
from strategy.market_data.sample.generate import (
    GENERATOR_VERSION,
    SampleSettings,
    sample_session,
)
from strategy.params import StrategyParams
from strategy.proofs.fill_scenarios import ADVERSE, fills_band
from strategy.session import SessionData
from strategy.space import SearchSpace
from strategy.surface.cell_files import month_of
from strategy.surface.cells import GridSums, SessionCell, make_session_cell, sum_cells
from strategy.surface.compute import SurfacePlan

FIRST_DAY, LAST_DAY = date(2013, 1, 2), date(2023, 6, 30)  # 126 months
RANGE_MONTHS = 3
HELD_MONTHS = 3  # how long a choice is followed
LOOKBACKS_MONTHS = (1, 2, 3, 6)
POLICIES = all_policies(("exact_best", "smooth"), LOOKBACKS_MONTHS, (10, 30, 100))
DEFAULT = POLICIES.index(DEFAULT_POLICY)
DECAYING, LOST = "decaying", "lost"
FULL_EDGE, HALF_LIFE_SESSIONS, YEARS_A_CYCLE = 0.5, 42.0, 2


@dataclass(frozen=True, eq=False, kw_only=True)
class Month:
    """What is remembered of a month."""

    sessions: list[SessionData]
    cells: list[SessionCell]
    sums: GridSums
    followed: list[SessionCell]  # as they are for choices of earlier months


class Pool:
    """The months of one edge and seed."""

    def __init__(self, edge: str, seed: int) -> None:
        self.edge, self.seed = edge, seed
        self.plan = SurfacePlan.of(SearchSpace.seed(), None)
        self.grid = Grid.of(self.plan.space)
        days = sessions_between(FIRST_DAY, LAST_DAY)
        self.months = [(name, list(part)) for name, part in groupby(days, key=month_of)]

    def settings(self, day: date) -> SampleSettings:
        """What a session follows from."""
        if self.edge == LOST:
            return SampleSettings(seed=self.seed, edge=FULL_EDGE)
        if self.edge != DECAYING:
            return SampleSettings(seed=self.seed, edge=float(self.edge))
        year = day.year - (day.year - FIRST_DAY.year) % YEARS_A_CYCLE
        return SampleSettings(
            seed=self.seed,
            edge=FULL_EDGE,
            edge_half_life_sessions=HALF_LIFE_SESSIONS,
            edge_decays_from=sessions_between(date(year, 1, 1), date(year, 1, 10))[0],
        )

    def month(self, number: int) -> Month:
        """Make a month."""
        sessions = [sample_session(day, self.settings(day)) for day in self.months[number][1]]
        cells = [make_session_cell(self.plan, session) for session in sessions]
        followed = cells
        if self.edge == LOST:
            nothing = SampleSettings(seed=self.seed, edge=0.0)
            made = [sample_session(session.date, nothing) for session in sessions]
            followed = [make_session_cell(self.plan, session) for session in made]
        sums = sum_cells(self.plan.space, cells)
        return Month(sessions=sessions, cells=cells, sums=sums, followed=followed)

    def lines(self, n_done: int) -> Iterator[dict[str, Any]]:
        """A line a month, from `n_done` on."""
        recent: deque[Month] = deque(maxlen=max(LOOKBACKS_MONTHS))
        n_before = max(LOOKBACKS_MONTHS) + HELD_MONTHS - 1  # made again, for what looks back
        chosen: deque[list[Choice | None]] = deque(maxlen=HELD_MONTHS)  # latest first
        for number in range(max(0, n_done - n_before), len(self.months)):
            month = self.month(number)
            if number >= n_done:
                line = self._earned(month, chosen) | {"number": number}
            recent.appendleft(month)
            if len(recent) > RANGE_MONTHS:  # only ranges look at sessions again
                recent[RANGE_MONTHS].sessions.clear()
                recent[RANGE_MONTHS].cells.clear()
                recent[RANGE_MONTHS].followed.clear()
            chosen.appendleft(self._choices([one.sums for one in recent]))
            if number >= n_done:
                own = chosen[0][DEFAULT]
                in_range = self._range(list(recent)[RANGE_MONTHS - 1 :: -1], own)
                yield line | {"range": in_range if len(recent) >= RANGE_MONTHS else None}

    def _earned(self, month: Month, chosen: Sequence[Sequence[Choice | None]]) -> dict[str, Any]:
        """What the choices of the month before brought, and the default's of earlier months."""
        policies: list[list[float] | None] = []
        for choice in chosen[0] if chosen else ():
            if choice is None:
                policies.append(None)
                continue
            sets, exits, stops = self._place(choice)
            policies.append(
                [
                    choice.index,
                    round(choice.promised_percent, 4),
                    int(month.sums.total_trades[sets, 0]),
                    round(float(month.sums.net_pnl_usd[sets, exits]), 4),
                    round(float(month.sums.risk_usd[sets, stops]), 4),
                ]
            )
        held = [self._by_session(month.followed, choices[DEFAULT]) for choices in chosen]
        return {"n_sessions": len(month.cells), "policies": policies, "held": held}

    def _by_session(
        self, cells: Sequence[SessionCell], choice: Choice | None
    ) -> dict[str, Any] | None:
        if choice is None:
            return None
        sets, exits, stops = self._place(choice)
        rows = [int(cell.row_of_set[sets]) for cell in cells]
        pairs = list(zip(cells, rows, strict=True))
        stop = self.plan.space["stop_loss_percent"][stops]
        return {
            "stop_loss_percent": stop,
            "trades": [int(c.total_trades[row]) if row >= 0 else 0 for c, row in pairs],
            "net_pnl_usd": [
                round(float(c.net_pnl_usd[row, exits]), 4) if row >= 0 else 0.0 for c, row in pairs
            ],
            "risk_usd": [
                round(float(c.risk_usd[row, stops]), 4) if row >= 0 else 0.0 for c, row in pairs
            ],
        }

    def _place(self, choice: Choice) -> tuple[int, int, int]:
        sets, exits, stops = self.grid.place_of(np.array([choice.index]))
        return int(sets[0]), int(exits[0]), int(stops[0])

    def _choices(self, latest_first: Sequence[GridSums]) -> list[Choice | None]:
        """What every policy chooses; None without its lookback."""
        found: dict[Policy, Choice | None] = {}
        total = None
        for n_months, sums in enumerate(latest_first, start=1):
            total = sums if total is None else total + sums
            for rule in {policy.rule for policy in POLICIES}:
                asked = [p for p in POLICIES if (p.rule, p.lookback_months) == (rule, n_months)]
                least = [policy.min_trades(total.n_sessions) for policy in asked]
                if asked:
                    found |= zip(asked, RULES[rule](total, self.grid, least), strict=True)
        return [found.get(policy) for policy in POLICIES]

    def _range(self, months: Sequence[Month], choice: Choice | None) -> dict[str, Any]:
        """What a range of these months would know of its choice."""
        cells = [cell for month in months for cell in month.cells]
        sessions = [session for month in months for session in month.sessions]
        blocks = block_values(
            cells,
            self.grid,
            rule=DEFAULT_POLICY.rule,
            min_trades=DEFAULT_POLICY.min_trades(len(cells)),
            costs=cost_weights(StrategyParams(), self.plan.space["stop_loss_percent"]),
        )
        found: dict[str, Any] = {"selection_test_p_value": t_p_value(blocks)}
        if choice is None:
            return found
        params = self.plan.space.strategy_params(self.plan.space.combination(choice.index))
        trades = run_backtest(params, sessions).trades
        quotes = [made_quotes(d, self.settings(d), f) for d, f in fills_by_day(trades).items()]
        band = fills_band(params, sessions, pa.concat_tables(quotes).to_pandas())
        at_quotes = band.quotes.return_on_risk_percent if band.quotes else None
        return found | {
            "promised_percent": choice.promised_percent,
            "trades": band["base"].total_trades,
            "return_on_risk_percent": band["base"].return_on_risk_percent,
            "adverse_percent": band[ADVERSE].return_on_risk_percent,
            "quotes_percent": at_quotes,
        }


def main() -> None:
    """Make what is absent."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pool", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--edge", action="append", required=True, help="a number, decaying or lost")
    parser.add_argument("--months", type=int, default=None, help="the first so many")
    given = parser.parse_args()
    for edge in given.edge:
        key = {"generator": GENERATOR_VERSION, "edge": edge, "seed": given.seed}
        n_done = sum(key.items() <= line.items() for line in read_lines(given.pool))
        pool = Pool(edge, given.seed)
        pool.months = pool.months[: given.months]
        if n_done < len(pool.months):
            for line in pool.lines(n_done):
                with given.pool.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(key | line) + "\n")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Every whole line of a pool."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
