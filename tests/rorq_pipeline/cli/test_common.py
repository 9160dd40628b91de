"""What is printed on a terminal that is too narrow for it."""

import pytest
from rich.console import Console

from rorq_pipeline.cli.common import console, error_console, passing_bars
from rorq_pipeline.cli.tables import value_table


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


def test_bars_are_shown_on_a_terminal_and_leave_nothing_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with passing_bars() as bars:
        bars.add_task("sessions", total=3)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(error_console, "_force_terminal", True)
    shown = passing_bars()
    assert (shown.disable, shown.live.transient) == (False, True)
