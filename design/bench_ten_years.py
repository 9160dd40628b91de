"""Ten years of one ticker, or of several: exact month cells and the walk-forward matrix.

Usage: python design/bench_ten_years.py [--home FOLDER] [--months N] [--years N] [TICKER ...]

Sample sessions of the first N months of ten years, 6 if it is not named, are made and prepared in
FOLDER, which is kept; without it, in a folder that is removed. Every session of the ten years is
one of these under its own date, ticker and fingerprint: as much to map, evaluate, keep and choose
from, without the disk that 2,520 sessions take. Each ticker begins with neither cells nor choices.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from bench_walk_forward import FIRST_YEAR, make_sessions

from optimize.choice.matrix_files import MatrixFiles
from optimize.choice.policies import all_policies
from optimize.choice.policy_comparison import nested_choice
from optimize.choice.policy_record import MonthTable
from optimize.choice.walk_forward_matrix import walk_forward_matrix
from strategy.date_range import sessions_between
from strategy.market_data import PreparedSessions, list_sessions
from strategy.session import SessionData
from strategy.space import SearchSpace
from strategy.surface.cell_files import CellStore
from strategy.surface.compute import SurfacePlan


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--home", type=Path)
    parser.add_argument("--months", type=int, default=6)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("tickers", nargs="*", default=["SPY"])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        home: Path = given.home or Path(made)
        make_sessions(home, 0, given.months)
        days = sessions_between(date(FIRST_YEAR, 1, 1), date(FIRST_YEAR + given.years - 1, 12, 31))
        began = time.perf_counter()
        for ticker in given.tickers:
            with tempfile.TemporaryDirectory() as kept:
                measure(home, ticker, days, Path(kept))
        seconds, n_tickers = time.perf_counter() - began, len(given.tickers)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{n_tickers} tickers in {seconds:.1f} s, {peak:.0f} MiB at the peak")


def measure(home: Path, ticker: str, days: list[date], kept: Path) -> None:
    """Make the cells and the matrix of a ticker."""
    plan = SurfacePlan.of(SearchSpace.seed(), {"ticker": ticker})
    policies = all_policies()
    made = list_sessions(home / "polygon_cache", "SPY")
    stands_for = {day: made[number % len(made)] for number, day in enumerate(days)}
    start, work = time.perf_counter(), time.process_time()
    records = walk_forward_matrix(
        CellStore(kept / "cells", plan),
        ticker,
        {day: fingerprint(ticker, day) for day in days},
        loader(home, ticker, stands_for),
        policies,
        records=MatrixFiles(kept / "walk_forward", ticker, plan, policies),
    )
    n_nested = len(nested_choice(MonthTable.of(records, policies)).months)
    seconds, work = time.perf_counter() - start, time.process_time() - work
    print(
        f"{ticker}: {len(days)} sessions, {len(records)} months, {len(policies)} policies, "
        f"{n_nested} nested choices: {seconds:.1f} s, of the processor {work:.1f} s"
    )


def loader(
    home: Path, ticker: str, stands_for: Mapping[date, date]
) -> Callable[[date], SessionData]:
    """What maps a prepared session and puts another date on it."""
    prepared = PreparedSessions(folder=home / ".rorq" / "prepared")

    def load(day: date) -> SessionData:
        session = prepared.load(home / "polygon_cache", "SPY", stands_for[day])
        return replace(session, ticker=ticker, date=day, fingerprint=fingerprint(ticker, day))

    return load


def fingerprint(ticker: str, day: date) -> str:
    """One that no other session has."""
    return f"{ticker}-{day.isoformat()}".encode().hex().rjust(64, "0")


if __name__ == "__main__":
    main()
