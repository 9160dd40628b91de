"""How long a backtest of one parameter set takes, and loading a month.

Usage: python design/bench_engine.py [CACHE_FOLDER]

With the cache of the three sample sessions (or any other) as the argument; else a month of
synthetic sessions is made in a temporary folder. Each figure is the median of several runs.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median

from strategy.backtest import run_backtest
from strategy.date_range import DateRange
from strategy.market_data import list_sessions, load_sessions
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.space import SearchSpace

N_SETS = 300
RUNS = 7


def seconds_of(work: Callable[[], object], runs: int = RUNS) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        cache = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(made)
        if len(sys.argv) == 1:
            write_samples(
                cache, DateRange.parse("2023-01-03_2023-01-31").sessions, SampleSettings()
            )
        days = list_sessions(cache, "SPY")
        whole = DateRange(days[0], days[-1])
        load = seconds_of(lambda: load_sessions(cache, "SPY", whole), runs=3)
        sessions = load_sessions(cache, "SPY", whole)
        space, random = SearchSpace.seed(), Random(1)
        sets = [
            space.strategy_params(space.combination(random.randrange(space.size)))
            for _ in range(N_SETS)
        ]
        run_backtest(sets[0], sessions)
        each = seconds_of(lambda: [run_backtest(one, sessions) for one in sets]) / N_SETS
        table = seconds_of(lambda: [run_backtest(one, sessions).trades for one in sets[:50]]) / 50
    print(f"{len(days)} sessions, {os.cpu_count()} cores")
    print(f"load                      {load:8.3f} s     {load / len(days) * 1e3:6.1f} ms a session")
    print(f"run_backtest              {each * 1e3:8.3f} ms    mean of {N_SETS} random sets")
    print(f"  with the trades table   {table * 1e3:8.3f} ms")


if __name__ == "__main__":
    main()
