"""When a surface at hand is that of the study, so that no other is made."""

from typing import Any

import pytest

from rorq_pipeline.results.models import Optimization
from rorq_pipeline.results.selections import surface_of_study
from strategy.backtest import ENGINE_VERSION
from strategy.surface.result import Surface, SurfaceSums
from tests.rorq_pipeline.report.fixtures import optimization
from tests.spaces import space_of

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
    at_hand = surface()
    assert surface_of_study(studied(), None, at_hand) is at_hand


@pytest.mark.parametrize("changes", [
    {"data_fingerprint": "cd" * 32},
    {"engine_version": "0"},
    {"space": space_of(take_profit_percent=[25, 75])},
    {"fixed_params": {"latency_seconds": 2}},
])  # fmt: skip
def test_one_that_differs_in_one_thing_is_not(changes: dict[str, Any]) -> None:
    assert surface_of_study(studied(), None, surface(**changes)) is None


def test_without_any_there_is_none() -> None:
    assert surface_of_study(studied(), None, None) is None
