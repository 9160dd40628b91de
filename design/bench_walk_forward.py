"""How long `rorq walk-forward` takes over many months of one ticker, and how much memory.

Usage: python design/bench_walk_forward.py [--home FOLDER] [--months N]

Sample sessions of N months, 6 if it is not named, are made and prepared in FOLDER, which is kept;
without it, in a folder that is removed. What is measured is the command: hashing the cache, cells
of every combination and session, the choices of all policies and their figures. First all months
but the last are new, then the last one, then none. 120 months take some 20 GB of disk.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from strategy.date_range import DateRange
from strategy.market_data import PreparedSessions, list_sessions

RORQ = Path(sys.executable).with_name("rorq")
FIRST_YEAR = 2013


def first_day_of(month: int) -> date:
    """Of the months from the first year on, counted from 0."""
    return date(FIRST_YEAR + month // 12, month % 12 + 1, 1)


def make_sessions(home: Path, first_month: int, end_month: int) -> None:
    """Sample sessions of some months, and the prepared ones."""
    dates = DateRange(first_day_of(first_month), first_day_of(end_month) - timedelta(days=1))
    command = [str(RORQ), "sample", "--start", str(dates.start_date), "--end", str(dates.end_date)]
    environment = {**os.environ, "RORQ_HOME": str(home)}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    cache = home / "polygon_cache"
    load = partial(PreparedSessions(folder=home / ".rorq" / "prepared").load, cache, "SPY")
    days = [day for day in list_sessions(cache, "SPY") if day in set(dates.sessions)]
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(lambda day: load(day).n_seconds, days):
            pass


def measure(home: Path, what: str) -> None:
    start = time.perf_counter()
    command = subprocess.Popen(
        [RORQ, "walk-forward"],
        env={**os.environ, "RORQ_HOME": str(home)},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(command.pid, 0)
    command.returncode = os.waitstatus_to_exitcode(status)
    if command.returncode:
        raise SystemExit(f"rorq walk-forward ended with exit code {command.returncode}")
    seconds, work = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
    peak = usage.ru_maxrss / 1024
    print(f"{what:24}{seconds:8.1f} s, of the processor {work:6.1f} s, {peak:6.0f} MiB at the peak")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--months", type=int, default=6)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        home: Path = arguments.home or Path(made)
        for folder in ("cells", "walk_forward"):
            shutil.rmtree(home / ".rorq" / folder, ignore_errors=True)
        for day in list_sessions(home / "polygon_cache", "SPY"):
            if day >= first_day_of(arguments.months - 1):
                shutil.rmtree(home / "polygon_cache" / "SPY" / day.isoformat())
        make_sessions(home, 0, arguments.months - 1)
        measure(home, f"{arguments.months - 1} months")
        make_sessions(home, arguments.months - 1, arguments.months)
        measure(home, "a month that is new")
        measure(home, "nothing new")


if __name__ == "__main__":
    main()
