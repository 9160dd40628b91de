"""The cluster that a project's cells are made on: RORQ_CLUSTER, or none."""

import os
from pathlib import Path

from optimize.cluster.cells import CellsOnCluster, Progress
from optimize.cluster.settings import ClusterSettings
from rorq_pipeline.project.paths import ProjectPaths

NAME = "RORQ_CLUSTER"


def find_cluster() -> ClusterSettings | None:
    """Return where the scheduler is; None where threads do the work.

    Raises:
        ParameterError: what is set is no address.
    """
    address = os.environ.get(NAME, "").strip()
    return ClusterSettings(address=address) if address else None


def cells_on_cluster(
    paths: ProjectPaths, cache_dir: Path, on_progress: Progress | None = None
) -> CellsOnCluster | None:
    """Return what makes absent cells; None where threads do."""
    settings = find_cluster()
    if settings is None:
        return None
    return CellsOnCluster(
        settings=settings,
        cache_dir=cache_dir.resolve(),
        prepared_dir=paths.prepared,
        on_progress=on_progress,
    )
