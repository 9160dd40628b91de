"""`rorq dashboard`: Optuna's own pages on the studies of this checkout."""

import click

from rorq_pipeline.cli.common import error_console
from rorq_pipeline.cli.ports import address_options, require_free_port
from rorq_pipeline.project.page_addresses import DASHBOARD_PORT
from rorq_pipeline.project.paths import ProjectPaths

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.


@click.command()
@address_options(DASHBOARD_PORT)
def command(port: int, host: str) -> None:
    """Open optuna-dashboard on the studies; Ctrl-C ends it."""
    from optuna_dashboard import run_server  # type: ignore[import-untyped]

    from optimize.database.connect import ensure_database
    from optimize.storage.schema import rdb_storage

    require_free_port(host, port)
    settings = ensure_database(ProjectPaths.resolve().root)
    storage = rdb_storage(settings)
    error_console.print(f"studies of {settings.address} on http://{host}:{port}")
    run_server(storage, host=host, port=port)
