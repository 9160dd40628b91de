"""The cluster that a project's cells are made on: RORQ_CLUSTER, or none."""

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from optimize.cluster.settings import ClusterSettings, require_installed
from rorq_pipeline.project.paths import ProjectPaths
from strategy.errors import ClusterError

if TYPE_CHECKING:
    from optimize.cluster.cells import CellsOnCluster, Progress
    from optimize.cluster.connection import ClusterState

# Imported where it is used: what takes long and definitions do without (design/import_times.py).

NAME = "RORQ_CLUSTER"
_LOOK_SECONDS = 5.0


def find_cluster() -> ClusterSettings | None:
    """Return where the scheduler is; None where threads do the work.

    Raises:
        ParameterError: what is set is no address.
    """
    address = os.environ.get(NAME, "").strip()
    return ClusterSettings(address=address) if address else None


def cells_on_cluster(
    paths: ProjectPaths, cache_dir: Path, on_progress: "Progress | None" = None
) -> "CellsOnCluster | None":
    """Return what makes absent cells; None where threads do."""
    from optimize.cluster.cells import CellsOnCluster

    settings = find_cluster()
    if settings is None:
        return None
    return CellsOnCluster(
        settings=settings,
        cache_dir=cache_dir.resolve(),
        prepared_dir=paths.prepared,
        on_progress=on_progress,
    )


def look_at_cluster() -> "ClusterState | None":
    """Return what the cluster is like; None where none is set.

    Raises:
        ClusterError: there is none at the address, or none that could do the work.
        ParameterError: what is set is no address.
    """
    settings = find_cluster()
    if settings is None:
        return None
    require_installed()
    from optimize.cluster.connection import look_at

    return look_at(replace(settings, connect_seconds=_LOOK_SECONDS))


def dashboard_url() -> str | None:
    """Return where the cluster shows what it does; None where there is no such place."""
    with suppress(ClusterError):
        state = look_at_cluster()
        return state.dashboard_url if state else None
    return None
