"""The checks of `validated_cache`: one a family of validation rules."""

from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from strategy.market_data.validation import Finding, ValidationReport

MAX_EXAMPLES = 20
FAMILIES = {
    "files": "Files are whole, of the right columns and types, and state one source.",
    "timestamps": "Bars lie in their session, in order, each second once.",
    "prices": "Prices are finite, positive and fit within their bar.",
    "chain": "The chain holds today's calls and puts, each contract once.",
    "movement": "No bar jumps away and back, and quotes are not frozen.",
    "coverage": "Underlying and needed contracts have bars throughout the session.",
    "range": "No session is missing, and synthetic and real ones do not meet.",
}  # family of strategy.market_data.validation -> what holds when the check passes


def family_results(report: "ValidationReport") -> list[dg.AssetCheckResult]:
    """Return one result a family: errors fail it and block, warnings fail it and do not."""
    return [_family_result(report, family) for family in FAMILIES]


def _family_result(report: "ValidationReport", family: str) -> dg.AssetCheckResult:
    errors = [f for f in report.errors if f.family == family]
    warnings = [f for f in report.warnings if f.family == family]
    found = errors or warnings
    return dg.AssetCheckResult(
        asset_key="validated_cache",
        check_name=family,
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR if errors else dg.AssetCheckSeverity.WARN,
        description=_sentence(found),
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
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{found[0].line}{more}; {RULES_BY_NAME[found[0].rule].remedy}"


def _findings_table(found: "list[Finding]") -> str:
    if not found:
        return "nothing found"
    rows = [
        f"| {f.severity} | {f.date} | {f.file} | {f.rule} | {f.count} | {_cell(f.example)} |"
        for f in found[:MAX_EXAMPLES]
    ]
    more = [f"\n{len(found) - MAX_EXAMPLES} more"] if len(found) > MAX_EXAMPLES else []
    head = "| severity | session | file | rule | times | example |\n|---|---|---|---|---:|---|"
    return "\n".join([head, *rows, *more])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
