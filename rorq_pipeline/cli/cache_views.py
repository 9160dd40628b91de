"""How cached sessions look on the terminal: tables, and a plot of price against VWAP."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from rich import box
from rich.table import Table
from rich.text import Text

from rorq_pipeline.cli.tables import value_table

if TYPE_CHECKING:
    from strategy.market_data.validation import Finding, SessionRecord
    from strategy.session import SessionData

PLOT_ROWS = 14
_PRICE, _VWAP = "•", "·"
_AXIS_COLUMNS = 10  # width of the price labels
_BAR_COLUMNS = 20
LEGEND = (
    "seconds: share with an underlying bar; options: their bars; traded: contracts with bars, of "
    "the chain; needed: contracts with bars, of those that the search space could choose"
)
_OPEN_SECONDS = 9 * 3600 + 30 * 60  # 09:30 in New York


def session_table(records: Iterable["SessionRecord"]) -> Table:
    """One row a session; narrow enough for 80 columns."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name in ("session", "source"):
        table.add_column(name)
    for name in ("MB", "seconds", "options", "traded", "needed"):
        table.add_column(name, justify="right")
    table.add_column("health")
    table.add_column("warned", justify="right")
    for record in records:
        table.add_row(
            str(record.date),
            record.source or "unreadable",
            f"{record.size_bytes / 1e6:.1f}",
            f"{record.seconds_with_bar_fraction:.1%}",
            f"{record.option_bars:,}",
            f"{record.contracts_with_bars}/{record.chain_contracts}",
            f"{record.contracts_present}/{record.contracts_needed}",
            health(record),
            Text(str(record.warnings), style="yellow" if record.warnings else "dim"),
        )
    return table


def health(record: "SessionRecord") -> Text:
    """Sound, or how many rules are broken."""
    if record.errors:
        return Text(f"{record.errors} errors", style="bold red")
    return Text("sound", style="green")


def summary(session: "SessionData", record: "SessionRecord") -> Table:
    """What the session holds, in words and numbers."""
    closes = session.underlying_close_usd
    last = float(closes[-1])
    return value_table(
        f"{session.ticker} {session.date}",
        {
            "source": session.source,
            "open, close, New York": f"{_clock(0)} to {_clock(session.n_seconds - 1)}",
            "low, high, last, USD": f"{np.nanmin(closes):.2f}, {np.nanmax(closes):.2f}, {last:.2f}",
            "seconds with an underlying bar": f"{record.seconds_with_bar_fraction:.1%}",
            "longest gap, seconds": record.longest_gap_seconds,
            "bars outside the session": record.outside_session_bars,
            "option bars": f"{len(session.bar_seconds):,}",
            "contracts with bars": f"{record.contracts_with_bars} of {session.n_contracts}",
            "needed contracts present": f"{record.contracts_present} of {record.contracts_needed}",
            "fingerprint": session.fingerprint[:12],
        },
    )


def price_plot(session: "SessionData", *, width: int) -> Text:
    """Close and running VWAP through the day, mean of the seconds of each column."""
    columns = max(20, width - _AXIS_COLUMNS - 1)
    closes = _means(session.underlying_close_usd, columns)
    vwaps = _means(session.running_vwap_usd, columns)
    both = np.concatenate((closes, vwaps))
    low, high = float(np.nanmin(both)), float(np.nanmax(both))
    grid = np.full((PLOT_ROWS, columns), " ")
    for values, mark in ((vwaps, _VWAP), (closes, _PRICE)):
        shown = np.flatnonzero(np.isfinite(values))
        share = (values[shown] - low) / ((high - low) or 1.0)
        grid[np.rint((1 - share) * (PLOT_ROWS - 1)).astype(int), shown] = mark
    text = Text(f"{_PRICE} price  {_VWAP} running VWAP, USD, New York time\n")
    for row, cells in enumerate(grid):
        price = high - (high - low) * row / (PLOT_ROWS - 1)
        text.append(f"{price:>{_AXIS_COLUMNS - 2}.2f} │", style="dim")
        text.append("".join(cells)).append("\n")
    return text.append(_time_axis(session.n_seconds, columns), style="dim")


def coverage_table(session: "SessionData", record: "SessionRecord") -> Table:
    """Option bars by strike: calls to the left, puts to the right; needed ones without in red."""
    table = Table(title="Option bars by strike", title_justify="left")
    for name in ("", "calls"):
        table.add_column(name, justify="right")
    table.add_column("strike, USD", justify="center")
    for name in ("puts", ""):
        table.add_column(name)
    counts = np.diff(session.bar_offsets)
    most = max(int(counts.max()), 1)
    missing = set(record.missing_contracts)
    for strike, call, put in _strikes(session):
        sides = [_count_of(session, counts, row) for row in (call, put)]
        absent = [_name_of(session, row) in missing for row in (call, put)]
        if any(sides) or any(absent):
            calls, puts = (
                Text("missing", style="red") if gone else Text(f"{count:,}" if count else "")
                for count, gone in zip(sides, absent, strict=True)
            )
            bars = ["█" * round(_BAR_COLUMNS * count / most) for count in sides]
            table.add_row(bars[0], calls, f"{strike:,.2f}", puts, bars[1])
    return table


def finding_lines(findings: Sequence["Finding"]) -> Iterator[Text]:
    """One line a finding."""
    for finding in findings:
        style = "bold red" if finding.severity == "error" else "yellow"
        yield Text(f"{finding.severity}: ", style=style).append(finding.line, style="default")


def _strikes(session: "SessionData") -> Iterator[tuple[float, int, int]]:
    """Each strike with its rows of call and put, -1 where there is none."""
    calls = {float(strike): row for row, strike in enumerate(session.call_strikes_usd)}
    puts = {float(s): session.n_calls + row for row, s in enumerate(session.put_strikes_usd)}
    for strike in sorted(calls.keys() | puts.keys()):
        yield strike, calls.get(strike, -1), puts.get(strike, -1)


def _count_of(session: "SessionData", counts: npt.NDArray[np.int64], row: int) -> int:
    return int(counts[row]) if 0 <= row < session.n_contracts else 0


def _name_of(session: "SessionData", row: int) -> str:
    return session.contract_tickers[row] if row >= 0 else ""


def _means(values: npt.NDArray[np.float64], columns: int) -> npt.NDArray[np.float64]:
    """Mean of the finite values of each of `columns` equal parts, NaN for a part without."""
    column = np.arange(len(values)) * columns // len(values)
    finite = np.isfinite(values)
    counts = np.bincount(column[finite], minlength=columns)
    sums = np.bincount(column[finite], weights=values[finite], minlength=columns)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _time_axis(n_seconds: int, columns: int) -> str:
    """The full hours under their columns."""
    axis = [" "] * columns
    for hour in range(10, 17):
        second = hour * 3600 - _OPEN_SECONDS
        if second < n_seconds:
            start = min(second * columns // n_seconds, columns - 5)
            axis[start : start + 5] = f"{hour}:00"
    return " " * _AXIS_COLUMNS + "".join(axis).rstrip()


def _clock(second: int) -> str:
    total = second + _OPEN_SECONDS
    return f"{total // 3600:02d}:{total // 60 % 60:02d}:{total % 60:02d}"
