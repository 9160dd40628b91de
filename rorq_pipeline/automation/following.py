"""The sensor that returns to a range when sessions come that follow it.

The latest range has no out-of-sample value yet. When sessions after it are cached, or those that
were traded change, only its evidence and its report are made again; its search stays as it is.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from rorq_pipeline.automation.settings import AutomationSettings
from rorq_pipeline.dagster_support.internals import ExecutableDefinition
from rorq_pipeline.dagster_support.partitions import BACKTEST_RANGE
from rorq_pipeline.project.cache_scan import following_signatures, scan_cache
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.run_config import project_run_config
from rorq_pipeline.results.artifacts import ArtifactError, artifact_folder
from strategy.backtest_range import BacktestRange
from strategy.errors import DateRangeError

# Imported where it is used: what takes long and definitions do without (design/import_times.py).

_EVIDENCE = dg.AssetSelection.assets("out_of_sample", "selection_statistics")
_JUDGING_OPS = ("selection_checks", "verdict")  # of the job, those that take config

renew_evidence = dg.define_asset_job(
    "renew_evidence",
    selection=_EVIDENCE | _EVIDENCE.downstream(),
    description="Trade the published parameters of one range on the sessions that follow it, and "
    "make its statistics, verdict and report again. The search is not repeated.",
)


@dataclass(frozen=True, kw_only=True)
class Record:
    """What `out_of_sample` keeps of a range, as far as the sensor looks at it."""

    looked_at: Mapping[str, str]  # ISO date -> signature, of the sessions that followed it
    stamp: str  # changes whenever the record is written


@dataclass(frozen=True, kw_only=True)
class Awaited:
    """A range after which other sessions lie now than its record has looked at."""

    date_range: BacktestRange
    signatures: Mapping[str, str]  # ISO date -> signature, of the sessions that follow it now
    stamp: str  # of the record

    @property
    def run_key(self) -> str:
        """One request a record and set of following sessions; what comes back is asked for anew."""
        seen = [f"{day} {signature}" for day, signature in sorted(self.signatures.items())]
        digest = hashlib.sha256("\n".join([self.stamp, *seen]).encode()).hexdigest()
        return f"{self.date_range.key}:following:{digest[:16]}"


def awaited_ranges(
    records: Mapping[BacktestRange, Record], signatures: Mapping[str, Mapping[date, str]]
) -> list[Awaited]:
    """Compare what is kept of each range with the cache, the latest range first.

    Sessions that are gone are no reason to give up what they showed.

    Args:
        records: What is kept.
        signatures: Of the cached sessions, by ticker.
    """
    found = []
    for date_range in sorted(records, key=lambda r: r.end_date, reverse=True):
        record = records[date_range]
        now = following_signatures(signatures[date_range.ticker], date_range)
        if not now.items() <= record.looked_at.items():
            found.append(Awaited(date_range=date_range, signatures=now, stamp=record.stamp))
    return found


def following_sensor(
    settings: AutomationSettings, cache_dir: Callable[[], Path], job: ExecutableDefinition
) -> dg.SensorDefinition:
    """Build the sensor; `cache_dir` is asked at every tick."""

    @dg.sensor(
        name="new_following_sessions",
        job=job,
        minimum_interval_seconds=settings.sensor_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Requests the evidence of a published range anew when sessions that follow it "
        "have come or changed, once the cache has been quiet for a while.",
    )
    def new_following_sessions(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        scans = {ticker: scan_cache(cache_dir(), ticker) for ticker in settings.tickers}
        if min(scan.quiet_seconds() for scan in scans.values()) < settings.quiet_seconds:
            return dg.SensorResult(
                skip_reason="the cache has changed a moment ago", cursor=context.cursor
            )
        records = {r: record for r, record in _records() if r.ticker in scans}
        # A request whose run failed stays awaited; it must not take the place of others.
        requested = set(json.loads(context.cursor or "[]"))
        awaited = awaited_ranges(
            records, {ticker: scan.signatures for ticker, scan in scans.items()}
        )
        new = [one for one in awaited if one.run_key not in requested]
        chosen = new[: settings.max_runs_per_tick]
        remembered = (requested & {one.run_key for one in awaited}) | {c.run_key for c in chosen}
        cursor = json.dumps(sorted(remembered))
        if not chosen:
            return dg.SensorResult(
                skip_reason=f"nothing new follows any of {len(records)} published ranges",
                cursor=cursor,
            )
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    run_key=one.run_key,
                    partition_key=one.date_range.key,
                    run_config=_limits_config(one.date_range),
                )
                for one in chosen
            ],
            dynamic_partitions_requests=[
                BACKTEST_RANGE.build_add_request([one.date_range.key for one in chosen])
            ],
            cursor=cursor,
        )

    return new_following_sessions


def _records() -> Iterator[tuple[BacktestRange, Record]]:
    """Read what `out_of_sample` has kept; files that are no such record are passed over.

    One of another version has looked at nothing that counts, and is made again where what it was
    made from can still be read.
    """
    folder = artifact_folder("out_of_sample")
    for path in sorted(folder.glob("*.json")):
        try:
            date_range = BacktestRange.parse(path.stem)
            stamp = str(path.stat().st_mtime_ns)
            looked_at = _looked_at(path)
        except (DateRangeError, ArtifactError, FileNotFoundError):
            continue
        yield date_range, Record(looked_at=looked_at, stamp=stamp)


def _looked_at(path: Path) -> Mapping[str, str]:
    from rorq_pipeline.results.models import BestParams, OutOfSampleEvidence

    try:
        return OutOfSampleEvidence.read_file(path).looked_at
    except ArtifactError:
        BestParams.read(path.stem)
        return {}


def _limits_config(date_range: BacktestRange) -> dict[str, Any]:
    """Run config that judges a range by the project's limits, else by those of its last verdict."""
    from rorq_pipeline.results.models import VerdictRecord

    config = project_run_config(ProjectPaths.resolve().root, _JUDGING_OPS)
    if config:
        return config
    try:
        limits = VerdictRecord.read(date_range.key).limits.model_dump()
    except ArtifactError:
        return {}
    return {"ops": {name: {"config": limits} for name in _JUDGING_OPS}}
