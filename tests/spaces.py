"""Search spaces of a few values, for tests."""

from collections.abc import Sequence
from typing import Any

from strategy.params import StrategyParams
from strategy.space import SearchSpace


def space_of(**dimensions: Sequence[Any]) -> SearchSpace:
    """These dimensions, and of any other the strategy's default alone."""
    return SearchSpace.of(StrategyParams()).replacing(**dimensions)
