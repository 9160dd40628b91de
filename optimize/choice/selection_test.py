"""The selection test: could a choice as good as this come from data in which nothing pays?

The null distribution is that of the *whole* choice, rule included, on the range's own data: the
sessions are cut into blocks, each block's P&L keeps its sign or changes it, for all combinations
at once, and the rule chooses anew. If no combination earns, and a block's P&L is as likely to be
above zero as below, each draw is as likely as what happened (Fisher's randomisation test; the
maximum over all combinations makes it Westfall and Young's). Sums are linear in the signs, and so
is smoothing, so that all draws are one product of matrices and a maximum each.

Two forms: of the value, the figure that the rule maximises, and of its t, each combination's value
over its own dispersion over the blocks; flips leave the latter as it is.

Trading costs put the mean of most combinations below zero, and of many far below. Such a test is
conservative then: without any edge its p-values lie near one. `before_costs` centres at the costs
instead: it asks whether there is anything at all that is more than luck, which is not yet money.

Superior ability (Hansen 2005) is told beside it, over the same combinations: blocks are drawn with
replacement, means are set to zero, and those of combinations that are plainly worse stay.
"""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from optimize.choice.grid import Axis, Grid
from optimize.choice.kernels import raise_to_maxima
from optimize.choice.rules import smoothed
from strategy.costs import CostWeights
from strategy.session import FloatArray, IntArray
from strategy.surface.cells import SessionCell, block_numbers, sum_cells

N_DRAWS = 1_000
MAX_BLOCKS = 21  # three sessions each in three months; 2 million patterns of signs
MIN_BLOCKS = 6  # below, the least possible p-value is above 0.03
LINEAR_RULES = ("exact_best", "smooth")
_CHUNK = 16_384  # combinations between two looks at whether the rest can matter
_WORKERS = 2
SingleArray = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False, kw_only=True)
class BlockValues:
    """What each block of sessions adds to the value that a rule maximises, in percent.

    Only combinations with enough trades. The value is the sum over the blocks.
    """

    combination: IntArray  # (n_valid,), index in the search space
    values: SingleArray  # (n_valid, n_blocks), net P&L over the risk of all blocks
    costs: SingleArray  # (n_valid,), fees and slippage over the risk of all blocks
    cost_shares: SingleArray  # (n_valid, n_blocks), the costs of each block
    n_sessions: int

    @property
    def n_blocks(self) -> int:
        """Blocks of sessions."""
        return int(self.values.shape[1])


@dataclass(frozen=True, kw_only=True)
class SelectionTest:
    """P-values of the hypothesis that nothing pays; None where there are too few blocks."""

    p_value_fraction: float | None  # of the value
    t_p_value_fraction: float | None  # of its t
    before_costs_p_value_fraction: float | None  # of the value, centred at the costs
    superior_ability_p_value_fraction: float | None  # Hansen's consistent one
    best_value_percent: float | None
    null_median_percent: float | None  # of the best value in the draws
    n_combinations: int
    n_blocks: int
    n_sessions: int
    n_draws: int


def block_values(
    cells: Collection[SessionCell],
    grid: Grid,
    *,
    rule: str,
    min_trades: int,
    costs: CostWeights,
    max_blocks: int = MAX_BLOCKS,
) -> BlockValues:
    """Add up the sessions by block, as equal in length as can be, and smooth as the rule does.

    Args:
        cells: Of the range's sessions, in order; gone through twice.
        grid: Of their search space.
        rule: One of `LINEAR_RULES`.
        min_trades: Of a combination that may be chosen, over all sessions.
        costs: Fees and slippage that the net P&L contains, by the grid's stop losses.
        max_blocks: At most so many blocks.
    """
    if rule not in LINEAR_RULES:
        raise ValueError(f"the rule {rule} is not linear in the P&L")
    total = sum_cells(grid.space, cells)
    risk = _as_chosen(total.risk_usd, (grid.stop_axis,), grid, rule)
    sets = np.flatnonzero((total.total_trades[:, 0] >= max(min_trades, 1)) & (risk > 0).all(axis=1))
    stops = np.arange(grid.n_exits) // grid.n_durations % grid.n_stops
    percent = 100.0 / risk[sets][:, stops]  # a dollar in percent, (n_sets, n_exits)
    n_blocks = min(max_blocks, len(cells))
    values = np.empty((percent.size, n_blocks), np.float32)
    shares = np.empty_like(values)
    numbered = zip(block_numbers(len(cells), n_blocks), cells, strict=True)
    for column, rows in groupby(numbered, key=itemgetter(0)):
        sums = sum_cells(grid.space, (cell for _, cell in rows))
        net_pnl = _as_chosen(sums.net_pnl_usd, grid.exit_axes, grid, rule)
        by_stop = costs.per_trade_usd * sums.total_trades + costs.of_risk_fraction * sums.risk_usd
        by_stop = _as_chosen(by_stop, (grid.stop_axis,), grid, rule)[sets][:, stops]
        spent = by_stop + costs.of_net_pnl_fraction * net_pnl[sets]
        values[:, column] = (net_pnl[sets] * percent).ravel()
        shares[:, column] = (spent * percent).ravel()
    return BlockValues(
        combination=(grid.set_index[sets][:, None] + grid.exit_index[None, :]).ravel(),
        values=values,
        costs=shares.sum(axis=1),
        cost_shares=shares,
        n_sessions=len(cells),
    )


def selection_test(blocks: BlockValues, *, n_draws: int = N_DRAWS, seed: int = 0) -> SelectionTest:
    """Test the best value over all combinations against its null distribution."""
    n_valid, n_blocks = blocks.values.shape
    if n_blocks < MIN_BLOCKS or not n_valid:
        return SelectionTest(
            p_value_fraction=None,
            t_p_value_fraction=None,
            before_costs_p_value_fraction=None,
            superior_ability_p_value_fraction=None,
            best_value_percent=None,
            null_median_percent=None,
            n_combinations=n_valid,
            n_blocks=n_blocks,
            n_sessions=blocks.n_sessions,
            n_draws=0,
        )
    random = np.random.default_rng(seed)
    signs = _signs(random, n_blocks, n_draws)
    best = float(blocks.values.sum(axis=1).max())
    null = null_maxima(blocks.values, signs)
    gross = blocks.values + blocks.cost_shares
    return SelectionTest(
        p_value_fraction=p_value(best, null),
        t_p_value_fraction=t_p_value(blocks, n_draws=n_draws, seed=seed),
        before_costs_p_value_fraction=p_value(best, null_maxima(gross, signs, -blocks.costs)),
        superior_ability_p_value_fraction=_superior_ability(blocks, random, n_draws),
        best_value_percent=best,
        null_median_percent=float(np.median(null)),
        n_combinations=n_valid,
        n_blocks=n_blocks,
        n_sessions=blocks.n_sessions,
        n_draws=n_draws,
    )


def t_p_value(blocks: BlockValues, *, n_draws: int = N_DRAWS, seed: int = 0) -> float | None:
    """The p-value of the best t alone, which is what the verdict reads."""
    n_valid, n_blocks = blocks.values.shape
    if n_blocks < MIN_BLOCKS or not n_valid:
        return None
    signs = _signs(np.random.default_rng(seed), n_blocks, n_draws)
    spread = np.sqrt((blocks.values**2).sum(axis=1))
    scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
    best = float((blocks.values.sum(axis=1) * scale).max())
    return p_value(best, null_maxima(blocks.values * scale[:, None], signs))


def _signs(random: np.random.Generator, n_blocks: int, n_draws: int) -> SingleArray:
    return random.choice(np.array([-1, 1], np.float32), (n_blocks, n_draws))


def null_maxima(
    values: SingleArray,  # (n_valid, n_blocks)
    weights: SingleArray,  # (n_blocks, n_draws)
    offset: SingleArray | None = None,  # (n_valid,), added to each combination's sum
) -> SingleArray:
    """The largest weighted sum over all combinations, (n_draws,).

    Combinations are taken by the most that they could reach; once that is below the least maximum,
    the others cannot change any.
    """
    offset = np.zeros(len(values), np.float32) if offset is None else offset
    reach = np.abs(values).sum(axis=1) * np.abs(weights).max() + offset
    order = np.argsort(-reach)
    found = np.full((_WORKERS, weights.shape[1]), -np.inf, np.float32)
    with ThreadPoolExecutor(_WORKERS) as pool:
        for start in range(0, len(order), _CHUNK):
            rows = order[start : start + _CHUNK]
            if reach[rows[0]] < found.max(axis=0).min():
                break
            parts = [rows[worker::_WORKERS] for worker in range(_WORKERS)]
            jobs = [
                pool.submit(raise_to_maxima, values[part], weights, offset[part], row)
                for part, row in zip(parts, found, strict=True)
            ]
            for job in jobs:
                job.result()
    maxima: SingleArray = found.max(axis=0)
    return maxima


def p_value(observed: float, null: SingleArray) -> float:
    """Share of draws that reach what was observed, which counts as one of them.

    What is equal but for the rounding of sums in single precision counts as reached.
    """
    reached = null >= observed - 1e-5 * abs(observed)
    return float((1 + reached.sum()) / (1 + len(null)))


def _superior_ability(blocks: BlockValues, random: np.random.Generator, n_draws: int) -> float:
    """Hansen's consistent p-value, blocks as independent."""
    n_blocks = blocks.n_blocks
    counts = random.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), n_draws).T
    total = blocks.values.sum(axis=1)
    error = np.sqrt(n_blocks) * blocks.values.std(axis=1)
    is_worse = total <= -np.sqrt(2 * np.log(np.log(n_blocks))) * error
    stays = np.where(is_worse, total, 0).astype(np.float32)
    null = null_maxima(blocks.values, (counts - 1).astype(np.float32), stays)
    return p_value(max(float(total.max()), 0.0), np.maximum(null, 0))


def _as_chosen(sums: FloatArray, column_axes: Sequence[Axis], grid: Grid, rule: str) -> FloatArray:
    return smoothed(sums, column_axes, grid.set_axes) if rule == "smooth" else sums
