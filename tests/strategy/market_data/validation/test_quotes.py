"""Quotes of a session's fills: each fault is a finding of its own, told again when they change."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from strategy.date_range import DateRange
from strategy.market_data.quotes.files import quotes_table, write_quotes
from strategy.market_data.validation import Family, Severity, ValidationReport, validate_range
from tests.strategy.market_data.sound_session import SEARCH, SPARSE, put_sound_session

DAY = date(2023, 1, 3)
TEN = 1_672_758_000  # 10:00:00 in New York
CALL = "O:SPY230103C00400000"
SECOND = 10**9  # nanoseconds
SOUND = {"bid": 1.20, "ask": 1.23, "quoted_at": TEN * SECOND + 5}


def validated(cache_dir: Path, previous: ValidationReport | None = None) -> ValidationReport:
    return validate_range(
        cache_dir,
        "SPY",
        DateRange(DAY, DAY),
        search_values=SEARCH,
        settings=SPARSE,
        previous_manifest=None if previous is None else previous.manifest,
    )


def put_quotes(cache_dir: Path, *quotes: dict[str, Any]) -> None:
    rows = [((CALL, TEN), SOUND), *(((CALL, TEN), {**SOUND, **quote}) for quote in quotes)]
    write_quotes(cache_dir, "SPY", DAY, quotes_table(rows), source="polygon")


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    put_sound_session(tmp_path, DAY)
    return tmp_path


def test_a_session_needs_no_quotes_and_sound_ones_are_no_finding(cache_dir: Path) -> None:
    assert validated(cache_dir).all_findings == ()
    # Nobody bids; a minute old; a nanosecond before the second ends.
    put_quotes(
        cache_dir,
        {"bid": None},
        {"quoted_at": (TEN - 59) * SECOND},
        {"quoted_at": (TEN + 1) * SECOND - 1},
    )
    assert validated(cache_dir).all_findings == ()


@pytest.mark.parametrize(
    ("rule", "quote"),
    [
        ("missing_quote", {"bid": None, "ask": None, "quoted_at": None}),
        ("missing_quote", {"ask": None}),
        ("zero_quote", {"bid": 0.0, "ask": 0.0}),
        ("zero_quote", {"bid": -0.01}),
        ("zero_quote", {"ask": float("inf")}),
        ("crossed_quote", {"bid": 1.24}),
        ("crossed_quote", {"bid": float("inf")}),
        ("stale_quote", {"quoted_at": (TEN - 60) * SECOND}),
        ("stale_quote", {"quoted_at": (TEN + 2) * SECOND}),
    ],
)
def test_each_fault_is_one_finding(cache_dir: Path, rule: str, quote: dict[str, Any]) -> None:
    put_quotes(cache_dir, quote, quote)
    (found,) = validated(cache_dir).all_findings
    assert (found.rule, found.file, found.count) == (rule, "quotes.parquet", 2)
    assert (found.family, found.severity) == (Family.QUOTES, Severity.WARNING)
    assert CALL in found.example


def test_damaged_quotes_are_a_finding_and_block_nothing(cache_dir: Path) -> None:
    put_quotes(cache_dir)
    path = cache_dir / "SPY" / "2023-01-03" / "quotes.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    report = validated(cache_dir)
    assert [found.rule for found in report.all_findings] == ["unreadable_quotes"]
    report.raise_for_errors()


def test_further_quotes_are_looked_at_though_the_bars_are_the_same(cache_dir: Path) -> None:
    before = validated(cache_dir)
    put_quotes(cache_dir, {"bid": 1.24})
    after = validated(cache_dir, before)
    assert (after.taken_over, len(after.all_findings)) == (0, 1)
    assert after.fingerprint == before.fingerprint  # the study stays
    assert after.records[0].size_bytes > before.records[0].size_bytes
    again = validated(cache_dir, after)
    assert (again.taken_over, again.records) == (1, after.records)
