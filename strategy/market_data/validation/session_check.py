"""One session through all rules that look at it alone."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from strategy.date_range import session_times
from strategy.errors import CacheError, CorruptFileError, SchemaError
from strategy.market_data.layout import combine_file_hashes, session_folder
from strategy.market_data.plain_file import read_plain_file
from strategy.market_data.reader import CacheFile, SessionFrames, build_session, read_file
from strategy.market_data.schema import (
    CHAIN_FILE,
    FILE_SCHEMAS,
    OPTIONS_FILE,
    QUOTES_FILE,
    SOURCES,
    UNDERLYING_FILE,
    UNKNOWN,
)
from strategy.market_data.validation import rules
from strategy.market_data.validation.findings import Finding, Rule
from strategy.market_data.validation.hit import Hit
from strategy.market_data.validation.record import SessionRecord, measured
from strategy.market_data.validation.settings import ValidationSettings
from strategy.market_data.validation.view import SessionView


@dataclass(frozen=True, kw_only=True)
class SessionCheck:
    """What a session is checked with; it decides, with the files, what is found."""

    cache_dir: Path
    ticker: str
    settings: ValidationSettings
    modes: tuple[str, ...]
    depths: tuple[int, ...]

    @property
    def key(self) -> str:
        """A short text that differs whenever the outcome could."""
        search = f"{sorted(set(self.modes))} {sorted(set(self.depths))}"
        return f"{self.settings.key}-{hashlib.sha256(search.encode()).hexdigest()[:12]}"

    def __call__(self, day: dt.date, previous: SessionRecord | None = None) -> SessionRecord:
        """Check one cached session, or take over the previous record of the same files."""
        folder = session_folder(self.cache_dir, self.ticker, day)
        record = self._identified(folder, day)
        if previous is not None and same_check(previous, record):
            return previous.without_range_findings()
        files, findings = _read(folder, day)
        record = replace(record, findings=tuple(findings), source=_source(files))
        record = _with_hashes(record, {name: file.sha256 for name, file in files.items()})
        frames = {name: file.frame for name, file in files.items()}
        quotes, unreadable = _read_quotes(folder, day)
        record = record.with_findings(*unreadable)
        view = SessionView.of(
            frames if quotes is None else {**frames, QUOTES_FILE: quotes},
            ticker=self.ticker,
            day=day,
            times=session_times(day),
            modes=self.modes,
            depths=self.depths,
        )
        record = record.with_findings(*_broken_rules(view, self.settings))
        if record.errors == 0:
            record = record.with_findings(*_refusal(files, record))
        return measured(record, view)

    def _identified(self, folder: Path, day: dt.date) -> SessionRecord:
        """The record of a session of which only the files' bytes have been looked at."""
        hashes, size_bytes = {}, 0
        for name in (*FILE_SCHEMAS, QUOTES_FILE):
            try:
                data = read_plain_file(folder / name)
            except OSError:
                continue
            hashes[name] = hashlib.sha256(data).hexdigest()
            size_bytes += len(data)
        record = SessionRecord(
            ticker=self.ticker,
            date=day,
            is_cached=True,
            size_bytes=size_bytes,
            rules_version=rules.RULES_VERSION,
            settings_key=self.key,
        )
        return _with_hashes(record, hashes)


_IDENTITY = ("ticker", "date", "fingerprint", "quotes_sha256", "rules_version", "settings_key")


def same_check(previous: SessionRecord | None, record: SessionRecord) -> bool:
    """Whether the same files were checked in the same way before."""
    return (
        previous is not None
        and bool(record.fingerprint)
        and all(getattr(previous, name) == getattr(record, name) for name in _IDENTITY)
    )


def _with_hashes(record: SessionRecord, hashes: Mapping[str, str]) -> SessionRecord:
    """Note the SHA-256 of each readable file, and the fingerprint if its three files are."""
    known = {UNDERLYING_FILE: record.underlying_sha256, CHAIN_FILE: record.chain_sha256}
    known |= {OPTIONS_FILE: record.options_sha256}
    known |= {name: sha256 for name, sha256 in hashes.items() if name in known}
    return replace(
        record,
        underlying_sha256=known[UNDERLYING_FILE],
        chain_sha256=known[CHAIN_FILE],
        options_sha256=known[OPTIONS_FILE],
        quotes_sha256=hashes.get(QUOTES_FILE, record.quotes_sha256),
        fingerprint=combine_file_hashes(known) if all(known.values()) else "",
    )


def _read(folder: Path, day: dt.date) -> tuple[dict[str, CacheFile], list[Finding]]:
    """The readable files by name, and what is wrong with the files as such."""
    files: dict[str, CacheFile] = {}
    findings = []
    for name in FILE_SCHEMAS:
        try:
            files[name] = read_file(folder / name)
        except CorruptFileError as error:
            findings.append(_finding(rules.UNREADABLE, day, name, error.found))
        except SchemaError as error:
            findings.append(_finding(rules.WRONG_SCHEMA, day, name, str(error)))
    sources = sorted({file.source for file in files.values()})
    if len(sources) > 1:
        findings.append(_finding(rules.FILES_DISAGREE, day, "", ", ".join(sources)))
    unknown = [source for source in sources if source == UNKNOWN or source not in SOURCES]
    if unknown:
        example = "no source" if unknown == [UNKNOWN] else f"source {unknown[0]!r}"
        findings.append(_finding(rules.UNKNOWN_SOURCE, day, "", example))
    return files, findings


def _read_quotes(folder: Path, day: dt.date) -> tuple[pd.DataFrame | None, list[Finding]]:
    """The quotes, if there are any that can be read, and a finding if they cannot."""
    if not (folder / QUOTES_FILE).exists():
        return None, []
    try:
        return read_file(folder / QUOTES_FILE).frame, []
    except CacheError as error:
        return None, [_finding(rules.UNREADABLE_QUOTES, day, QUOTES_FILE, error.found)]


def _finding(rule: Rule, day: dt.date, file: str, example: str) -> Finding:
    return Finding.of(rule, day, Hit(file=file, count=1, example=example[:300]))


def _source(files: dict[str, CacheFile]) -> str:
    """The source that the files agree on, else all of them."""
    return "+".join(sorted({file.source for file in files.values()}))


def _broken_rules(view: SessionView, settings: ValidationSettings) -> list[Finding]:
    return [
        Finding.of(rule, view.date, hit)
        for rule in rules.RULES
        if rule.check is not None
        for hit in rule.check(view, settings)
    ]


def _refusal(files: dict[str, CacheFile], record: SessionRecord) -> list[Finding]:
    """A finding if the reader refuses what all rules let pass."""
    frames = SessionFrames(
        ticker=record.ticker,
        date=record.date,
        source=record.source,
        fingerprint=record.fingerprint,
        underlying=files[UNDERLYING_FILE].frame,
        chain=files[CHAIN_FILE].frame,
        options=files[OPTIONS_FILE].frame,
    )
    try:
        build_session(frames)
    except CacheError as error:
        return [_finding(rules.REFUSED, record.date, "", str(error))]
    return []
