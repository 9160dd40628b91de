"""Where the surface meets the study: the candidates side by side.

A search space that is too large for a surface has none, which is no error: the study is made for
such spaces. There `smooth` chooses among the study's best trials.
"""

from collections.abc import Sequence
from pathlib import Path

from optimize.choice.candidates import Candidate, Selection, compare_selections
from optimize.choice.policies import Policy
from optimize.choice.sub_grids import compare_trials
from rorq_pipeline.results.models import Optimization
from rorq_pipeline.results.surfaces import range_cells
from strategy.backtest import ENGINE_VERSION
from strategy.errors import SurfaceTooLargeError
from strategy.params import StrategyParams
from strategy.session import SessionData
from strategy.surface.cell_files import RangeCells
from strategy.surface.cells import sum_cells, surface_of_cells
from strategy.surface.result import Surface


def cells_of_study(
    optimization: Optimization, sessions: Sequence[SessionData], cache_dir: Path
) -> RangeCells | None:
    """Every combination of the study's space on its sessions; None where it is too large."""
    try:
        return range_cells(
            optimization.search_space, optimization.fixed_params, sessions, cache_dir
        )
    except SurfaceTooLargeError:
        return None


def surface_of_study(
    optimization: Optimization, cells: RangeCells | None, surface: Surface | None
) -> Surface | None:
    """Take the surface at hand if it is that of the study's data, space and engine, else make it.

    Args:
        optimization: What the asset `optimization` keeps.
        cells: Of the sessions that the study saw.
        surface: What the asset `parameter_surface` keeps, if it was made.

    Returns:
        None where the search space is too large for it.
    """
    if surface is not None and _is_of_study(surface, optimization):
        return surface
    return None if cells is None else surface_of_cells(cells.plan, cells)


def selections_of(
    optimization: Optimization,
    cells: RangeCells | None,
    surface: Surface | None,
    sessions: Sequence[SessionData],
    min_trades: int,
    nested: Policy | None = None,
) -> dict[Selection, Candidate | None]:
    """Place the study's best and what each rule chooses on the surface, or on sub-grids of it."""
    if surface is None or cells is None:
        return compare_trials(
            optimization.search_space,
            optimization.fixed_params,
            [trial.params for trial in optimization.study.top_trials],
            sessions,
            min_trades=min_trades,
        )
    sums = sum_cells(surface.space, cells)
    return compare_selections(
        surface,
        sums,
        optimization.study.best_params or None,
        min_trades=min_trades,
        place_min_trades=optimization.settings.min_trade_threshold,
        nested=nested,
    )


def _is_of_study(surface: Surface, optimization: Optimization) -> bool:
    base = StrategyParams(**optimization.fixed_params).to_json_dict()
    return (
        surface.data_fingerprint == optimization.data_fingerprint
        and surface.engine_version == ENGINE_VERSION
        and surface.space == optimization.search_space
        and surface.fixed_params.items() <= base.items()
    )
