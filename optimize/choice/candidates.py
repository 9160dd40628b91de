"""Which combination to publish, and how far the study's best is from the exact best.

What was found by the study and what each rule of choice takes stand side by side.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from optimize.choice.grid import Grid
from optimize.choice.policies import Policy
from optimize.choice.rules import RULES
from strategy.surface.cells import GridSums
from strategy.surface.plateau import Neighbourhoods, neighbourhoods
from strategy.surface.result import Surface

Selection = Literal["study_best", "exact_best", "plateau", "lower_bound", "smooth", "nested"]
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
    rank: int | None  # among all that count, 1 is the best; None if it does not count itself
    n_valid: int  # combinations that count: with the study's least trades
    neighbours_mean_percent: float | None  # None without a neighbour that counts
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
            f"{self.exact_best_percent:.2f}%, rank {self.rank:,} of {self.n_valid:,} "
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
    surface: Surface,
    sums: GridSums,
    study_best: Mapping[str, Any] | None,
    *,
    min_trades: int,
    place_min_trades: int,
    nested: Policy | None = None,
) -> dict[Selection, Candidate | None]:
    """Place what the study and each rule chose on the surface; None for what does not exist.

    Args:
        surface: Every combination.
        sums: The same sums, with the spread of the sessions.
        study_best: The study's best combination, if it has one.
        min_trades: Of a combination that a rule may choose.
        place_min_trades: Of a combination that counts where ranks are told and neighbours looked
            at: the study's, as in its regret, so that a combination has one rank.
        nested: The policy that was best on the months before; None where that was not asked.
    """
    grid = Grid.of(surface.space)
    around = neighbourhoods(surface, place_min_trades)
    found: dict[Selection, Candidate | None] = dict.fromkeys(SELECTIONS)
    if study_best:
        found["study_best"] = _candidate(
            "study_best", study_best, None, surface, around, place_min_trades
        )
    asked: dict[Selection, tuple[str, int]] = {
        name: (name, min_trades) for name in SELECTIONS if name in RULES
    }
    if nested is not None:
        asked["nested"] = (nested.rule, nested.min_trades(sums.n_sessions))
    for name, (rule, least) in asked.items():
        choice = RULES[rule](sums, grid, [least])[0]
        if choice is not None:
            combination = surface.space.combination(choice.index)
            found[name] = _candidate(
                name, combination, choice.promised_percent, surface, around, place_min_trades
            )
    return found


def _candidate(
    selection: Selection,
    combination: Mapping[str, Any],
    promised_percent: float | None,
    surface: Surface,
    around: Neighbourhoods,
    min_trades: int,
) -> Candidate:
    point = surface.rank_of(combination, min_trades)
    at = surface.space.grid.position(point.index)
    value = point.return_on_risk_percent
    return Candidate(
        selection=selection,
        combination=point.combination,
        promised_percent=value if promised_percent is None else promised_percent,
        return_on_risk_percent=value,
        total_trades=point.total_trades,
        rank=point.rank if point.total_trades >= min_trades else None,
        n_valid=point.n_valid,
        neighbours_mean_percent=_number(around.mean_percent[at]),
        neighbours_worst_percent=_number(around.worst_percent[at]),
    )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
