"""A range as a whole: what is missing, mixed, not yet cached, or on a day without session."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from strategy.date_range import DateRange
from strategy.errors import (
    CacheError,
    CorruptFileError,
    DateRangeError,
    MissingSessionError,
    MixedSourcesError,
    ParameterError,
)
from strategy.market_data import load_sessions
from strategy.market_data.schema import CHAIN_FILE, OPTIONS_FILE, UNDERLYING_FILE
from strategy.market_data.validation import Severity, ValidationReport, validate_range
from strategy.session import data_fingerprint
from tests.strategy.market_data.sound_session import (
    SEARCH,
    SPARSE,
    put_sound_session,
    sound_tables,
    write_tables,
)

THREE_DAYS = DateRange(date(2023, 1, 3), date(2023, 1, 5))
FULL_SECONDS = 23_401  # 09:30:00 to 16:00:00, both included
EARLY_CLOSE_SECONDS = 12_601  # 09:30:00 to 13:00:00


def validated(
    cache_dir: Path, date_range: DateRange = THREE_DAYS, *, allow_missing: bool = False
) -> ValidationReport:
    return validate_range(
        cache_dir,
        "SPY",
        date_range,
        search_values=SEARCH,
        settings=SPARSE,
        allow_missing=allow_missing,
    )


def rules_of(report: ValidationReport) -> list[tuple[date, str]]:
    return [(finding.date, finding.rule) for finding in report.all_findings]


def test_sound_range_has_the_fingerprint_of_its_loaded_sessions(tmp_path: Path) -> None:
    for day in THREE_DAYS.sessions:
        put_sound_session(tmp_path, day)
    report = validated(tmp_path)
    assert rules_of(report) == []
    assert report.not_yet_cached == 0
    assert report.fingerprint == data_fingerprint(load_sessions(tmp_path, "SPY", THREE_DAYS))
    assert report.sources == ("polygon",)
    assert not report.is_synthetic
    report.raise_for_errors()


def test_session_missing_before_the_last_cached_one_is_an_error(tmp_path: Path) -> None:
    put_sound_session(tmp_path, date(2023, 1, 3))
    put_sound_session(tmp_path, date(2023, 1, 5))
    report = validated(tmp_path)
    assert rules_of(report) == [(date(2023, 1, 4), "missing_session")]
    assert len(report.manifest) == 3
    with pytest.raises(MissingSessionError, match="2023-01-04 missing_session"):
        report.raise_for_errors()
    with pytest.raises(MissingSessionError):
        load_sessions(tmp_path, "SPY", THREE_DAYS)


def test_allowed_missing_session_is_a_warning(tmp_path: Path) -> None:
    put_sound_session(tmp_path, date(2023, 1, 5))
    report = validated(tmp_path, allow_missing=True)
    assert [finding.severity for finding in report.all_findings] == [Severity.WARNING] * 2
    report.raise_for_errors()
    sessions = load_sessions(tmp_path, "SPY", THREE_DAYS, allow_missing=True)
    assert report.fingerprint == data_fingerprint(sessions)


def test_sessions_after_the_last_cached_one_are_counted_only(tmp_path: Path) -> None:
    put_sound_session(tmp_path, date(2023, 1, 3))
    report = validated(tmp_path, DateRange(date(2023, 1, 1), date(2023, 1, 31)))
    assert report.all_findings == ()
    assert report.not_yet_cached == 19  # January 2023 has 20 sessions
    assert len(report.manifest) == 1


def test_empty_cache_is_an_error(tmp_path: Path) -> None:
    report = validated(tmp_path)
    assert rules_of(report) == [(date(2023, 1, 3), "nothing_cached")]
    assert report.not_yet_cached == 3
    with pytest.raises(MissingSessionError, match="nothing_cached"):
        report.raise_for_errors()


def test_synthetic_sessions_among_others_are_named(tmp_path: Path) -> None:
    put_sound_session(tmp_path, date(2023, 1, 3))
    put_sound_session(tmp_path, date(2023, 1, 4), source="synthetic")
    put_sound_session(tmp_path, date(2023, 1, 5), source="legacy")
    report = validated(tmp_path)
    assert rules_of(report) == [(date(2023, 1, 4), "mixed_sources")]
    with pytest.raises(MixedSourcesError, match="2023-01-04"):
        report.raise_for_errors()
    with pytest.raises(MixedSourcesError):
        load_sessions(tmp_path, "SPY", THREE_DAYS)


@pytest.mark.parametrize("others", ["polygon", "legacy", "unknown"])
def test_real_sources_may_stand_together(tmp_path: Path, others: str) -> None:
    put_sound_session(tmp_path, date(2023, 1, 3))
    put_sound_session(tmp_path, date(2023, 1, 4), source=others)
    assert validated(tmp_path).errors == ()


def test_synthetic_sessions_alone_are_sound_and_called_synthetic(tmp_path: Path) -> None:
    put_sound_session(tmp_path, date(2023, 1, 3), source="synthetic")
    report = validated(tmp_path)
    assert report.all_findings == ()
    assert report.is_synthetic


def test_files_of_different_sources_disagree(tmp_path: Path) -> None:
    folder = put_sound_session(tmp_path / "one", date(2023, 1, 3), source="synthetic")
    other = put_sound_session(tmp_path / "other", date(2023, 1, 3), source="polygon")
    (folder / CHAIN_FILE).write_bytes((other / CHAIN_FILE).read_bytes())
    report = validated(tmp_path / "one")
    assert rules_of(report) == [(date(2023, 1, 3), "files_disagree")]
    with pytest.raises(MixedSourcesError):
        load_sessions(tmp_path / "one", "SPY", THREE_DAYS)


def test_unknown_source_is_a_warning(tmp_path: Path) -> None:
    put_sound_session(tmp_path, date(2023, 1, 3), source="unknown")
    put_sound_session(tmp_path, date(2023, 1, 4), source="a friend")
    report = validated(tmp_path)
    assert report.errors == ()
    assert [finding.example for finding in report.warnings] == ["no source", "source 'a friend'"]


def test_sessions_of_another_day_are_found_in_every_bar(tmp_path: Path) -> None:
    monday = put_sound_session(tmp_path / "monday", date(2023, 1, 9))
    tuesday = put_sound_session(tmp_path / "tuesday", date(2023, 1, 10))
    for name in (UNDERLYING_FILE, OPTIONS_FILE, CHAIN_FILE):
        (monday / name).write_bytes((tuesday / name).read_bytes())
    report = validated(tmp_path / "monday", DateRange(date(2023, 1, 9), date(2023, 1, 9)))
    counts = {finding.rule: finding.count for finding in report.errors}
    assert counts["wrong_expiry"] == 10
    assert counts["other_day"] == 400
    assert "no_bars" in counts


def test_holiday_is_no_missing_session(tmp_path: Path) -> None:
    """Monday 2023-01-16 was Martin Luther King day."""
    weekend = DateRange(date(2023, 1, 13), date(2023, 1, 17))
    for day in (date(2023, 1, 13), date(2023, 1, 17)):
        put_sound_session(tmp_path, day)
    assert validated(tmp_path, weekend).all_findings == ()


def test_cached_day_without_session_is_told_and_not_used(tmp_path: Path) -> None:
    holiday = date(2023, 1, 16)
    put_sound_session(tmp_path, date(2023, 1, 13))
    (tmp_path / "SPY" / holiday.isoformat()).mkdir()
    report = validated(tmp_path, DateRange(date(2023, 1, 13), date(2023, 1, 17)))
    assert rules_of(report) == [(holiday, "no_session_day")]
    assert report.errors == ()
    assert list(report.manifest["date"]) == [date(2023, 1, 13)]


def test_range_without_session_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DateRangeError, match="no exchange session"):
        validated(tmp_path, DateRange(date(2023, 1, 14), date(2023, 1, 16)))


def test_early_close_ends_the_session_at_one_o_clock(tmp_path: Path) -> None:
    """The day after Thanksgiving: bars after 13:00 in New York are dropped and counted."""
    day = date(2023, 11, 24)
    open_utc = datetime(2023, 11, 24, 14, 30, tzinfo=UTC)
    whole_day = DateRange(day, day)
    write_tables(tmp_path, sound_tables(day, open_utc, EARLY_CLOSE_SECONDS), day)
    report = validated(tmp_path, whole_day)
    assert report.all_findings == ()
    assert report.records[0].last_bar_utc == datetime(2023, 11, 24, 18, 0, tzinfo=UTC)
    write_tables(tmp_path, sound_tables(day, open_utc, FULL_SECONDS), day)
    late = {finding.file: finding.count for finding in validated(tmp_path, whole_day).warnings}
    assert late == {UNDERLYING_FILE: 180, OPTIONS_FILE: 180}  # a bar a minute; 10 x 18 of ten


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        (date(2023, 3, 10), (14, 30)),  # the last session of standard time
        (date(2023, 3, 13), (13, 30)),  # the first of daylight saving time
        (date(2023, 11, 3), (13, 30)),
        (date(2023, 11, 6), (14, 30)),
    ],
)
def test_session_opens_at_half_past_nine_whatever_the_season(
    tmp_path: Path, day: date, utc: tuple[int, int]
) -> None:
    put_sound_session(tmp_path, day, utc=utc)
    report = validated(tmp_path, DateRange(day, day))
    assert report.all_findings == ()
    assert report.records[0].first_bar_utc == datetime(*day.timetuple()[:3], *utc, tzinfo=UTC)
    shifted = (utc[0] - 1, utc[1])
    put_sound_session(tmp_path, day, utc=shifted)
    (early, _) = validated(tmp_path, DateRange(day, day)).warnings
    assert (early.rule, early.count) == ("outside_session", 60)
    assert early.example.startswith(f"{day} 08:30:00")


def test_error_of_a_range_tells_rule_file_and_remedy(tmp_path: Path) -> None:
    folder = put_sound_session(tmp_path, date(2023, 1, 3))
    (folder / OPTIONS_FILE).write_bytes(b"PAR1")
    (folder / CHAIN_FILE).unlink()
    report = validated(tmp_path)
    with pytest.raises(CorruptFileError) as caught:
        report.raise_for_errors()
    message = str(caught.value)
    assert "SPY/2023-01-03/chain.parquet unreadable_file" in message
    assert "and 1 more" in message
    assert "rorq cache verify 2023-01-03_2023-01-05" in message
    assert isinstance(caught.value, CacheError)


def test_findings_are_a_table_by_family(tmp_path: Path) -> None:
    put_sound_session(tmp_path, date(2023, 1, 3), source="unknown")
    put_sound_session(tmp_path, date(2023, 1, 5))
    report = validated(tmp_path)
    assert list(report.findings["family"]) == ["files", "range"]
    assert report.findings["rule"].iloc[-1] == "missing_session"


def test_search_space_without_modes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="option_selection_mode"):
        validate_range(tmp_path, "SPY", THREE_DAYS, search_values={"strikes_depth": (1,)})


def test_sparse_session_is_told_as_thin_and_interrupted(tmp_path: Path) -> None:
    """A bar a minute is one second in sixty, with gaps of 59 seconds."""
    day = date(2023, 1, 3)
    tables = sound_tables()
    early = tables[UNDERLYING_FILE]["timestamp"] < datetime(2023, 1, 3, 15, 0, tzinfo=UTC)
    late = tables[UNDERLYING_FILE]["timestamp"] >= datetime(2023, 1, 3, 15, 10, tzinfo=UTC)
    tables[UNDERLYING_FILE] = tables[UNDERLYING_FILE][early | late].reset_index(drop=True)
    write_tables(tmp_path, tables)
    report = validate_range(tmp_path, "SPY", DateRange(day, day), search_values=SEARCH)
    found = {finding.rule: finding for finding in report.warnings}
    assert found.keys() == {"few_seconds", "long_gap"}
    assert found["few_seconds"].count == FULL_SECONDS - 381
    assert found["long_gap"].count == 659  # from 09:59:01 to 10:09:59
    assert "after 09:59:00" in found["long_gap"].example
    record = report.records[0]
    assert record.seconds_with_bar_fraction == pytest.approx(381 / FULL_SECONDS)
    assert record.longest_gap_seconds == 659


@pytest.mark.parametrize(
    ("day", "closes_utc", "cut_utc", "missing", "told"),
    [
        (
            (2023, 1, 3),
            (21, 0),
            (20, 0),
            3600,
            "last bar 15:00:00, the exchange closed at 16:00:00",
        ),
        ((2023, 1, 3), (21, 0), (20, 59), 0, ""),  # a minute before
        ((2023, 11, 24), (18, 0), (18, 0), 0, ""),  # an early close
        ((2023, 11, 24), (18, 0), (17, 58), 120, "last bar 12:58:00, the exchange closed at 13:00"),
    ],
)
def test_a_session_that_ends_before_the_exchange_closes_is_told(
    tmp_path: Path,
    day: tuple[int, int, int],
    closes_utc: tuple[int, int],
    cut_utc: tuple[int, int],
    missing: int,
    told: str,
) -> None:
    n_seconds = (closes_utc[0] * 60 + closes_utc[1] - 14 * 60 - 30) * 60 + 1
    tables = sound_tables(date(*day), datetime(*day, 14, 30, tzinfo=UTC), n_seconds)
    bars = tables[UNDERLYING_FILE]
    bars = bars[bars["timestamp"] <= datetime(*day, *cut_utc, tzinfo=UTC)]
    tables[UNDERLYING_FILE] = bars.reset_index(drop=True)
    write_tables(tmp_path, tables, date(*day))
    one = DateRange(date(*day), date(*day))
    report = validate_range(tmp_path, "SPY", one, search_values=SEARCH)
    found = {finding.rule: finding for finding in report.warnings}
    assert found.keys() == ({"few_seconds", "ends_early"} if told else {"few_seconds"})
    if told:
        assert found["ends_early"].count == missing
        assert told in found["ends_early"].example
        assert report.records[0].longest_gap_seconds == missing


def test_forward_filled_underlying_is_told(tmp_path: Path) -> None:
    tables = sound_tables()
    bars = tables[UNDERLYING_FILE]
    filled = bars.iloc[[0] * 10].reset_index(drop=True)
    filled["timestamp"] += [timedelta(seconds=second) for second in range(10)]
    rest = bars.iloc[1:]
    tables[UNDERLYING_FILE] = pd.concat([filled, rest], ignore_index=True)
    write_tables(tmp_path, tables)
    (finding,) = validated(tmp_path).warnings
    assert (finding.rule, finding.count) == ("repeated_bars", 9)
    assert finding.example == "2023-01-03 09:30:01 (row 1)"
