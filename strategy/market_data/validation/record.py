"""SessionRecord: what is known of one validated session; it is one row of the manifest."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from strategy.market_data.validation.coverage_rules import covered_fraction, longest_gap
from strategy.market_data.validation.findings import Family, Finding, Severity
from strategy.market_data.validation.view import SessionView

HOLES = ("few_seconds", "long_gap", "ends_early")  # rules


@dataclass(frozen=True, kw_only=True)
class SessionRecord:
    """One session of a validated range.

    What cannot be known, since a file is absent or unreadable, is empty, zero or None.
    """

    ticker: str
    date: dt.date
    is_cached: bool
    source: str = ""
    fingerprint: str = ""  # SHA-256 of the three files, as SessionData has it
    underlying_sha256: str = ""
    chain_sha256: str = ""
    options_sha256: str = ""
    quotes_sha256: str = ""  # empty also where the session has no quotes
    size_bytes: int = 0
    underlying_bars: int = 0
    option_bars: int = 0
    first_bar_utc: dt.datetime | None = None  # of the underlying, in the file
    last_bar_utc: dt.datetime | None = None
    seconds_with_bar_fraction: float = 0.0  # of the session's seconds, underlying
    longest_gap_seconds: int = 0  # without an underlying bar
    outside_session_bars: int = 0  # pre- and post-market, dropped by the engine
    chain_contracts: int = 0
    contracts_with_bars: int = 0
    contracts_needed: int = 0  # that the search space could choose
    contracts_present: int = 0  # of the needed ones
    missing_contracts: tuple[str, ...] = ()  # needed ones without a bar
    findings: tuple[Finding, ...] = ()
    rules_version: int = 0
    settings_key: str = ""  # thresholds, modes and depths that the rules were run with

    @property
    def errors(self) -> int:
        """Number of findings that block."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def warnings(self) -> int:
        """Number of findings that are told."""
        return len(self.findings) - self.errors

    @property
    def has_holes(self) -> bool:
        """Whether some of the session was not seen, so that it had no part in any result."""
        return any(finding.rule in HOLES for finding in self.findings)

    def with_findings(self, *more: Finding) -> Self:
        """Return a copy with further findings."""
        return replace(self, findings=(*self.findings, *more))

    def without_range_findings(self) -> Self:
        """Return a copy that says only what the session's own files say."""
        own = tuple(f for f in self.findings if f.family is not Family.RANGE)
        return replace(self, findings=own)


def measured(record: SessionRecord, view: SessionView) -> SessionRecord:
    """Fill in what the readable files of a session tell."""
    needed, traded = view.needed, view.traded
    record = replace(
        record,
        chain_contracts=0 if view.chain is None else len(view.chain),
        contracts_needed=len(needed),
        contracts_present=len(needed & traded),
        contracts_with_bars=len(traded),
        missing_contracts=tuple(sorted(needed - traded)),
        option_bars=0 if view.options is None else len(view.options),
        outside_session_bars=sum(
            int(np.count_nonzero(bars.of_this_day & ~bars.on_grid)) for bars in view.bar_files
        ),
    )
    bars = view.underlying
    if bars is None or not bars.timed.any():
        return record
    stamps = bars.milliseconds[bars.timed]
    return replace(
        record,
        underlying_bars=len(bars),
        first_bar_utc=_utc(int(stamps.min())),
        last_bar_utc=_utc(int(stamps.max())),
        seconds_with_bar_fraction=covered_fraction(bars),
        longest_gap_seconds=longest_gap(bars).seconds,
    )


def _utc(milliseconds: int) -> dt.datetime | None:
    """The time, None where it is beyond what a calendar has."""
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    try:
        return epoch + dt.timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
