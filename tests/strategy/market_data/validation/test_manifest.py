"""The manifest: one row a session, through Parquet and back, and taking over unchanged sessions."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from strategy.date_range import DateRange
from strategy.errors import CorruptFileError
from strategy.market_data import session_fingerprint
from strategy.market_data.schema import OPTIONS_FILE, UNDERLYING_FILE
from strategy.market_data.validation import (
    MANIFEST_COLUMNS,
    ValidationReport,
    ValidationSettings,
    records_of,
    rules,
    validate_range,
)
from tests.strategy.market_data.sound_session import (
    SEARCH,
    SPARSE,
    put_sound_session,
    sound_tables,
    write_tables,
)

RANGE = DateRange(date(2023, 1, 3), date(2023, 1, 6))


def validated(
    cache_dir: Path,
    previous: pd.DataFrame | None = None,
    settings: ValidationSettings = SPARSE,
    depths: tuple[int, ...] = (1,),
) -> ValidationReport:
    return validate_range(
        cache_dir,
        "SPY",
        RANGE,
        search_values={**SEARCH, "strikes_depth": depths},
        settings=settings,
        previous_manifest=previous,
    )


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    """Two sessions with a missing one between, one contract and some volume missing."""
    put_sound_session(tmp_path, date(2023, 1, 3))
    tables = sound_tables(date(2023, 1, 5), datetime(2023, 1, 5, 14, 30, tzinfo=UTC))
    options = tables[OPTIONS_FILE]
    tables[OPTIONS_FILE] = options[options["ticker"] != "O:SPY230105P00401000"]
    tables[UNDERLYING_FILE].loc[7, "volume"] = 0.0
    write_tables(tmp_path, tables, date(2023, 1, 5))
    return tmp_path


def test_manifest_survives_parquet(cache_dir: Path, tmp_path: Path) -> None:
    report = validated(cache_dir)
    path = tmp_path / "manifest.parquet"
    report.manifest.to_parquet(path)
    read = pd.read_parquet(path)
    pd.testing.assert_frame_equal(read, report.manifest)
    assert tuple(records_of(read)) == report.records


def test_manifest_tells_what_a_session_holds(cache_dir: Path) -> None:
    manifest = validated(cache_dir).manifest
    assert tuple(manifest.columns) == MANIFEST_COLUMNS
    assert list(manifest["date"]) == [date(2023, 1, 3), date(2023, 1, 4), date(2023, 1, 5)]
    assert list(manifest["is_cached"]) == [True, False, True]
    assert list(manifest["errors"]) == [0, 1, 0]
    assert list(manifest["warnings"]) == [0, 0, 2]
    row = manifest.iloc[2]
    assert row["fingerprint"] == session_fingerprint(cache_dir / "SPY" / "2023-01-05")
    assert row["underlying_bars"] == 391
    assert row["option_bars"] == 360
    assert row["chain_contracts"] == 10
    assert row["contracts_with_bars"] == 9
    assert row["contracts_needed"] - row["contracts_present"] == 1
    assert json.loads(row["missing_contracts"]) == ["O:SPY230105P00401000"]
    assert {finding["rule"] for finding in json.loads(row["findings"])} == {
        "no_volume",
        "missing_contracts",
    }
    assert row["last_bar_utc"] == pd.Timestamp("2023-01-05 21:00", tz="UTC")
    sizes = [f.stat().st_size for f in (cache_dir / "SPY" / "2023-01-05").iterdir()]
    assert row["size_bytes"] == sum(sizes)


def test_unchanged_sessions_are_taken_over(cache_dir: Path) -> None:
    first = validated(cache_dir)
    second = validated(cache_dir, first.manifest)
    assert (first.taken_over, second.taken_over) == (0, 2)
    assert second.records == first.records


def test_changed_session_is_validated_again(cache_dir: Path) -> None:
    first = validated(cache_dir)
    tables = sound_tables()
    tables[UNDERLYING_FILE].loc[3, "close"] = -1.0
    write_tables(cache_dir, tables, date(2023, 1, 3))
    second = validated(cache_dir, first.manifest)
    assert second.taken_over == 1
    assert second.records[0].errors > 0
    assert second.fingerprint != first.fingerprint


def test_findings_of_the_range_are_not_taken_over(cache_dir: Path) -> None:
    first = validated(cache_dir)
    put_sound_session(cache_dir, date(2023, 1, 4))
    second = validated(cache_dir, first.manifest)
    assert second.taken_over == 2
    assert second.errors == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"settings": SPARSE.model_copy(update={"spike_percent": 1.0})},
        {"depths": (1, 2)},
    ],
    ids=["settings", "search-space"],
)
def test_other_settings_validate_again(cache_dir: Path, changes: dict) -> None:
    first = validated(cache_dir)
    assert validated(cache_dir, first.manifest, **changes).taken_over == 0


def test_other_rules_validate_again(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = validated(cache_dir)
    monkeypatch.setattr(rules, "RULES_VERSION", rules.RULES_VERSION + 1)
    assert validated(cache_dir, first.manifest).taken_over == 0


def test_unreadable_session_is_looked_at_again(cache_dir: Path) -> None:
    path = cache_dir / "SPY" / "2023-01-05" / OPTIONS_FILE
    path.unlink()
    first = validated(cache_dir)
    assert validated(cache_dir, first.manifest).taken_over == 1


def test_manifest_of_another_version_is_not_taken_over(cache_dir: Path) -> None:
    manifest = validated(cache_dir).manifest
    assert records_of(manifest.assign(manifest_version=0)) == []
    assert records_of(pd.DataFrame()) == []
    with pytest.raises(CorruptFileError, match="manifest cannot be read"):
        records_of(manifest.assign(findings="no JSON"))


def test_records_do_not_depend_on_the_order_of_search_values(cache_dir: Path) -> None:
    one = validated(cache_dir, depths=(1, 2))
    other = validated(cache_dir, depths=(2, 1))
    assert one.records == other.records
    assert replace(one.records[0], settings_key="") != replace(
        validated(cache_dir).records[0], settings_key=""
    )
