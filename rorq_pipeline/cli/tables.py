"""Tables of names and values on the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table


def value_table(title: str, values: Mapping[str, Any]) -> Table:
    """Return a table with a row a name, numbers to four digits."""
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, value in values.items():
        table.add_row(name, value_text(value))
    return table


def value_text(value: Any) -> str:
    """Return a value as a table shows it."""
    if value is None:
        return "none"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
