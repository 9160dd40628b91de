"""`rorq doctor`: is everything in place, and if not, what to do."""

import sys

import click
from rich.text import Text

from rorq_pipeline.cli.common import console
from rorq_pipeline.project.paths import ProjectPaths

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.


@click.command()
def command() -> None:
    """Check Python, packages, folders, disk, cache, database and ports.

    Each line is fine or names its remedy; the exit code is 1 if one is not fine.
    """
    from rorq_pipeline.cli.health import examine

    findings = examine(ProjectPaths.resolve())
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        mark = ("ok", "green") if finding.is_well else ("wrong", "red")
        remedy = f"; {finding.remedy}" if finding.remedy else ""
        told = f"{finding.subject:<{width}}  {finding.text}{remedy}"
        console.print(Text.assemble(mark, " " * (7 - len(mark[0])), told))
    if not all(finding.is_well for finding in findings):
        sys.exit(1)
