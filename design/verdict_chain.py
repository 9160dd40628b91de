"""What the verdict says of whole histories, by the chain as it is shipped.

    python design/verdict_chain.py verdicts.jsonl --edge 0.5 --months 12 --seed 8001

`verdict_calibration.py` judges many histories from sums of months; this runs few of them as
`rorq materialize` does, through Dagster and PostgreSQL, from validation to the verdict, with all
defaults: samples of so many months up to the end of March 2023, of which the last three are the
range, and the month that follows. A line a seed is appended.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from rorq_pipeline.definitions import build_definitions
from rorq_pipeline.results.models import VerdictRecord
from rorq_pipeline.runner import materialize_range
from strategy.backtest_range import BacktestRange
from strategy.date_range import sessions_between
from strategy.market_data.sample.generate import SampleSettings, write_samples

RANGE = BacktestRange.parse("2023-01-03_2023-03-31")
LAST_FOLLOWING_DAY = date(2023, 4, 28)
SELECTION = "+key:verdict and not key:downloaded_sessions"


def run(seed: int, edge: float, n_months: int, n_trials: int, folder: Path) -> dict[str, Any]:
    """Make one history, run the chain on its last three months, and return its verdict."""
    cache, artifacts = folder / "cache", folder / "artifacts"
    os.environ |= {"RORQ_CACHE": str(cache), "RORQ_ARTIFACTS": str(artifacts)}
    first_month = RANGE.end_date.year * 12 + RANGE.end_date.month - n_months  # since year 0
    first_day = date(first_month // 12, first_month % 12 + 1, 1)
    days = sessions_between(first_day, LAST_FOLLOWING_DAY)
    write_samples(cache, days, SampleSettings(seed=seed, edge=edge))
    started = time.perf_counter()
    # A name of its own: a study would otherwise start from the best of the history before.
    study = {"study_name": f"chain_{edge:g}_{seed}_{n_months}", "n_trials": n_trials}
    materialize_range(
        RANGE,
        selection=SELECTION,
        run_config={"ops": {"optimization": {"config": study}}},
        definitions=build_definitions(),
    )
    kept = VerdictRecord.read(RANGE.key, artifacts)
    return {
        "edge": edge,
        "seed": seed,
        "months": n_months,
        "decision": kept.verdict.decision,
        "line": kept.verdict.line,
        "evidence": asdict(kept.evidence),
        "seconds": round(time.perf_counter() - started, 1),
    }


@contextmanager
def quiet_project() -> Iterator[Path]:
    """A project of its own, with a database of its own; Dagster's log lines are left out."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"RORQ_HOME": folder, "DAGSTER_HOME": ""}
        for name in ("PG_HOST", "PG_PORT", "PG_DATABASE", "PG_USER", "PG_PASSWORD"):
            os.environ.pop(name, None)
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
            yield Path(folder)


def main() -> None:
    """Run the chain on a history a seed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--edge", type=float, default=0.0)
    parser.add_argument("--months", type=int, default=3, help="of history, the range included")
    parser.add_argument("--seed", type=int, action="append", required=True)
    parser.add_argument("--trials", type=int, default=200, help="of the study")
    given = parser.parse_args()
    with quiet_project() as folder:
        for seed in given.seed:
            with tempfile.TemporaryDirectory(dir=folder) as one:
                line = run(seed, given.edge, given.months, given.trials, Path(one))
            with given.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, default=str) + "\n")
            sys.stdout.write(f"{given.edge:g} {seed}: {line['line']}\n")


if __name__ == "__main__":
    main()
