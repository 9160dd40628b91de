"""Validation of cached sessions: rules by family, findings, and a manifest with one row a session.

`validate_range` looks at every session of a range and gives a `ValidationReport`. Errors are what
makes a result wrong; the reader refuses them too. Warnings are what makes it doubtful.
"""

from strategy.market_data.validation.findings import Family, Finding, Rule, Severity
from strategy.market_data.validation.manifest import (
    MANIFEST_COLUMNS,
    MANIFEST_VERSION,
    manifest_of,
    records_of,
)
from strategy.market_data.validation.record import SessionRecord
from strategy.market_data.validation.report import FINDING_COLUMNS, ValidationReport
from strategy.market_data.validation.rules import RULES, RULES_BY_NAME, RULES_VERSION, rules_of
from strategy.market_data.validation.settings import ValidationSettings
from strategy.market_data.validation.validate import validate_range

__all__ = [
    "FINDING_COLUMNS",
    "MANIFEST_COLUMNS",
    "MANIFEST_VERSION",
    "RULES",
    "RULES_BY_NAME",
    "RULES_VERSION",
    "Family",
    "Finding",
    "Rule",
    "SessionRecord",
    "Severity",
    "ValidationReport",
    "ValidationSettings",
    "manifest_of",
    "records_of",
    "rules_of",
    "validate_range",
]
