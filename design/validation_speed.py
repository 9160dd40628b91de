"""How long validating a month takes, and what guarding the files costs each read.

Usage: python design/validation_speed.py

A month of synthetic sessions (January 2023, 20 sessions) is made in a temporary folder. On a busy
machine, processor time tells more than the clock.

Measured on a machine with two cores, busy with other work, processor time: a month validates in
1.5 s, and in 0.04 s where nothing changed. Reading a session takes 13 ms; page checksums add less
than 1 ms to that, the checksum of its content 5 ms.
"""

import os
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

import pyarrow as pa
import pyarrow.parquet as pq

from strategy.date_range import DateRange
from strategy.market_data.integrity import content_checksum
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.market_data.schema import FILE_SCHEMAS
from strategy.market_data.validation import validate_range
from strategy.space import SearchSpace

MONTH = DateRange.parse("2023-01-03_2023-01-31")
RUNS = 5


def timed(work: Callable[[], object], runs: int = RUNS) -> tuple[float, float]:
    """Medians of the seconds on the clock and of the processor's."""
    clock, processor = [], []
    work()
    for _ in range(runs):
        start = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    return median(clock), median(processor)


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        cache = Path(made)
        write_samples(cache, MONTH.sessions, SampleSettings())
        search = SearchSpace.seed()
        manifest = validate_range(cache, "SPY", MONTH, search_values=search).manifest
        print(f"{len(manifest)} sessions, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        show("validate all", lambda: validate_range(cache, "SPY", MONTH, search_values=search))
        show(
            "unchanged, taken over",
            lambda: validate_range(
                cache, "SPY", MONTH, search_values=search, previous_manifest=manifest
            ),
        )
        guard_costs(cache / "SPY" / date(2023, 1, 3).isoformat())


def guard_costs(folder: Path) -> None:
    """One session's three files, read from memory."""
    data = {name: (folder / name).read_bytes() for name in FILE_SCHEMAS}

    def read(verify: bool) -> dict[str, pa.Table]:
        return {
            name: pq.read_table(
                pa.BufferReader(raw), page_checksum_verification=verify, use_threads=False
            )
            for name, raw in data.items()
        }

    tables = read(False)
    show("read a session", lambda: read(False), runs=50)
    show("  with page checksums", lambda: read(True), runs=50)
    show(
        "content checksums of it",
        lambda: [content_checksum(t, source="", format_version="") for t in tables.values()],
        runs=50,
    )


def show(label: str, work: Callable[[], object], runs: int = RUNS) -> None:
    clock, processor = timed(work, runs)
    print(f"{label:<26}{clock * 1e3:9.1f} ms{processor * 1e3:9.1f} ms of processor time")


if __name__ == "__main__":
    main()
