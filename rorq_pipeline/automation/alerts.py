"""Messages to people: a failed run, a changed verdict, stale data, a disk that is nearly full.

Off without RORQ_ALERTS, addresses as apprise reads them (`slack://…`, `json://host/path`,
`mailto://…`). One message an event: what has been told is remembered, and told again only after it
was otherwise. What cannot be sent is tried again at the next tick.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from rorq_pipeline.automation.settings import AutomationSettings
from rorq_pipeline.project.cache_scan import scan_cache
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.recency import MOST_SESSIONS_BEHIND, sessions_behind, today
from rorq_pipeline.results.artifacts import ArtifactError, artifact_folder
from strategy.backtest_range import BacktestRange
from strategy.errors import DateRangeError, RorqError

if TYPE_CHECKING:
    from optimize.statistics.verdict import Verdict

# Imported where it is used: what takes long and definitions do without (design/import_times.py).

LEAST_FREE_BYTES = 2 * 1024**3
_OFF = "RORQ_ALERTS is not set: no alerts"
_WILL_RETRY = "dagster/will_retry"


class AlertError(RorqError):
    """A message could not be sent."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something to tell: `state` under `name` was another before."""

    name: str  # verdict:SPY, stale:SPY, disk
    state: str  # empty: all is well, which is remembered and not told
    title: str = ""
    text: str = ""


def send(addresses: Sequence[str], title: str, text: str) -> None:
    """Send one message to every address; no secret of the environment is in it.

    Raises:
        AlertError: apprise is not installed, or some address was not reached.
    """
    try:
        import apprise  # an extra
    except ModuleNotFoundError:
        raise AlertError(
            "apprise is not installed",
            expected="the extra `alerts`, where RORQ_ALERTS is set",
            remedy="make install in the checkout, or pip install -e '.[alerts]'; or unset "
            "RORQ_ALERTS",
        ) from None
    asset = apprise.AppriseAsset(app_id="RORQ", app_desc="RORQ Pipeline", secure_logging=True)
    sender = apprise.Apprise(asset=asset)
    is_known = all(sender.add(address) for address in addresses)
    for secret in filter(None, (*addresses, os.environ.get("PG_PASSWORD"))):
        title, text = title.replace(secret, "…"), text.replace(secret, "…")
    if not is_known or not sender.notify(title=title, body=text):
        raise AlertError(
            "an alert was not sent",
            expected="that every address of RORQ_ALERTS takes it",
            remedy="correct RORQ_ALERTS (apprise's form), or look whether the receiver is up",
        )


def alert_sensors(
    settings: AutomationSettings, cache_dir: Callable[[], Path]
) -> list[dg.SensorDefinition]:
    """Build both sensors, stopped where nothing is configured."""
    addresses = [one.get_secret_value() for one in settings.alerts]
    status = dg.DefaultSensorStatus.RUNNING if addresses else dg.DefaultSensorStatus.STOPPED

    @dg.run_failure_sensor(
        name="alert_run_failed",
        default_status=status,
        description="Tells of each failed run that is not tried again, where RORQ_ALERTS is set.",
    )
    def alert_run_failed(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        run = context.dagster_run
        if not addresses or run.tags.get(_WILL_RETRY) == "true":
            return dg.SkipReason(_OFF if not addresses else "the run is tried again")
        key = run.tags.get("dagster/partition", "no range")
        first_line = (context.failure_event.message or "").strip().partition("\n")[0]
        send(addresses, f"RORQ: a run of {key} failed", f"{run.job_name}: {first_line}")
        return None

    @dg.sensor(
        name="alert_state_changed",
        minimum_interval_seconds=max(settings.sensor_interval_seconds, 60),
        default_status=status,
        description="Tells when the latest range's verdict changed, the data is stale or the disk "
        "nearly full, where RORQ_ALERTS is set.",
    )
    def alert_state_changed(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        if not addresses:
            return dg.SensorResult(skip_reason=_OFF)
        events = [
            *verdict_events(settings.tickers),
            *stale_events(settings.tickers, cache_dir(), today()),
            *disk_events(shutil.disk_usage(ProjectPaths.resolve().root).free),
        ]
        known = json.loads(context.cursor or "{}")
        told, problem = tell_new(events, known, addresses)
        reason = problem or ("nothing new" if told == known else "what changed is noted")
        return dg.SensorResult(cursor=json.dumps(told), skip_reason=reason)

    return [alert_run_failed, alert_state_changed]


def tell_new(
    events: Sequence[Event], told: dict[str, str], addresses: Sequence[str]
) -> tuple[dict[str, str], str]:
    """Send what is not as it was; a first verdict is no change.

    Returns:
        What is known now, without what could not be sent, and why that was not sent.
    """
    known, problem = dict(told), ""
    for event in events:
        if known.get(event.name, "") == event.state:
            continue
        is_news = event.state and (event.name in known or not event.name.startswith("verdict:"))
        try:
            if is_news:
                send(addresses, event.title, event.text)
        except AlertError as error:
            problem = str(error)
            continue
        known[event.name] = event.state
    return known, problem


def verdict_events(tickers: Sequence[str]) -> Iterator[Event]:
    """The decision on the latest range of each ticker, with its reasons."""
    from rorq_pipeline.results.models import VerdictRecord

    latest: dict[str, tuple[BacktestRange, Verdict]] = {}
    for path in artifact_folder("verdict").glob("*.json"):
        try:
            date_range, record = BacktestRange.parse(path.stem), VerdictRecord.read_file(path)
        except (ArtifactError, DateRangeError):
            continue  # some other file, or of another version: it comes back with its range
        before = latest.get(date_range.ticker)
        if before is None or date_range.end_date > before[0].end_date:
            latest[date_range.ticker] = date_range, record.verdict
    for ticker in tickers:
        if ticker not in latest:
            continue
        date_range, verdict = latest[ticker]
        yield Event(
            name=f"verdict:{ticker}",
            state=verdict.decision,
            title=f"RORQ: {ticker} is now {verdict.decision}",
            text=f"{date_range.key}: {verdict.line}",
        )


def stale_events(tickers: Sequence[str], cache_dir: Path, day: date) -> Iterator[Event]:
    """How far each ticker's sessions are behind; synthetic ones do not age."""
    from strategy.market_data.layout import session_folder, session_source
    from strategy.market_data.mirror import mirror_of
    from strategy.market_data.schema import SYNTHETIC

    mirror = mirror_of(cache_dir)
    for ticker in tickers:
        cached = list(scan_cache(cache_dir, ticker).signatures)
        if not cached:
            continue
        if mirror:
            source = mirror.source(ticker, cached[-1])
        else:
            source = session_source(session_folder(cache_dir, ticker, cached[-1]))
        if source == SYNTHETIC:
            continue
        behind = sessions_behind(cached[-1], day)
        yield Event(
            name=f"stale:{ticker}",
            state="stale" if behind > MOST_SESSIONS_BEHIND else "",
            title=f"RORQ: {ticker} data is stale",
            text=f"the latest cached session is {cached[-1]}; {behind} sessions are over since",
        )


def disk_events(free_bytes: int) -> Iterator[Event]:
    """Whether the project's disk has room for a study and its results."""
    yield Event(
        name="disk",
        state="full" if free_bytes < LEAST_FREE_BYTES else "",
        title="RORQ: the disk is nearly full",
        text=f"{free_bytes / 1024**3:.1f} GiB are free; a run needs some "
        f"{LEAST_FREE_BYTES / 1024**3:.0f}",
    )
