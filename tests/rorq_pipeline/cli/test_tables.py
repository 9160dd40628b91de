"""Tables on the terminal: many trades, and values as they are read."""

import pandas as pd
import pytest
from rich.console import Console
from rich.table import Table

from rorq_pipeline.cli.tables import (
    flat,
    megabytes,
    side_by_side,
    trades_table,
    value_table,
    value_text,
)


def trades(n: int) -> pd.DataFrame:
    """One trade a minute, each bought at its number."""
    entries = pd.date_range("2023-01-03 10:00", periods=n, freq="min", tz="America/New_York")
    return pd.DataFrame({
        "entry_time": entries, "exit_time": entries + pd.Timedelta(seconds=30),
        "ticker": "O:SPY230103C00384000", "entry_price": [float(i) for i in range(n)],
        "exit_price": 1.0, "net_pnl_usd": -1234.5, "exit_reason": "take_profit",
    })  # fmt: skip


def columns(n: int) -> tuple[str, list[list[str]]]:
    table = trades_table(trades(n))
    return str(table.title), [list(map(str, column.cells)) for column in table.columns]


def test_of_many_trades_the_first_and_the_last_are_shown() -> None:
    title, shown = columns(45)
    assert title == "45 trades, 5 in the middle not shown"
    assert shown[3] == [f"{number}.00" for number in (*range(20), *range(25, 45))]
    title, shown = columns(40)
    assert title == "40 trades"
    assert shown[3] == [f"{number}.00" for number in range(40)]
    assert [column[39] for column in shown] == [
        "2023-01-03 10:39:00", "10:39:30", "384 call", "39.00", "1.00", "-1,234.50", "take profit",
    ]  # fmt: skip


def printed(table: Table, width: int) -> list[str]:
    console = Console(width=width)
    with console.capture() as shown:
        console.print(table)
    return [line.rstrip() for line in shown.get().splitlines()]


def test_trades_stand_aligned_in_a_line_each_however_narrow_the_terminal() -> None:
    head, *lines = printed(trades_table(trades(1)), 100)
    assert head == "1 trades"
    assert lines == [
        "entry                exit      contract  bought  sold   net, USD  exit by",
        "2023-01-03 10:00:00  10:00:30  384 call    0.00  1.00  -1,234.50  take profit",
    ]
    assert len(printed(trades_table(trades(1)), 30)) == 3


def test_each_name_stands_beside_its_value() -> None:
    assert printed(value_table("metrics", {"trades": 12, "net": -1.5}), 30) == [
        "metrics",
        "┌────────┬──────┐",
        "│ trades │   12 │",
        "│ net    │ -1.5 │",
        "└────────┴──────┘",
    ]


def test_compared_things_are_columns_after_that_of_their_names() -> None:
    table = side_by_side("first", "second", title="two")
    assert [str(column.header) for column in table.columns] == ["", "first", "second"]


def test_values_within_values_are_under_both_names() -> None:
    assert flat({"a": 1, "b": {"c": 2, "d": {"e": 3}}, "f": 4}) == {
        "a": 1, "b.c": 2, "b.d.e": 3, "f": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("n_bytes", "told"),
    [(0, "0.0"), (3_149_998, "3.1"), (3_150_001, "3.2"), (1_234_449_999, "1,234.4"),
     (1_234_450_001, "1,234.5")],
)  # fmt: skip
def test_a_size_is_told_in_tenths_of_a_megabyte(n_bytes: int, told: str) -> None:
    assert megabytes(n_bytes) == told


def test_values_have_at_least_four_digits_and_what_is_absent_is_said() -> None:
    assert {value: value_text(value) for value in (None, 12345, "itm")} == {
        None: "none", 12345: "12345", "itm": "itm",
    }  # fmt: skip
    numbers = {
        0.0: "0", 0.123456: "0.1235", -1234.56: "-1,235", 9999.4: "9,999", 9999.5: "10,000",
        12345.678: "12,346", -12345.678: "-12,346", 999_999_999_999_999.0: "999,999,999,999,999",
        1e15: "1e+15",
    }  # fmt: skip
    assert {value: value_text(value) for value in numbers} == numbers
