"""How often RORQ calls data without an edge promising, and how often it finds a planted edge.

    python design/null_calibration.py run verdicts.jsonl --edge 0 --data-sets 100
    python design/null_calibration.py run verdicts.jsonl --edge 2 --data-sets 100
    python design/null_calibration.py tell verdicts.jsonl > design/null_calibration.md

Each data set is a month of sample sessions with a seed of its own, and the month that follows. The
whole chain runs on it as `rorq materialize` runs it, through Dagster and PostgreSQL, from
validation to the verdict: study of 200 trials, exact surface, proofs, out of sample, statistics,
all with their defaults. A data set takes about half a minute. `run` appends a line a data set and
goes on where it stopped; several may run at once, each with a range of seeds and a file.

The study has a name of its own for every data set, as it would otherwise start from the best
parameters of the data set before. `--min-trades` is the study's `min_trade_threshold`: with its
default the choice seldom has the 30 trades that the verdict asks for before it says `trade`.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from rorq_pipeline.definitions import build_definitions
from rorq_pipeline.results.models import OutOfSampleEvidence, SelectionEvidence, VerdictRecord
from rorq_pipeline.runner import MaterializationError, materialize_range
from strategy.date_range import DateRange, sessions_between
from strategy.market_data.sample.generate import SampleSettings, write_samples

RANGE = DateRange.parse("2023-01-03_2023-02-01")  # 21 sessions
LAST_FOLLOWING_DAY = date(2023, 3, 31)
SELECTION = "+key:verdict and not key:downloaded_sessions"
DECISIONS = ("trade", "watch", "reject")
FAILED = "failed"  # no combination of the study had trades enough
LEVELS = ("good", "doubtful", "bad", "unknown")
FIGURES = {  # of the evidence
    "return on risk, %": "return_on_risk_percent",
    "out of sample, %": "out_of_sample_return_on_risk_percent",
    "under adverse fills, %": "adverse_fills_return_on_risk_percent",
    "trades": "total_trades",
    "probability of overfitting": "overfitting_fraction",
    "winners of splits that lose": "loss_fraction",
    "deflated Sharpe probability": "deflated_sharpe_fraction",
    "p-value against not trading": "superior_ability_p_value",
}
ESTIMATE = {  # of the probability of overfitting
    "overfitting, ranked after costs": "after_costs_fraction",
    "standard error of overfitting": "standard_error_fraction",
}


def run(seed: int, edge: float, min_trades: int, folder: Path) -> dict[str, Any]:
    """Make one data set, run the chain on it, and return its verdict with the figures."""
    cache, artifacts = folder / "cache", folder / "artifacts"
    os.environ |= {"RORQ_CACHE": str(cache), "RORQ_ARTIFACTS": str(artifacts)}
    days = sessions_between(RANGE.start_date, LAST_FOLLOWING_DAY)[: 2 * len(RANGE.sessions)]
    write_samples(cache, days, SampleSettings(seed=seed, edge=edge))
    study = {
        "study_name": f"calibration_{edge:g}_{seed}_{min_trades}",
        "min_trade_threshold": min_trades,
    }
    by_asset = {
        "optimization": study,
        "parameter_surface": {"min_trade_threshold": min_trades},
    }
    data_set = {"seed": seed, "edge": edge, "min_trades": min_trades}
    started = time.perf_counter()
    try:
        materialize_range(
            RANGE,
            selection=SELECTION,
            run_config={"ops": {name: {"config": config} for name, config in by_asset.items()}},
            definitions=build_definitions(),
        )
    except MaterializationError as error:
        if "no complete trial" not in str(error):  # interrupted, or a fault: to be run again
            raise
        return {**data_set, "decision": FAILED, "reason": str(error)}
    seconds = time.perf_counter() - started
    statistics = SelectionEvidence.read(RANGE.key, artifacts).statistics
    outside = OutOfSampleEvidence.read(RANGE.key, artifacts).traded
    kept = VerdictRecord.read(RANGE.key, artifacts)
    return {
        **data_set,
        "decision": kept.verdict.decision,
        "levels": {finding.name: finding.level for finding in kept.verdict.findings},
        "evidence": asdict(kept.evidence),
        "overfitting": asdict(statistics.overfitting),
        "out_of_sample_trades": outside.metrics.total_trades if outside.metrics else 0,
        "seconds": seconds,
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


def tell(lines: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the figures as Markdown."""
    yield "# Null calibration\n"
    yield "Made by `design/null_calibration.py`, which says how."
    groups = sorted({(line["edge"], line["min_trades"]) for line in lines})
    for edge, min_trades in groups:
        group = [line for line in lines if (line["edge"], line["min_trades"]) == (edge, min_trades)]
        yield from _tell_group(edge, min_trades, group)


def _tell_group(edge: float, min_trades: int, group: list[dict[str, Any]]) -> Iterator[str]:
    decisions = Counter(line["decision"] for line in group)
    n_data_sets = len(group)
    group = [line for line in group if line["decision"] != FAILED]
    seconds = np.median([line["seconds"] for line in group]) if group else np.nan
    yield f"\n## Edge {edge:g}, at least {min_trades} trades: {n_data_sets} data sets\n"
    told = ", ".join(f"{decisions[name]} {name}" for name in (*DECISIONS, FAILED))
    yield f"**{told}.** {len(RANGE.sessions)} sessions to search, as many that follow; the chain"
    yield f"took {seconds:.0f} s (median).\n"
    yield "| figure | mean | standard error | 5 % | median | 95 % | not known |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    columns = {name: [line["evidence"][key] for line in group] for name, key in FIGURES.items()}
    columns["trades out of sample"] = [line["out_of_sample_trades"] for line in group]
    for name, key in ESTIMATE.items():
        columns[name] = [line["overfitting"][key] for line in group]
    for name, values in columns.items():
        known = np.array([value for value in values if value is not None], dtype=np.float64)
        if not len(known):
            yield f"| {name} | | | | | | {len(values)} |"
            continue
        low, middle, high = np.percentile(known, [5, 50, 95])
        error = known.std(ddof=1) / np.sqrt(len(known)) if len(known) > 1 else np.nan
        yield (
            f"| {name} | {known.mean():.2f} | {error:.2f} | {low:.2f} | {middle:.2f} | "
            f"{high:.2f} | {len(values) - len(known)} |"
        )
    yield "\n| finding | " + " | ".join(LEVELS) + " |"
    yield "|---|---:|---:|---:|---:|"
    for name in group[0]["levels"] if group else ():
        counts = Counter(line["levels"][name] for line in group)
        yield f"| {name} | " + " | ".join(str(counts[level]) for level in LEVELS) + " |"


def read_lines(files: list[Path]) -> list[dict[str, Any]]:
    """Read the data sets of some files, those that are there."""
    texts = [file.read_text(encoding="utf-8") for file in files if file.exists()]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="run the chain on data sets")
    running.add_argument("file", type=Path)
    running.add_argument("--edge", type=float, default=0.0)
    running.add_argument("--data-sets", type=int, default=100)
    running.add_argument("--first-seed", type=int, default=1)
    running.add_argument("--min-trades", type=int, default=10)
    telling = commands.add_parser("tell", help="print the figures as Markdown")
    telling.add_argument("files", type=Path, nargs="+")
    args = parser.parse_args()
    if args.command == "tell":
        sys.stdout.writelines(f"{line}\n" for line in tell(read_lines(args.files)))
        return
    done = {(line["edge"], line["seed"], line["min_trades"]) for line in read_lines([args.file])}
    seeds = range(args.first_seed, args.first_seed + args.data_sets)
    left = [seed for seed in seeds if (args.edge, seed, args.min_trades) not in done]
    with quiet_project() as folder:
        for seed in track(left, description=f"edge {args.edge:g}"):
            with tempfile.TemporaryDirectory(dir=folder) as one:
                line = run(seed, args.edge, args.min_trades, Path(one))
            with args.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
