"""The search space with two lines more, and what is built on it.

`python -m tests.strategy.surface.tenth_dimension` is a process of its own, because everything that
imports the search space takes the dimensions from it once.
"""

import importlib.util
import sys
import tempfile
from pathlib import Path
from random import Random

import numpy as np

_MARK = "DIMENSIONS = (\n"
_FIRST = '    Dimension("slippage_amount", (0.0, 0.02, 0.05)),\n'
_LAST = '    Dimension("latency_seconds", (0, 3)),\n)\n_BY_NAME'


def extend_the_space() -> None:
    """Load strategy/space.py with a dimension before and one behind the others."""
    source = Path("strategy/space.py").read_text(encoding="utf-8")
    assert source.count(_MARK) == source.count(")\n_BY_NAME") == 1
    source = source.replace(_MARK, _MARK + _FIRST).replace(")\n_BY_NAME", _LAST)
    with tempfile.NamedTemporaryFile("w", suffix=".py", encoding="utf-8") as file:
        file.write(source)
        file.flush()
        spec = importlib.util.spec_from_file_location("strategy.space", file.name)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["strategy.space"] = module
        spec.loader.exec_module(module)


def main() -> None:
    """Compare every kind of sum with single backtests."""
    extend_the_space()
    # Imported here, so that they meet the longer space.
    from optimize.statistics.block_sums import QUANTUM_USD, surface_trials
    from strategy.backtest import run_backtest
    from strategy.costs import cost_weights
    from strategy.surface.cells import make_session_cell, surface_of_cells
    from strategy.surface.compute import SurfacePlan, compute_surface
    from strategy.surface.store import read_surface, write_surface
    from tests.strategy.surface.made_surfaces import SPACE, made_sessions

    space = SPACE.replacing(slippage_amount=(0.0, 0.02, 0.05), latency_seconds=(0, 3))
    assert space.shape == (3, *SPACE.shape[1:-1], 2)
    fixed = {"contracts_per_trade": 2}
    sessions = made_sessions(3)
    surface = compute_surface(space, fixed, sessions, n_blocks=2)
    plan = SurfacePlan.of(space, fixed)
    cells = [make_session_cell(plan, one) for one in sessions]
    joined = surface_of_cells(plan, cells, n_blocks=2)
    with tempfile.TemporaryDirectory() as folder:
        write_surface(surface, Path(folder) / "surface.parquet")
        stored = read_surface(Path(folder) / "surface.parquet")
    assert stored.space == space
    random = Random(3)
    n_trades = 0
    for _ in range(300):
        index = random.randrange(space.size)
        params = space.strategy_params(space.combination(index), fixed)
        metrics = run_backtest(params, sessions).metrics
        for found in (surface, joined, stored):
            assert found.total_trades.flat[index] == metrics.total_trades
            np.testing.assert_allclose(
                found.net_pnl_usd.flat[index], metrics.net_pnl_usd, 1e-9, 1e-6
            )
        n_trades += metrics.total_trades
    assert n_trades > 300
    trials = surface_trials(surface, min_trades=1)
    for row in random.sample(range(trials.n_trials), 300):
        params = space.strategy_params(space.combination(int(trials.combination[row])), fixed)
        found = trials.cost_per_trade[row] * QUANTUM_USD
        expected = cost_weights(params, [params.stop_loss_percent]).per_trade_usd
        np.testing.assert_allclose(found, expected, atol=1e-9)
    sys.stdout.write("agreed\n")


if __name__ == "__main__":
    main()
