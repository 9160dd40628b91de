"""How long the exact surface of the seed's 1,267,200 combinations takes, and how much memory.

Usage: python design/bench_surface.py [--year] [CACHE_FOLDER]

`--year` measures 252 synthetic sessions instead of those of the folder, loading included: the first
time, when they are prepared, and in a process that finds them prepared.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from strategy.date_range import DateRange
from strategy.market_data import (
    PreparedSessions,
    list_sessions,
    load_sessions,
    open_sessions,
)
from strategy.space import SearchSpace
from strategy.surface.compute import compute_surface
from strategy.surface.store import write_surface

YEAR = DateRange.parse("2023-01-03_2024-01-03")  # 251 sessions
MONTH = DateRange.parse("2023-01-03_2023-01-31")


def make_samples(cache: Path, dates: DateRange) -> None:
    """In a process of its own, so that this one's memory is that of the surface."""
    command = f"--start {dates.start_date} --end {dates.end_date}".split()
    rorq = Path(sys.executable).with_name("rorq")
    environment = {**os.environ, "RORQ_CACHE": str(cache)}
    subprocess.run([rorq, "sample", *command], check=True, capture_output=True, env=environment)


def measure_sweep(cache: Path) -> None:
    days = list_sessions(cache, "SPY")
    sessions = load_sessions(cache, "SPY", DateRange(days[0], days[-1]))
    space = SearchSpace.seed()
    start = time.perf_counter()
    compute_surface(space, None, sessions[:1])
    print(f"first call of the process        {time.perf_counter() - start:8.3f} s")
    for workers in (1, 2):
        times = []
        for _ in range(5):
            start = time.perf_counter()
            compute_surface(space, None, sessions, workers=workers)
            times.append((time.perf_counter() - start) / len(sessions))
        each = median(times) * 1e3
        print(f"{len(sessions)} sessions, {workers} worker(s)          {each:8.1f} ms a session")


def measure_year(cache: Path, prepared: Path) -> None:
    start, worked = time.perf_counter(), time.process_time()
    kept = PreparedSessions(folder=prepared)
    surface = compute_surface(
        SearchSpace.seed(), None, open_sessions(cache, "SPY", YEAR, prepared=kept)
    )
    seconds, work = time.perf_counter() - start, time.process_time() - worked
    print(f"{len(surface.session_dates)} sessions, loading included {seconds:8.2f} s")
    print(f"of the processor                 {work:8.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory at the peak               {peak:8.0f} MB")
    start = time.perf_counter()
    write_surface(surface, prepared / "surface.parquet")
    size = (prepared / "surface.parquet").stat().st_size / 1e6
    print(f"written as Parquet               {time.perf_counter() - start:8.2f} s, {size:.1f} MB")


def measure_year_twice(cache: Path) -> None:
    """Each time in a process of its own, whose machine code is compiled already."""
    compute_surface(SearchSpace.seed(), None, open_sessions(cache, "SPY", YEAR)[:1])
    with tempfile.TemporaryDirectory() as made:
        for what in ("preparing the sessions", "the sessions being prepared"):
            print(f"{what}:", flush=True)
            arguments = [sys.executable, __file__, "--once", str(cache), made]
            subprocess.run(arguments, check=True)


def main() -> None:
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    if "--once" in sys.argv:
        measure_year(Path(arguments[0]), Path(arguments[1]))
        return
    with tempfile.TemporaryDirectory() as made:
        cache = Path(arguments[0]) if arguments else Path(made)
        whole_year = "--year" in sys.argv
        if not arguments:
            make_samples(cache, YEAR if whole_year else MONTH)
        if whole_year:
            measure_year_twice(cache)
        else:
            measure_sweep(cache)


if __name__ == "__main__":
    main()
