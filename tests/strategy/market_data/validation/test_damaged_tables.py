"""Each rule broken once, and in pairs: it is found, and the reader refuses what is unsound."""

import random
from itertools import combinations
from pathlib import Path

import pytest

from strategy.market_data.validation import (
    RULES,
    Family,
    Severity,
    ValidationReport,
    rules_of,
)
from tests.strategy.market_data.sound_session import (
    sound_tables,
    write_tables,
)
from tests.strategy.market_data.validation.breakages import BREAKAGES, HIDDEN, IMPLIED, Breakage
from tests.strategy.market_data.validation.verdicts import is_refused, validated

FIRST_OF_RULE = list({b.rule: b for b in reversed(BREAKAGES)}.values())[::-1]
IN_ORDER = sorted(FIRST_OF_RULE, key=BREAKAGES.index)
PAIRS = list(combinations(IN_ORDER, 2))
SOME_PAIRS = random.Random(20230103).sample(PAIRS, 60)
DENSITY_RULES = {"few_seconds", "long_gap", "ends_early", "repeated_bars"}  # test_validate
QUOTE_RULES = {rule.name for rule in rules_of(Family.QUOTES)}  # test_quotes


def broken_report(cache_dir: Path, *breakages: Breakage) -> ValidationReport:
    tables = sound_tables()
    for breakage in breakages:
        breakage.apply(tables)
    write_tables(cache_dir, tables)
    return validated(cache_dir)


def test_sound_session_has_no_finding(tmp_path: Path) -> None:
    write_tables(tmp_path, sound_tables())
    report = validated(tmp_path)
    assert report.all_findings == ()
    assert not is_refused(tmp_path)


def test_every_rule_on_tables_has_a_breakage() -> None:
    on_tables = {rule.name for rule in RULES if rule.check is not None}
    assert on_tables - DENSITY_RULES - QUOTE_RULES == {breakage.rule for breakage in BREAKAGES}


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda b: f"{b.rule}-{b.label}")
def test_one_broken_rule_is_found(tmp_path: Path, breakage: Breakage) -> None:
    report = broken_report(tmp_path, breakage)
    found = [finding for finding in report.all_findings if finding.rule == breakage.rule]
    severity = Severity.ERROR if breakage.is_error else Severity.WARNING
    assert [finding.severity for finding in found] == [severity]
    assert found[0].count >= 1
    assert found[0].example
    assert found[0].file.removesuffix(".parquet") in breakage.label
    others = {finding.rule for finding in report.errors} - {breakage.rule}
    assert others <= IMPLIED.get(breakage.rule, set())
    assert is_refused(tmp_path) == breakage.is_error


def check_pair(cache_dir: Path, first: Breakage, second: Breakage) -> None:
    report = broken_report(cache_dir, first, second)
    found = {finding.rule for finding in report.all_findings}
    hidden = HIDDEN.get(first.rule, set()) | HIDDEN.get(second.rule, set())
    assert {first.rule, second.rule} - hidden <= found, (first.rule, second.rule)
    implied = IMPLIED.get(first.rule, set()) | IMPLIED.get(second.rule, set())
    errors = {finding.rule for finding in report.errors}
    assert errors <= {first.rule, second.rule} | implied, (first.rule, second.rule)
    assert is_refused(cache_dir) == bool(errors), (first.rule, second.rule)


def test_two_broken_rules_are_both_found(tmp_path: Path) -> None:
    for first, second in SOME_PAIRS:
        check_pair(tmp_path, first, second)


@pytest.mark.slow
@pytest.mark.parametrize("first", IN_ORDER[:-1], ids=lambda b: b.rule)
def test_every_pair_of_broken_rules_is_found(tmp_path: Path, first: Breakage) -> None:
    for second in IN_ORDER[IN_ORDER.index(first) + 1 :]:
        check_pair(tmp_path, first, second)
