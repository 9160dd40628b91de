"""Where the surface meets the study: regret, and the three selections side by side.

A search space that is too large for a surface has neither, which is no error: the study is made
for such spaces.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from strategy.errors import StudyError, SurfaceTooLargeError

if TYPE_CHECKING:
    from optimize.choice.candidates import Candidate, Regret, Selection
    from strategy.session import SessionData
    from strategy.space import SearchSpace
    from strategy.surface.result import Surface


def exact_surface(
    sessions: "Sequence[SessionData]", space: "SearchSpace", fixed_params: Mapping[str, Any]
) -> "Surface | None":
    """Evaluate every combination; None where the search space is too large for that."""
    from strategy.surface.compute import compute_surface

    try:
        return compute_surface(space, fixed_params, sessions)
    except SurfaceTooLargeError:
        return None


def regret_of_study(
    sessions: "Sequence[SessionData]",
    space: "SearchSpace",
    fixed_params: Mapping[str, Any],
    *,
    study_best: Mapping[str, Any] | None,
    min_trades: int,
    n_complete_trials: int,
) -> "Regret | None":
    """Measure the study's best against the exact best; None where there is no such measure."""
    from optimize.choice.candidates import measure_regret

    surface = exact_surface(sessions, space, fixed_params)
    if surface is None:
        return None
    return measure_regret(
        surface, study_best, min_trades=min_trades, n_complete_trials=n_complete_trials
    )


def surface_of_study(
    optimization: Mapping[str, Any],
    sessions: "Sequence[SessionData]",
    surface: "Surface | None",
) -> "Surface | None":
    """Take the surface at hand if it is that of the study's data, space and engine, else make it.

    Args:
        optimization: What the asset `optimization` keeps.
        sessions: The sessions that the study saw.
        surface: What the asset `parameter_surface` keeps, if it was made.
    """
    from strategy.params import StrategyParams
    from strategy.space import SearchSpace

    space = SearchSpace.from_mapping(optimization["search_space"])
    fixed = dict(optimization["fixed_params"])
    if surface is not None:
        from strategy.backtest import ENGINE_VERSION

        base = StrategyParams(**fixed).to_json_dict()
        same = (
            surface.data_fingerprint == optimization["data_fingerprint"]
            and surface.engine_version == ENGINE_VERSION
            and surface.space == space
            and surface.fixed_params.items() <= base.items()
        )
        if same:
            return surface
    return exact_surface(sessions, space, fixed)


def selections_of(
    optimization: Mapping[str, Any], surface: "Surface | None"
) -> "dict[Selection, Candidate | None]":
    """Place study best, exact best and plateau on the surface; empty without a surface."""
    from optimize.choice.candidates import compare_selections

    if surface is None:
        return {}
    return compare_selections(
        surface,
        optimization["best_params"],
        min_trades=optimization["settings"]["min_trade_threshold"],
    )


def require_candidate(
    selection: "Selection", candidates: "Mapping[Selection, Candidate | None]"
) -> "Candidate":
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
