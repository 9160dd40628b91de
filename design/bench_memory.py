"""Peak memory of the whole chain, in one process, on sample ranges of several lengths.

Usage: python design/bench_memory.py [--home FOLDER] [MONTHS ...]

The lengths are 1 and 3 months if none is named. The sample sessions, studies and artifacts lie in
FOLDER, which is kept; without it, in a folder that is removed. For each step that grew the process,
the most that it had is told too.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date, timedelta
from pathlib import Path

import psutil

from strategy.date_range import DateRange

RORQ = Path(sys.executable).with_name("rorq")
FIRST_YEAR = 2023
POLL_SECONDS = 0.05


def range_of(months: int) -> DateRange:
    """The first so many months of the samples, from the first session to the last."""
    after = date(FIRST_YEAR + months // 12, months % 12 + 1, 1)
    sessions = DateRange(date(FIRST_YEAR, 1, 1), after - timedelta(days=1)).sessions
    return DateRange(sessions[0], sessions[-1])


def measure_chain(months: int, environment: dict[str, str]) -> None:
    dates = range_of(months)
    start = time.perf_counter()
    chain = subprocess.Popen(
        [RORQ, "materialize", dates.key],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    step, peaks, addresses = ["start"], {"start": 0}, [0]
    watcher = threading.Thread(target=watch, args=(chain.pid, step, peaks, addresses), daemon=True)
    watcher.start()
    for line in chain.stdout or ():
        step[0] = line.strip()
    _, status, usage = os.wait4(chain.pid, 0)
    chain.returncode = os.waitstatus_to_exitcode(status)
    if chain.returncode:
        raise SystemExit(f"{dates.key} ended with exit code {chain.returncode}: {step[0]}")
    seconds = time.perf_counter() - start
    work = usage.ru_utime + usage.ru_stime
    print(f"{months} months, {len(dates.sessions)} sessions")
    print(f"    {seconds:6.0f} s, of the processor {work:.0f} s")
    print(f"    {usage.ru_maxrss / 1024:6.0f} MiB at the peak")
    print(f"    {addresses[0] / 1024**2:6.0f} MiB of addresses, which `ulimit -v` counts")
    most = 0
    for name, peak in peaks.items():
        if peak > most:
            print(f"    {peak / 1024**2:6.0f} MiB after '{name}'")
            most = peak


def watch(process_id: int, step: list[str], peaks: dict[str, int], addresses: list[int]) -> None:
    """Note the most resident memory while each line of the log was the latest, and addresses."""
    process = psutil.Process(process_id)
    try:
        while True:
            taken = process.memory_info()
            peaks[step[0]] = max(peaks.get(step[0], 0), taken.rss)
            addresses[0] = max(addresses[0], taken.vms)
            time.sleep(POLL_SECONDS)
    except psutil.Error:
        return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("months", type=int, nargs="*", default=[1, 3])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        environment = {**os.environ, "RORQ_HOME": str(arguments.home or made)}
        whole = range_of(max(arguments.months))
        command = [RORQ, "sample", "--start", str(whole.start_date), "--end", str(whole.end_date)]
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        try:
            for months in arguments.months:
                measure_chain(months, environment)
        finally:
            stop = [RORQ, "db", "stop"]
            subprocess.run(stop, check=True, env=environment, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
