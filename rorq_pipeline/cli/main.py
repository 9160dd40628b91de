"""The root group: which commands there are, and how an error reaches the user."""

import importlib
import os
import sys
from typing import Any

import click

from rorq_pipeline.cli.common import print_error
from rorq_pipeline.project.machine import require_files, shortage
from strategy.errors import RorqError

COMMANDS = {
    "backtest": "backtest",
    "cache": "cache",
    "dashboard": "dashboard",
    "db": "db",
    "demo": "demo",
    "dev": "dev",
    "doctor": "doctor",
    "download": "download",
    "env": "env",
    "import-legacy": "legacy",
    "init": "init",
    "materialize": "materialize",
    "quotes": "quotes",
    "results": "results",
    "sample": "sample",
    "study": "study",
    "walk-forward": "walk_forward",
}  # command name -> module of rorq_pipeline.cli


_OTHERS_MAY_NOT_WRITE = 0o022  # whatever the umask of the shell: logs, artifacts, state


class _LazyGroup(click.Group):
    """Imports a command's module only when the command is used or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module_name = COMMANDS.get(cmd_name)
        if module_name is None:
            return None
        module = importlib.import_module(f"rorq_pipeline.cli.{module_name}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            os.umask(os.umask(_OTHERS_MAY_NOT_WRITE) | _OTHERS_MAY_NOT_WRITE)
            require_files()
            return super().invoke(ctx)
        except RorqError as error:
            print_error(error)
        except Exception as error:
            told = shortage(error)
            if told is None:
                raise
            print_error(told)
        sys.exit(1)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rorq-pipeline", prog_name="rorq")
def main() -> None:
    """Return on risk, quantified: parameters worth trading from one-second market data."""
