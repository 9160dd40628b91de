"""When a surface at hand is that of the study, and what is compared where there is none."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rorq_pipeline.results.models import Optimization
from rorq_pipeline.results.selections import cells_of_study, selections_of, surface_of_study
from strategy.backtest import ENGINE_VERSION
from strategy.params import StrategyParams
from strategy.surface.result import Surface, SurfaceSums
from tests.rorq_pipeline.report.fixtures import fabricated_sessions, optimization
from tests.spaces import TOO_LARGE, space_of

SPACE = space_of()
FIXED = {"ticker": "SPY", "latency_seconds": 3}


def studied() -> Optimization:
    changes = {"search_space": SPACE, "fixed_params": FIXED, "data_fingerprint": "ab" * 32}
    return optimization().model_copy(update=changes)


def surface(**changes: Any) -> Surface:
    """Of no session; by its labels alone it is the study's, until they are changed."""
    fields: dict[str, Any] = {
        "space": SPACE, "fixed_params": {"latency_seconds": 3}, "engine_version": ENGINE_VERSION,
        "data_fingerprint": "ab" * 32, "session_dates": (), "block_of_session": (),
        "sums": SurfaceSums.zeros(SPACE, 1),
    }  # fmt: skip
    return Surface(**(fields | changes))


def test_the_surface_at_hand_is_taken_where_it_is_the_studys() -> None:
    at_hand = surface(space=space_of())
    assert surface_of_study(studied(), None, at_hand) is at_hand
    whole = surface(fixed_params=StrategyParams(latency_seconds=3).to_json_dict())
    assert surface_of_study(studied(), None, whole) is whole


@pytest.mark.parametrize("changes", [
    {"data_fingerprint": "cd" * 32},
    {"data_fingerprint": "01" * 32},
    {"engine_version": "0"},
    {"engine_version": "A"},
    {"space": space_of(take_profit_percent=[25, 75])},
    {"fixed_params": {"latency_seconds": 2}},
])  # fmt: skip
def test_one_that_differs_in_one_thing_is_not(changes: dict[str, Any]) -> None:
    assert surface_of_study(studied(), None, surface(**changes)) is None


def test_without_any_there_is_none() -> None:
    assert surface_of_study(studied(), None, None) is None


def test_a_space_that_is_too_large_has_no_cells(tmp_path: Path) -> None:
    large = studied().model_copy(update={"search_space": space_of(**TOO_LARGE)})
    assert cells_of_study(large, (), tmp_path) is None


def test_without_cells_the_studys_best_trials_are_compared() -> None:
    """Also where a surface is at hand, which lacks the spread of the sessions."""
    made = optimization()
    study = replace(made.study, top_trials=made.study.top_trials[:2])
    made, sessions = made.model_copy(update={"study": study}), fabricated_sessions()[:2]
    alone = selections_of(made, None, None, sessions, min_trades=1)
    assert alone.keys() == {"study_best", "smooth"}
    best = alone["study_best"]
    assert best is not None
    assert (best.combination, best.n_valid) == (dict(study.top_trials[0].params), 2)
    assert selections_of(made, None, surface(), sessions, min_trades=1) == alone
