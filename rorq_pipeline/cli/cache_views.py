"""How cached sessions look on the terminal: tables, and a plot of price against VWAP."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from rich import box
from rich.table import Table
from rich.text import Text

from rorq_pipeline.cli.tables import megabytes, value_table
from strategy.date_range import REGULAR_OPEN_TIME

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
_OPEN = datetime.combine(date.min, REGULAR_OPEN_TIME)
_FIRST_FULL_HOUR_SECONDS = 1800  # 10:00, after the open


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
            megabytes(record.size_bytes),
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
    close, last = _clock(session.n_seconds - 1), float(closes[-1])
    return value_table(
        f"{session.ticker} {session.date}",
        {
            "source": session.source,
            "open, close, New York": f"{_OPEN:%H:%M:%S} to {close:%H:%M:%S}",
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
    strikes = [*session.call_strikes_usd.tolist(), *session.put_strikes_usd.tolist()]
    counts, n_calls = np.diff(session.bar_offsets).tolist(), session.n_calls
    missing = [name in record.missing_contracts for name in session.contract_tickers]
    contracts = list(zip(strikes, zip(counts, missing, strict=True), strict=True))
    calls, puts = dict(contracts[:n_calls]), dict(contracts[n_calls:])
    most = max([*counts, 1])
    for strike in sorted(calls | puts):
        sides = [side.get(strike, (0, False)) for side in (calls, puts)]
        if any(count or gone for count, gone in sides):
            left, right = (
                Text("missing", style="red") if gone else Text(f"{count:,}" if count else "")
                for count, gone in sides
            )
            bars = ["█" * round(_BAR_COLUMNS * count / most) for count, _ in sides]
            table.add_row(bars[0], left, f"{strike:,.2f}", right, bars[1])
    return table


def finding_lines(findings: Sequence["Finding"]) -> Iterator[Text]:
    """One line a finding."""
    for finding in findings:
        style = "bold red" if finding.severity == "error" else "yellow"
        yield Text(f"{finding.severity}: ", style=style).append(finding.line, style="default")


def _means(values: npt.NDArray[np.float64], columns: int) -> npt.NDArray[np.float64]:
    """Mean of the finite values of each of `columns` equal parts, NaN for a part without."""
    column = np.arange(len(values)) * columns // len(values)
    finite = np.isfinite(values)
    counts = np.bincount(column[finite], minlength=columns)
    sums = np.bincount(column[finite], weights=values[finite], minlength=columns)
    with np.errstate(invalid="ignore"):
        return sums / counts


def _time_axis(n_seconds: int, columns: int) -> str:
    """The full hours under their columns."""
    axis = [" "] * columns
    for second in range(_FIRST_FULL_HOUR_SECONDS, n_seconds, 3600):
        start = min(second * columns // n_seconds, columns - 5)
        axis[start : start + 5] = f"{_clock(second):%H:%M}"
    return " " * _AXIS_COLUMNS + "".join(axis).rstrip()


def _clock(second: int) -> datetime:
    return _OPEN + timedelta(seconds=second)
