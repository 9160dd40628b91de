"""The Dagster instance of the project: its environment, and how a rorq command opens it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from optimize.database.connect import DatabaseSettings, ensure_database
from rorq_pipeline.project.paths import ProjectPaths
from strategy.errors import DatabaseSettingsError

if TYPE_CHECKING:
    import dagster as dg

# Imported where it is used: what takes long and definitions do without (design/import_times.py).

DEFINITIONS_MODULE = "rorq_pipeline.definitions"
_INSTANCE_FILE = "dagster.yaml"


def dagster_home(paths: ProjectPaths) -> Path:
    """Return the folder with the project's dagster.yaml; a root without one gets a copy.

    The copy is refreshed whenever it is asked for, so that it never falls behind.
    """
    if (paths.root / _INSTANCE_FILE).exists():
        return paths.root
    home = paths.state / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(__file__).parents[2] / _INSTANCE_FILE, home / _INSTANCE_FILE)
    return home


def instance_environment(paths: ProjectPaths, settings: DatabaseSettings) -> dict[str, str]:
    """Environment variables that make Dagster's own commands use this project and database.

    Raises:
        DatabaseSettingsError: Dagster would read another database name out of its URL.
    """
    if "?" in settings.database or unquote(settings.database) != settings.database:
        raise DatabaseSettingsError(
            f"PG_DATABASE is {settings.database!r}, which Dagster takes for a part of a URL",
            expected="a name without ? and without % before two hex digits",
            remedy="rename the database (ALTER DATABASE … RENAME TO …), or name another",
        )
    return {"DAGSTER_HOME": str(dagster_home(paths)), **settings.environment()}


@contextmanager
def project_instance(paths: ProjectPaths) -> Iterator["dg.DagsterInstance"]:
    """Open the project's Dagster instance, with its database up and lost runs cleared away."""
    import dagster as dg  # two seconds: only where an instance is opened

    from rorq_pipeline.dagster_support.internals import InstanceRef, NoOpComputeLogManager
    from rorq_pipeline.dagster_support.launcher import fail_lost_runs  # imports dagster

    settings = ensure_database(paths.root)
    os.environ.update(instance_environment(paths, settings))
    # What a command prints goes to its terminal as it is. Dagster leads it through helpers, which
    # Ctrl-C ends, with tracebacks, before the command can say that it stops.
    logs = {"module": NoOpComputeLogManager.__module__, "class": NoOpComputeLogManager.__name__}
    overrides = {"compute_logs": logs}
    reference = InstanceRef.from_dir(os.environ["DAGSTER_HOME"], overrides=overrides)
    with dg.DagsterInstance.from_ref(reference) as instance:
        fail_lost_runs(instance)
        yield instance


def workspace_file(paths: ProjectPaths) -> Path:
    """Return the project's workspace.yaml, else that of the checkout."""
    own = paths.root / "workspace.yaml"
    return own if own.exists() else Path(__file__).parents[2] / "workspace.yaml"
