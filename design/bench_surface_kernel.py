"""Where a session's time on the exact surface goes, and what was tried and not taken.

Usage: python design/bench_surface_kernel.py [CACHE_FOLDER]

Twenty sample sessions are made if no folder is named. Milliseconds of processor time a session, of
one thread, the median of nine runs. What is tried gives the same bits unless it says otherwise.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numba
import numpy as np

from strategy.date_range import DateRange
from strategy.kernels.codes import ABOVE, BELOW
from strategy.kernels.surface_entries import collect_entries, find_runs
from strategy.kernels.surface_exits import NO_DATA, TRADED
from strategy.kernels.surface_walk import add_entries
from strategy.market_data import list_sessions, load_sessions
from strategy.session import SessionData
from strategy.space import SearchSpace
from strategy.surface.cells import make_session_cell
from strategy.surface.compute import SurfacePlan
from strategy.surface.result import SurfaceSums

LATE_SECOND = 23_040  # 15:54
N_RUNS = 9
compiled: Any = numba.njit(nogil=True)


@compiled
def add_one_by_one(  # type: ignore[no-untyped-def]
    set_starts, set_ends, entries, outcome, entry_risk, entry_pnl,
    total_trades, missing_entries, risk, winners, net_pnl,
):  # fmt: skip
    """`add_entries` with a set's sums read and written for each of its entries."""
    for row in range(set_starts.shape[0]):
        for choice in range(outcome.shape[1]):
            for entry in entries[set_starts[row] : set_ends[row]]:
                if outcome[entry, choice] != TRADED:
                    missing_entries[row, choice] += outcome[entry, choice] == NO_DATA
                    continue
                total_trades[row, choice] += 1
                for loss in range(risk.shape[2]):
                    risk[row, choice, loss] += entry_risk[entry, choice, loss]
                for exit_ in range(net_pnl.shape[2]):
                    value = entry_pnl[entry, choice, exit_]
                    net_pnl[row, choice, exit_] += value
                    winners[row, choice, exit_] += value > 0.0


@compiled
def add_with_squares(  # type: ignore[no-untyped-def]
    set_starts, set_ends, entries, outcome, entry_pnl, winners, net_pnl, squared,
):  # fmt: skip
    """What adding would take with the sums of squares that only `lower_bound` reads."""
    for row in range(set_starts.shape[0]):
        for choice in range(outcome.shape[1]):
            for place in range(set_starts[row], set_ends[row]):
                entry = entries[place]
                if outcome[entry, choice] == TRADED:
                    for exit_ in range(net_pnl.shape[2]):
                        value = entry_pnl[entry, choice, exit_]
                        net_pnl[row, choice, exit_] += value
                        squared[row, choice, exit_] += value * value
                        winners[row, choice, exit_] += value > 0.0


def show(what: str, work: Callable[[Any], object], items: Sequence[Any]) -> None:
    times = []
    for _ in range(1 + N_RUNS):
        start = time.process_time()
        for one in items:
            work(one)
        times.append((time.process_time() - start) / len(items))
    print(f"{what:42}{median(times[1:]) * 1e3:8.2f} ms")


def measure(sessions: list[SessionData]) -> None:
    space = SearchSpace.seed()
    plan = SurfacePlan.of(space, None)
    axes, params = plan.axes, plan.runs[0]
    sums = SurfaceSums.zeros(space, 1)
    levels = np.unique(np.append(axes.stretch_thresholds, axes.reclaim_thresholds))

    def runs_of_both_sides(one: SessionData) -> None:
        for side in (BELOW, ABOVE):
            find_runs(one.underlying_close_usd, one.running_vwap_usd, side, levels)

    show("all of it", lambda one: plan.add_session(one, sums, 0), sessions)
    show("  runs of all thresholds, both sides", runs_of_both_sides, sessions)
    show("  collecting entries, runs included", lambda one: collect_entries(
        one.underlying_close_usd, one.running_vwap_usd, axes.window_starts, axes.window_ends,
        axes.stretch_thresholds, axes.reclaim_thresholds, axes.cooldowns, LATE_SECOND,
    ), sessions)  # fmt: skip
    show("  collecting and trading", lambda one: plan.traded(params, one), sessions)
    traded = [plan.traded(params, one) for one in sessions]
    by_set = [(offsets[:-1], offsets[1:], *rest) for offsets, *rest in traded]
    show("  adding", lambda one: add_entries(*one, *sums.of_block(0)), by_set)
    show("a month cell's session", lambda one: make_session_cell(plan, one), sessions)
    print("tried:")
    ours, other = (SurfaceSums.zeros(space, 1) for _ in range(2))
    for one in by_set:
        add_entries(*one, *ours.of_block(0))
        add_one_by_one(*one, *other.of_block(0))
    for mine, theirs in zip(ours.of_block(0), other.of_block(0), strict=True):
        assert np.array_equal(mine, theirs)
    show("  adding entries one by one", lambda one: add_one_by_one(*one, *sums.of_block(0)), by_set)
    _, _, _, winners, net_pnl = sums.of_block(0)
    squared = np.zeros_like(net_pnl)
    show("  one by one with squares, without risk", lambda one: add_with_squares(
        *one[:4], one[5], winners, net_pnl, squared
    ), by_set)  # fmt: skip
    with np.errstate(over="ignore"):  # rows of entries that are not traded hold anything
        single = [
            (*one[:4], one[4].astype(np.float32), one[5].astype(np.float32)) for one in by_set
        ]
    low = SurfaceSums.zeros(space, 1)
    parts = [v.astype(np.float32) if v.dtype == np.float64 else v for v in low.of_block(0)]
    for one in single:
        add_entries(*one, *parts)
    off = np.abs(parts[-1] - ours.net_pnl_usd[0]).max()
    show("  adding in float32, other bits", lambda one: add_entries(*one, *parts), single)
    print(f"  float32 is off by up to {off:.1e} USD after {len(sessions)} sessions")


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        cache = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(made)
        if len(sys.argv) == 1:
            rorq = Path(sys.executable).with_name("rorq")
            command = [str(rorq), "sample", "--start", "2023-01-03", "--end", "2023-01-31"]
            subprocess.run(command, check=True, capture_output=True, env={"RORQ_CACHE": made})
        days = list_sessions(cache, "SPY")[:20]
        measure(list(load_sessions(cache, "SPY", DateRange(days[0], days[-1]))))


if __name__ == "__main__":
    main()
