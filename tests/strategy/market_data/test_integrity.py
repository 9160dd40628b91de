"""The content checksum: the same for equal tables, another for any change."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from strategy.market_data.integrity import content_checksum
from strategy.market_data.schema import FILE_SCHEMAS, OPTIONS_FILE
from tests.strategy.market_data.sound_session import as_arrow, sound_tables

TABLES = {name: as_arrow(name, table) for name, table in sound_tables().items()}


def checksum(table: pa.Table, source: str = "polygon") -> str:
    return content_checksum(table, source=source, format_version="1")


@pytest.mark.parametrize("name", FILE_SCHEMAS)
def test_chunks_and_slices_do_not_matter(name: str) -> None:
    table = TABLES[name]
    pieces = pa.concat_tables([table.slice(0, 3), table.slice(3, 0), table.slice(3)])
    longer = pa.concat_tables([table.slice(5, 2), table]).slice(2)
    assert checksum(pieces) == checksum(table)
    assert checksum(longer) == checksum(table)
    assert len(checksum(table)) == 8


def with_missing(column: str, row: int) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        values[row] = None
        return replaced(table, column, values)

    return change


def replaced(table: pa.Table, column: str, values: list) -> pa.Table:
    index = table.schema.get_field_index(column)
    return table.set_column(index, column, pa.array(values, table.schema.field(column).type))


CHANGES: dict[str, Callable[[pa.Table], pa.Table]] = {
    "row-less": lambda table: table.slice(1),
    "rows-swapped": lambda table: table.take([1, 0, *range(2, len(table))]),
    "columns-swapped": lambda table: replaced(table, "open", table["high"].to_pylist()),
    "column-less": lambda table: table.drop_columns(["trades"]),
    "column-renamed": lambda table: table.rename_columns([*table.column_names[:-1], "n"]),
    "missing-number": with_missing("vwap", 2),
    "missing-text": with_missing("ticker", 2),
    "empty-text": lambda table: replaced(table, "ticker", ["", *table["ticker"].to_pylist()[1:]]),
    "tiny-change": lambda table: replaced(
        table, "close", [table["close"][0].as_py() + 1e-12, *table["close"].to_pylist()[1:]]
    ),
    "characters-shifted": lambda table: replaced(
        table,
        "ticker",
        [
            f"{table['ticker'][0]}O",
            table["ticker"][1].as_py()[1:],
            *table["ticker"].to_pylist()[2:],
        ],
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_change_changes_it(change: Callable[[pa.Table], pa.Table]) -> None:
    table = TABLES[OPTIONS_FILE]
    assert checksum(change(table)) != checksum(table)


def test_missing_is_not_empty_and_not_zero() -> None:
    table = TABLES[OPTIONS_FILE]
    empty = replaced(table, "ticker", ["", *table["ticker"].to_pylist()[1:]])
    assert checksum(with_missing("ticker", 0)(table)) != checksum(empty)
    zero = replaced(table, "trades", [0, *table["trades"].to_pylist()[1:]])
    assert checksum(with_missing("trades", 0)(table)) != checksum(zero)


def test_source_is_part_of_it() -> None:
    table = TABLES[OPTIONS_FILE]
    assert checksum(table, "polygon") != checksum(table, "synthetic")


@pytest.mark.parametrize("name", FILE_SCHEMAS)
def test_table_without_rows_has_one(name: str) -> None:
    empty = FILE_SCHEMAS[name].empty_table()
    assert checksum(empty) == checksum(TABLES[name].slice(7, 0))
    nameless = pa.table({"ticker": ["", ""]})
    assert checksum(nameless) != checksum(pa.table({"ticker": [""]}))
