"""Help is there for every command, and answers without loading what takes long."""

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version

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


def test_the_version_is_that_of_the_installed_package(rorq: Rorq) -> None:
    assert rorq("--version").output == f"rorq, version {version('rorq-pipeline')}\n"


def test_help_loads_no_module_that_takes_long() -> None:
    long = {"dagster", "numba", "optuna", "pandas", "pydantic", "scipy"}
    program = "import sys; from rorq_pipeline.cli.main import main\n"
    program += f"try: main(['--help'])\nexcept SystemExit: print({long} & set(sys.modules))"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines()[-1] == "set()"
