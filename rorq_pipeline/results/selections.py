"""Where the surface meets the study: the candidates side by side.

A search space that is too large for a surface has none, which is no error: the study is made for
such spaces.
"""

from collections.abc import Mapping, Sequence

from optimize.choice.candidates import Candidate, Selection, compare_selections
from rorq_pipeline.results.models import Optimization
from rorq_pipeline.results.surfaces import exact_surface
from strategy.backtest import ENGINE_VERSION
from strategy.errors import StudyError, SurfaceTooLargeError
from strategy.params import StrategyParams
from strategy.session import SessionData
from strategy.surface.result import Surface


def surface_of_study(
    optimization: Optimization, sessions: Sequence[SessionData], surface: Surface | None
) -> Surface | None:
    """Take the surface at hand if it is that of the study's data, space and engine, else make it.

    Args:
        optimization: What the asset `optimization` keeps.
        sessions: The sessions that the study saw.
        surface: What the asset `parameter_surface` keeps, if it was made.

    Returns:
        None where the search space is too large for it.
    """
    if surface is not None and _is_of_study(surface, optimization):
        return surface
    try:
        return exact_surface(optimization.search_space, optimization.fixed_params, sessions)
    except SurfaceTooLargeError:
        return None


def selections_of(
    optimization: Optimization, surface: Surface | None
) -> dict[Selection, Candidate | None]:
    """Place study best, exact best and plateau on the surface; empty without a surface."""
    if surface is None:
        return {}
    return compare_selections(
        surface,
        optimization.study.best_params,
        min_trades=optimization.settings.min_trade_threshold,
    )


def require_candidate(
    selection: Selection, candidates: Mapping[Selection, Candidate | None]
) -> Candidate:
    """Return a selection's candidate.

    Raises:
        StudyError: it does not exist.
    """
    candidate = candidates.get(selection)
    if candidate is None:
        raise StudyError(
            f"there is no {selection} to publish",
            expected="a search space small enough for the exact surface, and a combination with "
            "enough trades",
            remedy="select study_best, or lower min_trade_threshold",
        )
    return candidate


def _is_of_study(surface: Surface, optimization: Optimization) -> bool:
    base = StrategyParams(**optimization.fixed_params).to_json_dict()
    return (
        surface.data_fingerprint == optimization.data_fingerprint
        and surface.engine_version == ENGINE_VERSION
        and surface.space == optimization.search_space
        and surface.fixed_params.items() <= base.items()
    )
