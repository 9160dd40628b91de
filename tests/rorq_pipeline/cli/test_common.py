"""What every command prints with: on narrow terminals, in bars, of errors."""

import pytest
from rich.console import Console

from rorq_pipeline.cli.common import bucket_bar, console, error_console, passing_bars, print_error
from rorq_pipeline.cli.tables import value_table
from strategy.errors import RorqError


@pytest.mark.parametrize("printing", [console, error_console])
def test_a_line_stays_one_while_a_table_fits(
    printing: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "_width", 30)
    line = "next: rorq materialize 2023-01-03_2023-01-31 --select 'verdict report'"
    with printing.capture() as shown:
        printing.print(line)
        printing.print(value_table("metrics", {"name " * 10: "value " * 10}))
    first, *table = shown.get().splitlines()
    assert first == line
    assert max(map(len, table)) == 30


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_console, "_force_terminal", True)
    monkeypatch.setattr(error_console, "is_interactive", True)
    monkeypatch.setattr(error_console, "_color_system", None)
    monkeypatch.setattr(error_console, "_width", 60)


@pytest.mark.usefixtures("terminal")
def test_bars_are_on_a_terminal_until_their_end(capsys: pytest.CaptureFixture[str]) -> None:
    with passing_bars() as bars:
        bars.add_task("validating", total=4, completed=1)
    told, seen = capsys.readouterr()
    assert told == ""
    assert "validating" in seen
    assert " 25%" in seen
    assert seen.endswith("\x1b[1A\x1b[2K")  # the line of the bar, emptied


@pytest.mark.usefixtures("terminal")
def test_sessions_of_a_bucket_are_counted_in_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with bucket_bar("sessions of SPY") as show:
        show(3, 4)
    seen = capsys.readouterr().err
    assert "sessions of SPY" in seen
    assert " 75%" in seen


def test_where_no_terminal_is_there_are_no_bars(capsys: pytest.CaptureFixture[str]) -> None:
    with bucket_bar("sessions of SPY") as show:
        show(3, 4)
    assert capsys.readouterr() == ("", "")


def test_an_error_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(RorqError("no [session]\nthere", expected="one", remedy="look"))
    assert capsys.readouterr() == ("", "error: no [session] there; expected one; look\n")
