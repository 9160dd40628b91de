"""Search spaces of a few values, for tests."""

from collections.abc import Sequence
from typing import Any

from strategy.params import StrategyParams
from strategy.space import SearchSpace


def space_of(**dimensions: Sequence[Any]) -> SearchSpace:
    """These dimensions, and of any other the strategy's default alone."""
    return SearchSpace.of(StrategyParams()).replacing(**dimensions)


def holding(space: SearchSpace, **params: Any) -> tuple[SearchSpace, dict[str, Any]]:
    """The space and the fixed parameters that give these values, whichever of them are searched."""
    searched = {name: [value] for name, value in params.items() if name in space}
    return space.replacing(**searched), {n: v for n, v in params.items() if n not in searched}
