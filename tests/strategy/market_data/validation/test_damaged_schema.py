"""Columns that are absent or of another type, and values at the edge of their type."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from strategy.errors import SchemaError
from strategy.market_data import load_session
from strategy.market_data.schema import (
    CHAIN_FILE,
    FILE_SCHEMAS,
    FORMAT_VERSION_KEY,
    OPTIONS_FILE,
    UNDERLYING_FILE,
)
from tests.strategy.market_data.sound_session import (
    DAY,
    as_arrow,
    sound_tables,
    write_tables,
)
from tests.strategy.market_data.validation.verdicts import is_refused, validated

COLUMNS = [(name, field.name) for name, schema in FILE_SCHEMAS.items() for field in schema]
OTHER_TYPES = {
    pa.float64(): (pa.float32(), pa.string(), pa.int64()),
    pa.int64(): (pa.int32(), pa.float64(), pa.string()),
    pa.string(): (pa.binary(),),
    pa.date32(): (pa.timestamp("ms"), pa.string()),
    pa.timestamp("ms", tz="UTC"): (pa.timestamp("us", tz="UTC"), pa.timestamp("ms"), pa.int64()),
}


def sound_file(cache_dir: Path, name: str) -> tuple[Path, pa.Table]:
    tables = sound_tables()
    folder = write_tables(cache_dir, tables)
    return folder / name, as_arrow(name, tables[name]).replace_schema_metadata(None)


def test_types_of_every_column_are_known() -> None:
    assert {field.type for schema in FILE_SCHEMAS.values() for field in schema} == {*OTHER_TYPES}


@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_absent_column_is_named(tmp_path: Path, name: str, column: str) -> None:
    path, table = sound_file(tmp_path, name)
    pq.write_table(table.drop_columns([column]), path)
    (error,) = [e for e in validated(tmp_path).errors if e.rule != "files_disagree"]
    assert (error.rule, error.file) == ("wrong_schema", name)
    assert f"no column {column}" in error.example
    with pytest.raises(SchemaError, match=f"{name} has no column {column}"):
        load_session(tmp_path, "SPY", DAY)


@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_column_of_another_type_is_named(tmp_path: Path, name: str, column: str) -> None:
    path, table = sound_file(tmp_path, name)
    index = table.schema.get_field_index(column)
    for other in OTHER_TYPES[table.schema.field(column).type]:
        changed = table.set_column(index, column, table[column].cast(other, safe=False))
        pq.write_table(changed, path)
        (error,) = [e for e in validated(tmp_path).errors if e.rule != "files_disagree"]
        assert (error.rule, error.file) == ("wrong_schema", name)
        assert f"column {column} is of type {other}" in error.example
        assert is_refused(tmp_path)


def test_order_and_further_columns_do_not_matter(tmp_path: Path) -> None:
    tables = sound_tables()
    folder = write_tables(tmp_path, tables)
    for name in tables:
        table = as_arrow(name, tables[name]).replace_schema_metadata(None)
        turned = table.select(table.column_names[::-1]).append_column("note", [["x"] * len(table)])
        pq.write_table(turned, folder / name)
    assert {finding.rule for finding in validated(tmp_path).all_findings} == {"unknown_source"}
    assert not is_refused(tmp_path)


def test_format_of_another_version_is_refused(tmp_path: Path) -> None:
    path, table = sound_file(tmp_path, CHAIN_FILE)
    pq.write_table(table.replace_schema_metadata({FORMAT_VERSION_KEY: b"99"}), path)
    (error,) = validated(tmp_path).errors
    assert error.rule == "wrong_schema"
    assert "version '99'" in error.example
    assert is_refused(tmp_path)


@pytest.mark.parametrize("name", [UNDERLYING_FILE, OPTIONS_FILE])
@pytest.mark.parametrize("milliseconds", [2**62, -(2**62), 2**53 * 1000 // 1000 * 1000, 0])
def test_times_beyond_every_calendar_are_of_another_day(
    tmp_path: Path, name: str, milliseconds: int
) -> None:
    path, table = sound_file(tmp_path, name)
    stamps = table["timestamp"].cast(pa.int64()).to_numpy().copy()
    stamps[-1] = milliseconds // 1000 * 1000
    column = pa.array(stamps).cast(pa.timestamp("ms", tz="UTC"))
    pq.write_table(
        table.set_column(table.column_names.index("timestamp"), "timestamp", column), path
    )
    assert "other_day" in {error.rule for error in validated(tmp_path).errors}
    assert is_refused(tmp_path)


@pytest.mark.parametrize("days", [2**31 - 1, -(2**31), 0])
def test_expiry_beyond_every_calendar_is_refused(tmp_path: Path, days: int) -> None:
    path, table = sound_file(tmp_path, CHAIN_FILE)
    values = np.full(len(table), days, np.int32)
    column = pa.array(values).view(pa.date32())
    pq.write_table(
        table.set_column(table.column_names.index("expiration_date"), "expiration_date", column),
        path,
    )
    rules = {error.rule for error in validated(tmp_path).errors}
    assert rules & {"unreadable_file", "wrong_expiry"}
    assert is_refused(tmp_path)


def test_numbers_at_the_edge_of_their_type_are_no_traceback(tmp_path: Path) -> None:
    tables = sound_tables()
    tables[UNDERLYING_FILE].loc[5, ["open", "high", "low", "close", "vwap"]] = 1.7e308
    tables[UNDERLYING_FILE].loc[6, "volume"] = 1.7e308
    tables[OPTIONS_FILE].loc[5, ["open", "high", "low", "close", "vwap"]] = 5e-324
    tables[CHAIN_FILE].loc[0, "strike_price"] = 1.7e308
    tables[CHAIN_FILE].loc[2, "strike_price"] = 5e-324
    tables[CHAIN_FILE].loc[1, "shares_per_contract"] = 2**62
    write_tables(tmp_path, tables)
    report = validated(tmp_path)
    assert {error.rule for error in report.errors} == {
        *("bad_price", "bad_volume", "bad_strike", "contradicting_ticker"),
    }
    assert is_refused(tmp_path)


def test_session_of_one_bar_a_file_is_read(tmp_path: Path) -> None:
    tables = sound_tables()
    tables = {name: table.iloc[:1].reset_index(drop=True) for name, table in tables.items()}
    tables[CHAIN_FILE] = sound_tables()[CHAIN_FILE]
    write_tables(tmp_path, tables)
    assert validated(tmp_path).errors == ()
    assert not is_refused(tmp_path)
    assert pd.notna(validated(tmp_path).manifest["first_bar_utc"]).all()
    assert validated(tmp_path).records[0].date == date(2023, 1, 3)


@pytest.mark.parametrize("name", [CHAIN_FILE, OPTIONS_FILE])
def test_text_that_is_no_utf8_is_unreadable(tmp_path: Path, name: str) -> None:
    path, table = sound_file(tmp_path, name)
    names = pa.array([b"O:SPY\xff"] * len(table), pa.binary()).view(pa.string())
    pq.write_table(table.set_column(table.column_names.index("ticker"), "ticker", names), path)
    (error,) = [e for e in validated(tmp_path).errors if e.rule != "files_disagree"]
    assert (error.rule, error.file) == ("unreadable_file", name)
    assert is_refused(tmp_path)
