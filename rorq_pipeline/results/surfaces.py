"""The exact surface of a range: evaluated once a session, kept as month cells, and added up.

Whichever asset needs it first evaluates the sessions that no cell is kept of; the others, and other
ranges with the same sessions, read the cells.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rorq_pipeline.project.choices import cell_store
from rorq_pipeline.project.paths import ProjectPaths
from strategy.session import SessionData
from strategy.space import SearchSpace
from strategy.surface.cell_files import RangeCells
from strategy.surface.cells import surface_of_cells
from strategy.surface.compute import (
    DEFAULT_BLOCKS,
    MAX_SURFACE_BYTES,
    SurfacePlan,
    require_affordable,
    surface_bytes,
    work_bytes,
)
from strategy.surface.result import Surface


def exact_surface(
    space: SearchSpace,
    fixed_params: Mapping[str, Any],
    sessions: Sequence[SessionData],
    cache_dir: Path,
    *,
    max_bytes: int = MAX_SURFACE_BYTES,
) -> Surface:
    """Return the value of every combination on these sessions of one ticker.

    Raises:
        SurfaceTooLargeError: more than `max_bytes` would be taken.
        ParameterError: a fixed parameter that the strategy does not admit, or that is searched.
    """
    cells = range_cells(space, fixed_params, sessions, cache_dir, max_bytes=max_bytes)
    return surface_of_cells(cells.plan, cells)


def range_cells(
    space: SearchSpace,
    fixed_params: Mapping[str, Any],
    sessions: Sequence[SessionData],
    cache_dir: Path,
    *,
    max_bytes: int = MAX_SURFACE_BYTES,
) -> RangeCells:
    """Return the project's month cells of these sessions; errors as of `exact_surface`.

    A cluster loads them from the cache folder for itself.
    """
    plan = SurfacePlan.of(space, fixed_params)
    require_affordable(
        space,
        n_sessions=len(sessions),
        needed_bytes=surface_bytes(space, min(DEFAULT_BLOCKS, len(sessions))) + work_bytes(space),
        max_bytes=max_bytes,
    )
    return cell_store(ProjectPaths.resolve(), plan, cache_dir).of_sessions(sessions)
