"""The checks of `validated_cache`: one a family of validation rules."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from rorq_pipeline.checks.common import range_check, range_checks, selected
from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.markdown import markdown_table
from rorq_pipeline.dagster_support.partitions import range_of_partition
from rorq_pipeline.project.recency import MOST_SESSIONS_BEHIND, sessions_behind, today
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.annotations import Table
from strategy.backtest_range import BacktestRange

if TYPE_CHECKING:
    from strategy.market_data.validation import Finding, SessionRecord

# Imported where it is used: what takes long and definitions do without (design/import_times.py).

MAX_EXAMPLES = 20
_RECENT = "cache_is_recent"
FAMILIES = {
    "files": "Files are whole, of the right columns and types, and state one source.",
    "timestamps": "Bars lie in their session, in order, each second once.",
    "prices": "Prices are finite, positive and fit within their bar.",
    "chain": "The chain holds today's calls and puts, each contract once.",
    "movement": "No bar jumps away and back, and none is repeated.",
    "coverage": "Underlying and needed contracts have bars throughout the session.",
    "quotes": "Quotes of fills, where there are any, are neither absent, zero, crossed nor stale.",
    "range": "No session is missing, and synthetic and real ones do not meet.",
}  # family of strategy.market_data.validation -> what holds when the check passes


@range_checks(
    name="validation_checks",
    specs=[
        range_check(name, asset="validated_cache", description=description, blocking=True)
        for name, description in FAMILIES.items()
    ],
    can_subset=True,
    ins={"validated_cache": dg.AssetIn("validated_cache")},
)
def validation_checks(context: dg.AssetCheckExecutionContext, validated_cache: Table) -> Any:
    """Tell what the manifest says of each family; errors stop what would be computed on it."""
    from strategy.market_data.validation import records_of

    with one_line_failures():
        records = records_of(validated_cache)
    yield from selected(context, family_results(records))


def family_results(records: "Sequence[SessionRecord]") -> list[dg.AssetCheckResult]:
    """Return one result a family: errors fail it and block, warnings fail it and do not."""
    findings = [finding for record in records for finding in record.findings]
    is_known = any(record.is_cached for record in records)
    return [_family_result(family, findings, is_known=is_known) for family in FAMILIES]


def _family_result(
    family: str, findings: "Sequence[Finding]", *, is_known: bool
) -> dg.AssetCheckResult:
    from strategy.market_data.validation import Severity

    errors, warnings = (
        [f for f in findings if f.family == family and f.severity is one]
        for one in (Severity.ERROR, Severity.WARNING)
    )
    found = errors or warnings
    return dg.AssetCheckResult(
        asset_key="validated_cache",
        check_name=family,
        passed=is_known and not found,
        severity=dg.AssetCheckSeverity.ERROR if errors else dg.AssetCheckSeverity.WARN,
        description=_sentence(found) if is_known or found else "no session is validated",
        metadata={
            "errors": len(errors),
            "warnings": len(warnings),
            "findings": dg.MetadataValue.md(_findings_table([*errors, *warnings])),
        },
    )


def _sentence(found: "list[Finding]") -> str:
    from strategy.market_data.validation import RULES_BY_NAME

    if not found:
        return "nothing found"
    first, *others = found
    more = f" (and {len(others)} more)" if others else ""
    return f"{first.line}{more}; {RULES_BY_NAME[first.rule].remedy}"


def _findings_table(found: "list[Finding]") -> str:
    if not found:
        return "nothing found"
    table = markdown_table(
        ("severity", "session", "file", "rule", "times#", "example"),
        [(f.severity, f.date, f.file, f.rule, f.count, f.example) for f in found[:MAX_EXAMPLES]],
    )
    others = found[MAX_EXAMPLES:]
    return f"{table}\n\n{len(others)} more" if others else table


@range_checks(
    name="cache_is_recent",
    specs=[
        range_check(
            _RECENT,
            asset="validated_cache",
            description=f"The latest range ends at most {MOST_SESSIONS_BEHIND} exchange sessions "
            "ago; synthetic sessions do not age.",
        )
    ],
    ins={"validated_cache": dg.AssetIn("validated_cache")},
)
def cache_is_recent(
    context: dg.AssetCheckExecutionContext, validated_cache: Table, market_data: MarketData
) -> Any:
    """Measure the age of the data, not that of the run."""
    from strategy.market_data.layout import list_sessions
    from strategy.market_data.validation import records_of

    date_range = range_of_partition(context)
    cached = list_sessions(market_data.cache_of(date_range.ticker), date_range.ticker)
    yield recency_result(date_range, cached, records_of(validated_cache), today())


def recency_result(
    date_range: BacktestRange,
    cached: "Sequence[date]",
    records: "Sequence[SessionRecord]",
    day: date,
) -> dg.AssetCheckResult:
    """Judge the latest range of a ticker; earlier ones are of the past by their nature."""
    from strategy.market_data.schema import SYNTHETIC

    is_synthetic = any(record.source == SYNTHETIC for record in records)
    ages = bool(cached) and cached[-1] <= date_range.end_date and not is_synthetic
    behind = sessions_behind(cached[-1], day) if ages else 0
    return dg.AssetCheckResult(
        check_name=_RECENT,
        asset_key="validated_cache",
        passed=behind <= MOST_SESSIONS_BEHIND,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{behind} exchange sessions are over that the cache does not have"
        if ages
        else "an earlier range, or synthetic sessions: they do not age",
        metadata={"sessions_behind": behind},
    )
