"""`rorq init`: a project folder of its own, outside the checkout."""

import json
import os
import shlex
from pathlib import Path

import click

from rorq_pipeline.cli.common import console

_RUN_CONFIG = """\
# Run config of `rorq materialize` and of automatic runs, as Dagster's launchpad shows it.
# For example:
#
# ops:
#   optimization:
#     config:
#       n_trials: 500
"""
# A workspace with this project: `dg check defs` and its kin then work in the folder too.
_DG_WORKSPACE = """\
directory_type = "workspace"

[workspace]

[[workspace.projects]]
path = {checkout}
"""
_IGNORED = "config.py\n.rorq/\nartifacts/\npolygon_cache/\n"


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Make FOLDER a project: its own cache, artifacts, settings and database.

    Files that are there already stay as they are.
    """
    folder = folder.expanduser().resolve()
    (folder / "polygon_cache").mkdir(parents=True, exist_ok=True)
    checkout = Path(__file__).parents[2]
    example = checkout / "config.example.py"
    _write_new(folder / "config.py", example.read_text(encoding="utf-8"), mode=0o600)
    _write_new(folder / "run_config.yaml", _RUN_CONFIG)
    _write_new(folder / "dg.toml", _DG_WORKSPACE.format(checkout=json.dumps(str(checkout))))
    _write_new(folder / ".gitignore", _IGNORED)
    console.print(f"{folder} is a project; every rorq command works in it after:")
    click.echo(f"export RORQ_HOME={shlex.quote(str(folder))}")
    console.print("then, to see it at work: rorq demo")


def _write_new(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a file unless there is one; a link or another's file is never followed."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
