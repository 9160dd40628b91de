"""What worker threads do for a study, and what processes could: milliseconds a trial, same results.

Usage: python design/bench_workers.py [--year]

Random combinations of the seed's space on a synthetic month, or year, in batches of the study's own
size. Processes are measured at their best: forked, so that they share the market data for nothing,
and started before the clock. Figures are kept in design/study_workers.md.
"""

import argparse
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from typing import Any

from optimize.study.objective import BacktestObjective, Outcome, evaluate_guarded
from optimize.study.settings import StudySettings
from optimize.study.workers import Evaluator
from strategy.date_range import DateRange
from strategy.market_data.sample.generate import SampleSettings, sample_session
from strategy.space import SearchSpace

KNOBS = StudySettings()
N_TRIALS = 200
N_ROUNDS = 5
Evaluate = Callable[[Sequence[Mapping[str, Any]]], list[Outcome]]
OBJECTIVES: list[BacktestObjective] = []  # what forked processes find in their memory


def in_fork(combination: Mapping[str, Any]) -> Outcome:
    return evaluate_guarded(OBJECTIVES[0], combination)


def milliseconds(evaluate: Evaluate, combinations: Sequence[Mapping[str, Any]]) -> float:
    started = time.perf_counter()
    for first in range(0, len(combinations), KNOBS.ask_batch):
        evaluate(combinations[first : first + KNOBS.ask_batch])
    return (time.perf_counter() - started) / len(combinations) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--year", action="store_true", help="a year instead of a month")
    last = date(2023, 12, 29) if parser.parse_args().year else date(2023, 1, 31)
    days = DateRange(date(2023, 1, 3), last).sessions
    sessions = [sample_session(day, SampleSettings()) for day in days]
    OBJECTIVES.append(
        BacktestObjective(
            sessions=sessions, fixed_params={}, min_trade_threshold=KNOBS.min_trade_threshold
        )
    )
    space, chance = SearchSpace.seed(), random.Random(1)
    combinations = [space.combination(chance.randrange(space.size)) for _ in range(N_TRIALS)]
    one, two = (Evaluator(OBJECTIVES[0], n, threading.Event()) for n in (1, 2))
    expected = one.evaluate(combinations)
    with ProcessPoolExecutor(2, get_context("fork")) as processes:
        ways: dict[str, Evaluate] = {
            "one worker": one.evaluate,
            "two threads": two.evaluate,
            "two processes": lambda batch: list(processes.map(in_fork, batch)),
        }
        for name, evaluate in ways.items():
            assert evaluate(combinations) == expected, name
        rounds = [
            {k: milliseconds(w, combinations) for k, w in ways.items()} for _ in range(N_ROUNDS)
        ]
    print(f"{len(sessions)} sessions, ms a trial, best (median) of {N_ROUNDS} rounds in turns")
    for name in ways:
        times = sorted(times[name] for times in rounds)
        print(f"{name}: {times[0]:.2f} ({times[N_ROUNDS // 2]:.2f})")
    two.close()


if __name__ == "__main__":
    main()
