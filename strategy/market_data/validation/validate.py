"""validate_range: every session of a range, and the range as a whole."""

import datetime as dt
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd

from strategy.date_range import DateRange
from strategy.market_data.layout import list_sessions
from strategy.market_data.needed import modes_and_depths
from strategy.market_data.schema import SYNTHETIC
from strategy.market_data.validation import rules
from strategy.market_data.validation.findings import Finding, Rule, Severity
from strategy.market_data.validation.hit import Hit
from strategy.market_data.validation.manifest import records_of
from strategy.market_data.validation.record import SessionRecord
from strategy.market_data.validation.report import ValidationReport
from strategy.market_data.validation.session_check import SessionCheck, same_check
from strategy.market_data.validation.settings import ValidationSettings


def validate_range(
    cache_dir: Path | str,
    ticker: str,
    date_range: DateRange,
    *,
    search_values: Mapping[str, Sequence[Any]],
    settings: ValidationSettings | None = None,
    allow_missing: bool = False,
    previous_manifest: pd.DataFrame | None = None,
    on_session: Callable[[dt.date], object] | None = None,
) -> ValidationReport:
    """Validate the cached sessions of a range, and that none is missing before the last of them.

    Args:
        cache_dir: the folder that holds `<ticker>/<date>` folders.
        ticker: the underlying.
        date_range: sessions after the last cached one are counted as not yet cached.
        search_values: a search space; its option_selection_mode and strikes_depth decide which
            contracts are needed.
        settings: thresholds of the warnings.
        allow_missing: whether a missing session is a warning instead of an error.
        previous_manifest: sessions whose files, rules and settings are those of its rows are
            taken over from it.
        on_session: told each session's date when it is done, from several threads.

    Raises:
        DateRangeError: the range holds no exchange session.
        ParameterError: `search_values` does not say which contracts can be chosen.
    """
    wanted = date_range.require_sessions()
    modes, depths = modes_and_depths(search_values)
    check = SessionCheck(
        cache_dir=Path(cache_dir),
        ticker=ticker,
        settings=settings or ValidationSettings(),
        modes=modes,
        depths=depths,
    )
    on_disk = [day for day in list_sessions(cache_dir, ticker) if day in date_range]
    cached = sorted(set(on_disk) & set(wanted))
    previous = {} if previous_manifest is None else _by_date(previous_manifest)

    def checked_session(day: dt.date) -> SessionRecord:
        record = check(day, previous.get(day))
        if on_session is not None:
            on_session(day)
        return record

    with ThreadPoolExecutor(max_workers=max(1, min(len(cached), os.cpu_count() or 1))) as pool:
        checked = list(pool.map(checked_session, cached))
    by_date = {record.date: record for record in checked}
    for finding in _range_findings(by_date, wanted, on_disk, allow_missing=allow_missing):
        _attach(by_date, finding, ticker)
    return ValidationReport(
        ticker=ticker,
        date_range=date_range,
        records=tuple(by_date[day] for day in sorted(by_date)),
        not_yet_cached=sum(1 for day in wanted if not cached or day > cached[-1]),
        taken_over=sum(same_check(previous.get(record.date), record) for record in checked),
    )


def _by_date(manifest: pd.DataFrame) -> dict[dt.date, SessionRecord]:
    return {record.date: record for record in records_of(manifest) if record.is_cached}


def _range_findings(
    records: Mapping[dt.date, SessionRecord],
    wanted: Sequence[dt.date],
    on_disk: Sequence[dt.date],
    *,
    allow_missing: bool,
) -> list[Finding]:
    """What is wrong with the range, though each session may be sound."""
    if not records:
        example = f"0 of {len(wanted)} sessions are cached"
        return [_finding(rules.NOTHING_CACHED, wanted[0], example)]
    last = max(records)
    severity = Severity.WARNING if allow_missing else None
    missing = [day for day in wanted if day < last and day not in records]
    example = f"not cached, though {last} is"
    findings = [_finding(rules.MISSING_SESSION, day, example, severity) for day in missing]
    findings += [
        _finding(rules.NO_SESSION_DAY, day, "the exchange was closed")
        for day in on_disk
        if day not in records
    ]
    synthetic = [day for day, record in records.items() if record.source == SYNTHETIC]
    others = [day for day, record in records.items() if record.source != SYNTHETIC]
    if synthetic and others:
        example = f"synthetic, but {others[0]} is {records[others[0]].source or 'unreadable'}"
        findings += [_finding(rules.MIXED_SOURCES, day, example) for day in synthetic]
    return findings


def _finding(rule: Rule, day: dt.date, example: str, severity: Severity | None = None) -> Finding:
    return Finding.of(rule, day, Hit(file="", count=1, example=example), severity)


def _attach(records: dict[dt.date, SessionRecord], finding: Finding, ticker: str) -> None:
    """Put a finding of the range into its session's record, or into the first if it has none."""
    day = finding.date
    if finding.rule == rules.NO_SESSION_DAY.name:
        day = min(records)
    record = records.get(day) or SessionRecord(ticker=ticker, date=day, is_cached=False)
    records[day] = record.with_findings(finding)
