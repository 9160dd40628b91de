"""Which combination to publish, and how far the study's best is from the exact best.

Three selections stand side by side: the study's best, the surface's best, and the best plateau,
which is the combination with the best mean over itself and its neighbours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from strategy.surface.plateau import Neighbourhoods, best_plateau, neighbourhoods
from strategy.surface.result import Surface, SurfacePoint

Selection = Literal["study_best", "exact_best", "plateau"]
SELECTIONS: tuple[Selection, ...] = ("study_best", "exact_best", "plateau")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One selection's combination and its place on the surface."""

    selection: Selection
    combination: dict[str, Any]
    return_on_risk_percent: float
    total_trades: int
    rank: int  # among all combinations with enough trades, 1 is the best
    n_valid: int  # combinations with enough trades
    neighbours_mean_percent: float | None  # None without a neighbour that has enough trades
    neighbours_worst_percent: float | None


@dataclass(frozen=True, kw_only=True)
class Regret:
    """What the search left on the table: the exact best less the study's best."""

    regret_percent_points: float  # of return on risk
    study_best_percent: float
    exact_best_percent: float
    rank: int  # of the study's best among all combinations with enough trades
    n_valid: int
    n_complete_trials: int

    @property
    def text(self) -> str:
        """One sentence for people."""
        return (
            f"after {self.n_complete_trials:,} completed trials the study's best is "
            f"{self.regret_percent_points:.2f} percent points below the exact best of "
            f"{self.exact_best_percent:.2f} %, rank {self.rank:,} of {self.n_valid:,} "
            "combinations with enough trades"
        )


def measure_regret(
    surface: Surface,
    study_best: Mapping[str, Any] | None,
    *,
    min_trades: int,
    n_complete_trials: int,
) -> Regret | None:
    """Measure a study's best combination against the exact best of the same data and space.

    Returns:
        None where the study has no best, or no combination has enough trades.
    """
    best = surface.best(min_trades)
    if study_best is None or best is None:
        return None
    place = surface.rank_of(study_best, min_trades)
    return Regret(
        regret_percent_points=best.return_on_risk_percent - place.return_on_risk_percent,
        study_best_percent=place.return_on_risk_percent,
        exact_best_percent=best.return_on_risk_percent,
        rank=place.rank,
        n_valid=place.n_valid,
        n_complete_trials=n_complete_trials,
    )


def compare_selections(
    surface: Surface, study_best: Mapping[str, Any] | None, *, min_trades: int
) -> dict[Selection, Candidate | None]:
    """Place the three selections on the surface; None for one that does not exist."""
    around = neighbourhoods(surface, min_trades)
    points: dict[Selection, SurfacePoint | None] = {
        "study_best": surface.rank_of(study_best, min_trades) if study_best else None,
        "exact_best": surface.best(min_trades),
        "plateau": best_plateau(surface, min_trades, around),
    }
    return {
        name: None if point is None else _candidate(name, point, surface, around)
        for name, point in points.items()
    }


def _candidate(
    selection: Selection, point: SurfacePoint, surface: Surface, around: Neighbourhoods
) -> Candidate:
    at = surface.space.grid.position(point.index)
    return Candidate(
        selection=selection,
        combination=point.combination,
        return_on_risk_percent=point.return_on_risk_percent,
        total_trades=point.total_trades,
        rank=point.rank,
        n_valid=point.n_valid,
        neighbours_mean_percent=_number(around.mean_percent[at]),
        neighbours_worst_percent=_number(around.worst_percent[at]),
    )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
