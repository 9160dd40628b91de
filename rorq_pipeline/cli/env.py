"""`rorq env`: shell lines after which Dagster's own commands run as typed."""

import os
import shlex
import sys
from pathlib import Path

import click

from rorq_pipeline.cli.common import brought, error_console
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.ranges import range_or_latest

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.

_PREFIX = "DAGSTER_CLI_ASSET_MATERIALIZE_"


@click.command()
@click.argument("date_range", metavar="[RANGE]", required=False)
def command(date_range: str | None) -> None:
    """Print shell lines for Dagster's own commands: eval "$(rorq env)".

    RANGE is a backtest range such as 2023-01-03_2023-01-31, or QQQ_2023-01-03_2023-01-31; by
    default the latest one that the sensor would choose: three calendar months that end with that
    of the latest cached session, unless RORQ_RANGE_RULE says otherwise. It is registered as a
    partition, and the database is started. The lines hold the database password.
    """
    from optimize.database.connect import ensure_database
    from rorq_pipeline.automation.settings import AutomationSettings
    from rorq_pipeline.dagster_support.instance import (
        DEFINITIONS_MODULE,
        instance_environment,
        project_instance,
    )
    from rorq_pipeline.dagster_support.partitions import register_range

    paths = ProjectPaths.resolve()
    grouping = AutomationSettings.from_environment().groupings()[0]
    cache = paths.cache if date_range else brought(paths, grouping.ticker)
    chosen = range_or_latest(date_range, cache, grouping)
    settings = ensure_database(paths.root, keep_running=True)
    with project_instance(paths) as instance:
        register_range(instance, chosen)
    variables = {
        **paths.environment(),
        **instance_environment(paths, settings),
        f"{_PREFIX}MODULE_NAME": DEFINITIONS_MODULE,
        f"{_PREFIX}PARTITION": chosen.key,
    }
    bin_folder = str(Path(sys.executable).parent)
    if bin_folder not in os.environ.get("PATH", "").split(os.pathsep):
        click.echo(f'export PATH={shlex.quote(bin_folder)}:"$PATH"')
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")
    error_console.print(f"range {chosen.key}; DAGSTER_HOME {variables['DAGSTER_HOME']}")
