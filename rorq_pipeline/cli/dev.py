"""`rorq dev`: Dagster's web server and daemon, with the database up."""

import os
import signal
import subprocess
import sys

import click

from rorq_pipeline.cli.common import error_console
from rorq_pipeline.cli.ports import address_options, require_free_port
from rorq_pipeline.project.paths import ProjectPaths
from strategy.errors import RorqError

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.


@click.command()
@address_options(3000)
@click.option(
    "--workspace",
    type=click.Path(exists=True, dir_okay=False),
    help="Another workspace file than the project's.",
)
def command(port: int, host: str, workspace: str | None) -> None:
    """Start the Dagster UI, its daemon and, if needed, the database.

    Ctrl-C ends UI and daemon; the embedded database goes on until `rorq db stop`.
    """
    from optimize.database.connect import ensure_database
    from rorq_pipeline.cli.leftovers import end_leftovers, mark_own
    from rorq_pipeline.dagster_support.instance import instance_environment, workspace_file

    paths = ProjectPaths.resolve()
    ended = end_leftovers(paths.root)
    if ended:
        shown = ", ".join(map(str, ended))
        error_console.print(f"ended what a killed rorq dev had left running: processes {shown}")
    require_free_port(host, port)
    settings = ensure_database(paths.root, keep_running=True)
    os.environ.update(instance_environment(paths, settings))
    mark_own(paths.root)
    target = workspace or str(workspace_file(paths))
    error_console.print(f"Dagster on http://{host}:{port}, database {settings.address}")
    _serve_reports()
    arguments = ["--workspace", target, "--host", host, "--port", str(port)]
    sys.stdout.flush()
    os.chdir(paths.root)
    # A script that starts it in the background has Ctrl-C ignored, and Dagster then SIGTERM too.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(sys.executable, [sys.executable, "-m", "dagster", "dev", *arguments])  # noqa: S606


def _serve_reports() -> None:
    """Start what serves the reports; it ends with this process, which becomes Dagster's."""
    from rorq_pipeline.project.page_addresses import REPORTS_PORT_NAME, report_address, reports_port
    from rorq_pipeline.results.artifacts import artifact_folder

    folder, port = artifact_folder("report"), reports_port()
    try:
        require_free_port("127.0.0.1", port)
    except RorqError as error:
        error_console.print(
            f"reports are not served: {error.found}, and links in Dagster lead to whatever answers "
            f"there; end it, set {REPORTS_PORT_NAME} to another port for this project, or open the "
            f"files in {folder}",
        )
        return
    arguments = [sys.executable, "-m", "rorq_pipeline.cli.report_server", str(folder)]
    subprocess.Popen([*arguments, str(port)])  # noqa: S603  our own module
    error_console.print(f"reports on {report_address('index')}")
