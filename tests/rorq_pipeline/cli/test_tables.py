"""Tables on the terminal: many trades, and values as they are read."""

import pandas as pd

from rorq_pipeline.cli.tables import trades_table, value_text


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


def test_values_have_at_least_four_digits_and_what_is_absent_is_said() -> None:
    assert [value_text(value) for value in (None, 12345.678, 0.0, 12345, "itm")] == [
        "none", "12,346", "0", "12345", "itm",
    ]  # fmt: skip
