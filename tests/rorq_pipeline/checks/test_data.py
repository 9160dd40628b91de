"""What the checks of the cache say of findings written by hand."""

from datetime import date

import dagster as dg
import pytest

from rorq_pipeline.checks.data import FAMILIES, family_results, validation_checks
from rorq_pipeline.project.paths import ProjectPaths
from strategy.market_data.validation import Family, Finding, SessionRecord, Severity
from strategy.market_data.validation.manifest import manifest_of
from tests.rorq_pipeline.checks.conftest import outcome, run_alone

THIRD, FOURTH = date(2023, 1, 3), date(2023, 1, 4)
SOUND = {"passed": True, "severity": "WARN", "text": "nothing found", "errors": 0, "warnings": 0,
         "findings": "nothing found"}  # fmt: skip
HEAD = """| severity | session | file | rule | times | example |
| --- | --- | --- | --- | ---: | --- |"""
CLOSED = Finding(
    date=THIRD, rule="no_session_day", family=Family.RANGE, severity=Severity.WARNING, file="",
    count=1, example="2023-01-07",
)  # fmt: skip
MISSING = Finding(
    date=FOURTH, rule="missing_session", family=Family.RANGE, severity=Severity.ERROR, file="",
    count=1, example="not cached",
)  # fmt: skip
MIXED = Finding(
    date=FOURTH, rule="mixed_sources", family=Family.RANGE, severity=Severity.ERROR, file="",
    count=1, example="synthetic, polygon",
)  # fmt: skip
WARNED = "| warning | 2023-01-03 |  | no_session_day | 1 | 2023-01-07 |"


def nameless(times: int) -> Finding:
    """A file whose source is not known, on the third."""
    return Finding(
        date=THIRD, rule="unknown_source", family=Family.FILES, severity=Severity.WARNING,
        file="chain.parquet", count=times, example="no source",
    )  # fmt: skip


def record(*findings: Finding, day: date = THIRD, is_cached: bool = True) -> SessionRecord:
    return SessionRecord(ticker="SPY", date=day, is_cached=is_cached, findings=findings)


def test_each_family_has_a_check_and_tells_its_own_findings() -> None:
    records = [record(CLOSED, nameless(3)), record(MIXED, MISSING, day=FOURTH)]
    results = family_results(records)
    assert {one.asset_key for one in results} == {dg.AssetKey("validated_cache")}
    assert {str(one.check_name): outcome(one) for one in results} == {
        **{str(family): SOUND for family in Family},
        "files": {
            "passed": False,
            "severity": "WARN",
            "text": "2023-01-03/chain.parquet unknown_source (3 times): no source; "
            "import or download the session with rorq",
            "errors": 0,
            "warnings": 1,
            "findings": f"{HEAD}\n"
            "| warning | 2023-01-03 | chain.parquet | unknown_source | 3 | no source |",
        },
        "range": {
            "passed": False,
            "severity": "ERROR",
            "text": "2023-01-04 mixed_sources: synthetic, polygon (and 1 more); "
            "take the synthetic ones away with `rorq sample --remove`",
            "errors": 2,
            "warnings": 1,
            "findings": f"{HEAD}\n"
            "| error | 2023-01-04 |  | mixed_sources | 1 | synthetic, polygon |\n"
            "| error | 2023-01-04 |  | missing_session | 1 | not cached |\n"
            f"{WARNED}",
        },
    }


def test_where_no_session_is_cached_nothing_passes() -> None:
    *others, last = family_results([record(MIXED, is_cached=False)])
    assert [outcome(one) for one in others] == [
        SOUND | {"passed": False, "text": "no session is validated"}
    ] * 7
    assert outcome(last) == {
        "passed": False,
        "severity": "ERROR",
        "text": "2023-01-04 mixed_sources: synthetic, polygon; "
        "take the synthetic ones away with `rorq sample --remove`",
        "errors": 1,
        "warnings": 0,
        "findings": f"{HEAD}\n| error | 2023-01-04 |  | mixed_sources | 1 | synthetic, polygon |",
    }


def test_one_cached_session_is_enough_to_know() -> None:
    records = [record(), record(day=FOURTH, is_cached=False)]
    assert [outcome(one) for one in family_results(records)] == [SOUND] * 8


@pytest.mark.parametrize(("n", "more"), [(20, ""), (21, "\n\n1 more"), (23, "\n\n3 more")])
def test_twenty_findings_are_shown_and_the_rest_counted(n: int, more: str) -> None:
    first, *_ = family_results([record(*map(nameless, range(1, n + 1)))])
    table = outcome(first)["findings"]
    rows = [
        f"| warning | 2023-01-03 | chain.parquet | unknown_source | {times} | no source |"
        for times in range(1, 21)
    ]
    assert table == "\n".join([HEAD, *rows]) + more


def test_a_family_is_checked_alone_and_its_errors_block(project: ProjectPaths) -> None:
    path = project.artifacts / "validated_cache" / "2023-01-03_2023-01-04.parquet"
    path.parent.mkdir(parents=True)
    manifest_of([record(CLOSED), record(day=FOURTH)]).to_parquet(path)
    made = run_alone(validation_checks, "range", path.stem, io="tables")
    assert made == {
        "range": {
            "passed": False,
            "severity": "WARN",
            "text": "2023-01-03 no_session_day: 2023-01-07; remove its folder",
            "errors": 0,
            "warnings": 1,
            "findings": f"{HEAD}\n{WARNED}",
        }
    }
    assert {spec.name: spec.blocking for spec in validation_checks.check_specs} == dict.fromkeys(
        FAMILIES, True
    )
