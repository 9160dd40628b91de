"""ValidationReport: what validating a range found, as tables and as errors."""

from dataclasses import asdict, dataclass
from functools import cached_property

import pandas as pd

from strategy.date_range import DateRange
from strategy.market_data.schema import SYNTHETIC
from strategy.market_data.validation.findings import Family, Finding, Severity
from strategy.market_data.validation.manifest import manifest_of
from strategy.market_data.validation.record import SessionRecord
from strategy.market_data.validation.rules import RULES_BY_NAME
from strategy.session import combine_fingerprints

FINDING_COLUMNS = ("date", "family", "rule", "severity", "file", "count", "example")


@dataclass(frozen=True, eq=False, kw_only=True)
class ValidationReport:
    """A validated range: one record a session up to the last cached one."""

    ticker: str
    date_range: DateRange
    records: tuple[SessionRecord, ...]
    not_yet_cached: int  # sessions of the range after the last cached one
    taken_over: int  # sessions whose files had been validated before

    @cached_property
    def manifest(self) -> pd.DataFrame:
        """One row a session; see `SessionRecord` for the columns."""
        return manifest_of(self.records)

    @cached_property
    def all_findings(self) -> tuple[Finding, ...]:
        """Errors and warnings by date."""
        return tuple(finding for record in self.records for finding in record.findings)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that block every computation on the range."""
        return tuple(f for f in self.all_findings if f.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that are told beside every result."""
        return tuple(f for f in self.all_findings if f.severity is Severity.WARNING)

    @cached_property
    def findings(self) -> pd.DataFrame:
        """One row a finding with `FINDING_COLUMNS`, by family, errors first, then by date."""
        families, severities = list(Family), list(Severity)
        rows = sorted(
            self.all_findings,
            key=lambda f: (families.index(f.family), severities.index(f.severity), f.date),
        )
        table = [{**asdict(f), "family": str(f.family), "severity": str(f.severity)} for f in rows]
        return pd.DataFrame(table, columns=list(FINDING_COLUMNS))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the range's data, equal to `data_fingerprint` of its loaded sessions."""
        return combine_fingerprints(
            (record.ticker, record.date, record.fingerprint)
            for record in self.records
            if record.is_cached
        )

    @property
    def is_synthetic(self) -> bool:
        """Whether any session of the range is made up."""
        return any(SYNTHETIC in record.source.split("+") for record in self.records)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources of the cached sessions, each once."""
        return tuple(sorted({record.source for record in self.records if record.is_cached}))

    def raise_for_errors(self) -> None:
        """Refuse a range with errors.

        Raises:
            CacheError: of the class that the first error's rule names; it tells how many more.
        """
        errors = self.errors
        if not errors:
            return
        rule = RULES_BY_NAME[errors[0].rule]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise rule.error_class(
            f"{self.ticker}/{errors[0].line}{more}",
            expected="market data without errors",
            remedy=f"{rule.remedy}; `rorq cache verify {self.date_range}` lists all",
        )
