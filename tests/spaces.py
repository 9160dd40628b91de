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


TOO_LARGE = {  # 10**8 combinations: some 50 GB of sums
    "stretch_threshold": [0.001 + 1e-5 * n for n in range(100)],
    "take_profit_percent": list(range(10, 110)),
    "stop_loss_percent": list(range(-1, -101, -1)),
    "max_trade_duration_seconds": list(range(60, 160)),
}
