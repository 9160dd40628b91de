"""Which combination to publish, and how far the study's best is from the exact best.

What was found by the study and what each rule of choice takes stand side by side.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from optimize.choice.grid import Grid
from optimize.choice.rules import RULES
from strategy.surface.cells import GridSums
from strategy.surface.plateau import Neighbourhoods, neighbourhoods
from strategy.surface.result import Surface, SurfacePoint

Selection = Literal["study_best", "exact_best", "plateau", "lower_bound", "smooth"]
SELECTIONS: tuple[Selection, ...] = get_args(Selection)
DEFAULT_SELECTION: Selection = "smooth"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One selection's combination and its place on the surface."""

    selection: Selection
    combination: dict[str, Any]
    promised_percent: float  # return on risk: the figure that the rule maximises
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
    surface: Surface, sums: GridSums, study_best: Mapping[str, Any] | None, *, min_trades: int
) -> dict[Selection, Candidate | None]:
    """Place what the study and each rule chose on the surface; None for what does not exist.

    Args:
        surface: Every combination.
        sums: The same sums, with the spread of the sessions.
        study_best: The study's best combination, if it has one.
        min_trades: Of a combination that a rule may choose; the study has its own.
    """
    grid = Grid.of(surface.space)
    around = neighbourhoods(surface, min_trades)
    found: dict[Selection, Candidate | None] = dict.fromkeys(SELECTIONS)
    if study_best:
        point = surface.rank_of(study_best, min_trades)
        found["study_best"] = _candidate("study_best", point, None, surface, around)
    for name in SELECTIONS[1:]:
        choice = RULES[name](sums, grid, [min_trades])[0]
        if choice is not None:
            point = surface.rank_of(surface.space.combination(choice.index), min_trades)
            found[name] = _candidate(name, point, choice.promised_percent, surface, around)
    return found


def _candidate(
    selection: Selection,
    point: SurfacePoint,
    promised_percent: float | None,
    surface: Surface,
    around: Neighbourhoods,
) -> Candidate:
    at = surface.space.grid.position(point.index)
    value = point.return_on_risk_percent
    return Candidate(
        selection=selection,
        combination=point.combination,
        promised_percent=value if promised_percent is None else promised_percent,
        return_on_risk_percent=value,
        total_trades=point.total_trades,
        rank=point.rank,
        n_valid=point.n_valid,
        neighbours_mean_percent=_number(around.mean_percent[at]),
        neighbours_worst_percent=_number(around.worst_percent[at]),
    )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
