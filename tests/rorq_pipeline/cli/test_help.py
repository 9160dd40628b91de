"""Help is there for every command, and answers without loading Dagster."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from click.testing import Result

from rorq_pipeline.cli.main import COMMANDS

Rorq = Callable[..., Result]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help(rorq: Rorq, name: str) -> None:
    result = rorq(name, "--help")
    assert result.exit_code == 0, result.output
    assert len(result.output.splitlines()) > 3


def test_the_list_of_commands_names_each_with_a_sentence(rorq: Rorq) -> None:
    lines = rorq("--help").output.splitlines()
    for name in COMMANDS:
        (line,) = (line for line in lines if line.strip().startswith(f"{name} "))
        assert len(line.split()) > 2, line


def test_an_unknown_command_is_a_usage_error(rorq: Rorq) -> None:
    assert rorq("nonsense").exit_code == 2


def test_help_does_not_load_dagster() -> None:
    program = "import sys; from rorq_pipeline.cli.main import main\n"
    program += "try: main(['--help'])\nexcept SystemExit: print('dagster' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip().endswith("False")
