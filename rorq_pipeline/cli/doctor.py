"""`rorq doctor`: is everything in place, and if not, what to do."""

import sys

import click
from rich.markup import escape

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
        mark = "[green]ok[/]   " if finding.is_well else "[red]wrong[/]"
        remedy = f"; {finding.remedy}" if finding.remedy else ""
        console.print(
            f"{mark}  {finding.subject:<{width}}  {escape(finding.text + remedy)}",
            highlight=False,
        )
    if not all(finding.is_well for finding in findings):
        sys.exit(1)
