"""Tables of names and values on the terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.

MAX_TRADES_SHOWN = 40


def value_table(title: str, values: Mapping[str, Any]) -> Table:
    """Return a table with a row a name, numbers to four digits."""
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, value in values.items():
        table.add_row(name, value_text(value))
    return table


def trades_table(trades: "pd.DataFrame") -> Table:
    """Return a table with a row a trade; of many, the first and the last."""
    from rorq_pipeline.report.contracts import short_contract

    hidden = max(len(trades) - MAX_TRADES_SHOWN, 0)
    title = f"{len(trades)} trades" + (f", {hidden} in the middle not shown" if hidden else "")
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("entry", "exit", "contract"):
        table.add_column(name, no_wrap=True)
    for name in ("bought", "sold", "net, USD"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("exit by", no_wrap=True)
    half = MAX_TRADES_SHOWN // 2
    rows = trades.to_dict("records")
    for row in rows if not hidden else [*rows[:half], *rows[-half:]]:
        table.add_row(
            f"{row['entry_time']:%Y-%m-%d %H:%M:%S}",
            f"{row['exit_time']:%H:%M:%S}",
            short_contract(str(row["ticker"])),
            f"{row['entry_price']:.2f}",
            f"{row['exit_price']:.2f}",
            f"{row['net_pnl_usd']:+,.2f}",
            str(row["exit_reason"]).replace("_", " "),
        )
    return table


def side_by_side(*headers: str, title: str | None = None) -> Table:
    """Return an empty table with a column a compared thing; what is too long goes on below."""
    table = Table(title=title, title_justify="left")
    for header in ("", *headers):
        table.add_column(header, overflow="fold")
    return table


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values, and those within one under names such as fixed_params.latency_seconds."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{inner}": one for inner, one in flat(value).items()}
        else:
            found[name] = value
    return found


def megabytes(n_bytes: int) -> str:
    """Return a size without its unit, which stands once over a column."""
    return f"{n_bytes / 1e6:,.1f}"


def value_text(value: Any) -> str:
    """Return a value as a table shows it."""
    if value is None:
        return "none"
    if not isinstance(value, float):
        return str(value)
    # From 9,999.5 four digits would be 1e+04.
    return f"{value:,.0f}" if 9999.5 <= abs(value) < 1e15 else f"{value:,.4g}"
