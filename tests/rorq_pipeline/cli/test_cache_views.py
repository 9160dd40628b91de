"""How a session looks on the terminal: a day and a chain that are made by hand."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table

from rorq_pipeline.cli.cache_views import (
    coverage_table,
    finding_lines,
    price_plot,
    session_table,
    summary,
)
from strategy.market_data.validation import Finding, SessionRecord, Severity
from strategy.market_data.validation.findings import Family
from strategy.session import SessionData

DAY = date(2023, 7, 3)
BARS = {"C00000380": 2000, "C00000381": 0, "P00000381": 1000, "P00000382": 100, "P00000383": 0,
        "P01000384": 4000}  # fmt: skip


def session(closes: list[float], vwaps: list[float]) -> SessionData:
    """One row a second, and the contracts of `BARS`, whose names end with the strike."""
    n_bars, n = sum(BARS.values()), len(closes)
    strikes = {name: float(name[1:]) for name in BARS}
    prices = np.ones(n_bars)
    return SessionData(
        ticker="SPY", date=DAY, source="polygon", fingerprint="0123456789abcdef" * 4,
        open_utc_seconds=0, n_seconds=n, close_shift_seconds=0,
        underlying_close_usd=np.array(closes), running_vwap_usd=np.array(vwaps),
        contract_tickers=tuple(BARS),
        call_strikes_usd=np.array([strikes[name] for name in BARS if name[0] == "C"]),
        put_strikes_usd=np.array([strikes[name] for name in BARS if name[0] == "P"]),
        shares_per_contract=np.full(len(BARS), 100),
        bar_offsets=np.cumsum([0, *BARS.values()]),
        bar_seconds=np.zeros(n_bars, dtype=np.int32), bar_prices_usd=prices,
        bar_highs_usd=prices, bar_lows_usd=prices, bar_trades=np.ones(n_bars, dtype=np.int64),
    )  # fmt: skip


def finding(severity: Severity) -> Finding:
    return Finding(
        date=DAY, rule="some_rule", family=Family.COVERAGE, severity=severity, file="", count=1,
        example="what was found",
    )  # fmt: skip


def record(*severities: Severity, **changes: Any) -> SessionRecord:
    fields = {
        "ticker": "SPY", "date": DAY, "is_cached": True, "source": "polygon",
        "size_bytes": 3_250_000, "option_bars": 7100, "seconds_with_bar_fraction": 0.987,
        "longest_gap_seconds": 17, "outside_session_bars": 23, "chain_contracts": 6,
        "contracts_with_bars": 4, "contracts_needed": 3, "contracts_present": 2,
        "missing_contracts": ("C00000381",),
    }  # fmt: skip
    return SessionRecord(**(fields | changes), findings=tuple(map(finding, severities)))


def columns(table: Table) -> dict[str, list[str]]:
    return {str(one.header): list(map(str, one.cells)) for one in table.columns}


def test_a_row_a_session_tells_what_it_holds_and_what_is_wrong() -> None:
    warned = record(Severity.WARNING)
    broken = record(Severity.ERROR, Severity.WARNING, Severity.ERROR, source="")
    assert columns(session_table([warned, broken])) == {
        "session": ["2023-07-03"] * 2,
        "source": ["polygon", "unreadable"],
        "MB": ["3.2", "3.2"],
        "seconds": ["98.7%"] * 2,
        "options": ["7,100"] * 2,
        "traded": ["4/6"] * 2,
        "needed": ["2/3"] * 2,
        "health": ["sound", "2 errors"],
        "warned": ["1", "1"],
    }


def test_sessions_stand_in_lines_of_eighty_columns() -> None:
    table = session_table([record(Severity.WARNING), record(source="")])
    console = Console(width=80)
    with console.capture() as shown:
        console.print(table)
    assert [line.rstrip() for line in shown.get().splitlines()] == [
        "",
        " session     source       MB  seconds  options  traded  needed  health  warned",
        " " + "─" * 77,
        " 2023-07-03  polygon     3.2    98.7%    7,100     4/6     2/3  sound        1",
        " 2023-07-03  unreadable  3.2    98.7%    7,100     4/6     2/3  sound        0",
        "",
    ]
    assert [str(getattr(cell, "style", "")) for cell in table.columns[-1].cells] == [
        "yellow", "dim",
    ]  # fmt: skip


def test_a_half_day_is_told_in_words() -> None:
    closes = [float("nan"), *[380.5] * 12_598, 379.25, 381.0]
    names, values = (list(one.cells) for one in summary(session(closes, closes), record()).columns)
    told = dict(zip(names, values, strict=True))
    assert told == {
        "source": "polygon",
        "open, close, New York": "09:30:00 to 13:00:00",
        "low, high, last, USD": "379.25, 381.00, 381.00",
        "seconds with an underlying bar": "98.7%",
        "longest gap, seconds": "17",
        "bars outside the session": "23",
        "option bars": "7,100",
        "contracts with bars": "4 of 6",
        "needed contracts present": "2 of 3",
        "fingerprint": "0123456789ab",
    }


def test_the_price_climbs_through_the_rows_over_the_vwap() -> None:
    """A column is the mean of two seconds; from the eleventh on nothing traded but at the end."""
    closes = [100.0 + column + side for column in range(10) for side in (-0.25, 0.25)]
    closes += [float("nan")] * 18 + [float("nan"), 113.0]
    lines = price_plot(session(closes, [100.0] * 40), width=20).plain.splitlines()
    assert lines[0] == "• price  · running VWAP, USD, New York time"
    assert [line[:10] for line in lines[1:15]] == [f"  {113 - row:.2f} │" for row in range(14)]
    marks = {(row, column): mark for row, line in enumerate(lines[1:15])
             for column, mark in enumerate(line[10:]) if mark != " "}  # fmt: skip
    price = {(13 - column, column): "•" for column in range(10)} | {(0, 19): "•"}
    assert marks == {(13, column): "·" for column in range(20)} | price
    assert lines[15:] == [" " * 10]


def test_a_price_that_never_moves_is_drawn() -> None:
    lines = price_plot(session([380.0] * 40, [380.0] * 40), width=31).plain.splitlines()
    assert [line[10:].strip() for line in lines[1:15]] == [*[""] * 13, "•" * 20]


def test_full_hours_stand_under_their_columns_up_to_the_close() -> None:
    half_day = session([380.0] * 12_601, [380.0] * 12_601)
    axis = price_plot(half_day, width=74).plain.splitlines()[15]  # 63 columns of 200 seconds
    assert axis == " " * 18 + "10:00" + " " * 13 + "11:00" + " " * 13 + "12:00" + " " * 9 + "13:00"
    full_day = session([380.0] * 23_401, [380.0] * 23_401)
    axis = price_plot(full_day, width=89).plain.splitlines()[15]  # 78 columns of 300 seconds
    hours = ["10:00", "11:00", "12:00", "13:00", "14:00", "15:00"]
    assert axis == " " * 15 + (" " * 7).join(hours) + " " * 3 + "16:00"


def test_bars_stand_on_their_side_of_the_strike_whatever_the_other_side_has() -> None:
    made = coverage_table(session([380.0] * 40, [380.0] * 40), record())
    rows = list(zip(*(map(str, column.cells) for column in made.columns), strict=True))
    assert rows == [
        ("█" * 10, "2,000", "380.00", "", ""),
        ("", "missing", "381.00", "1,000", "█" * 5),
        ("", "", "382.00", "100", ""),  # a fortieth of the most: half a block
        ("", "", "1,000,384.00", "4,000", "█" * 20),
    ]


def test_a_session_without_option_bars_has_only_what_is_missing() -> None:
    nothing = np.zeros(len(BARS) + 1, dtype=np.int64)
    empty = replace(session([380.0] * 40, [380.0] * 40), bar_offsets=nothing)
    table = coverage_table(empty, record(missing_contracts=("C00000380", "P00000383")))
    assert [list(map(str, column.cells)) for column in table.columns] == [
        ["", ""], ["missing", ""], ["380.00", "383.00"], ["", "missing"], ["", ""],
    ]  # fmt: skip


def test_the_only_bar_of_a_session_is_the_most() -> None:
    single = np.array([0, 0, 0, 0, 0, 0, 1])  # of the last put
    table = coverage_table(
        replace(session([380.0] * 40, [380.0] * 40), bar_offsets=single),
        record(missing_contracts=()),
    )
    assert [list(map(str, column.cells)) for column in table.columns] == [
        [""], [""], ["1,000,384.00"], ["1"], ["█" * 20],
    ]  # fmt: skip


def test_a_narrow_terminal_cuts_bars_before_counts() -> None:
    console = Console(width=60)
    with console.capture() as shown:
        console.print(coverage_table(session([380.0] * 40, [380.0] * 40), record()))
    for text in ("2,000", "missing", "4,000"):
        assert f" {text} " in shown.get()


@pytest.mark.parametrize("severity", list(Severity))
def test_a_finding_says_first_how_bad_it_is(severity: Severity) -> None:
    (line,) = finding_lines([finding(severity)])
    assert line.plain == f"{severity}: 2023-07-03 some_rule: what was found"
    assert line.style == {"error": "bold red", "warning": "yellow"}[severity.value]
