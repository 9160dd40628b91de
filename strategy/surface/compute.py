"""The exact parameter surface: every combination of a search space, evaluated, not estimated.

Sums are kept by block of consecutive sessions, which later statistics need, so the memory taken
depends on the search space and the number of blocks, not on the number of sessions.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from strategy.backtest import ENGINE_VERSION, seconds_since_open, session_clock
from strategy.errors import MissingSessionError, SurfaceTooLargeError
from strategy.kernels.codes import FILL_RULE_CODES, MODE_CODES
from strategy.kernels.grid_rows import hash_lists
from strategy.kernels.surface_entries import collect_entries
from strategy.kernels.surface_exits import trade_entries
from strategy.kernels.surface_walk import add_entries
from strategy.params import StrategyParams
from strategy.session import SessionData, combine_fingerprints
from strategy.space import SearchSpace, not_searched
from strategy.surface.layout import ENTRY_AXES, n_points, runs_of, stored_shape
from strategy.surface.result import Surface, SurfaceSums

DEFAULT_BLOCKS = 10  # even, so that blocks split into halves; 252 splits
MAX_SURFACE_BYTES = 2 * 1024**3  # the seed's space takes about 0.2 GiB
SECONDS_PER_CELL = 4e-8  # a session and core, upper bound; design/bench_surface.py measures it
ENTRIES_A_SESSION = 500  # distinct ones, an upper bound for the seed's space: it has about 250


@dataclass(frozen=True, eq=False, kw_only=True)
class _Axes:
    """The dimensions that the kernel evaluates side by side, as its arguments."""

    window_starts: npt.NDArray[np.int64]
    window_ends: npt.NDArray[np.int64]
    stretch_thresholds: npt.NDArray[np.float64]
    reclaim_thresholds: npt.NDArray[np.float64]  # (n_stretches, n_reclaims)
    cooldowns: npt.NDArray[np.int64]
    take_profits: npt.NDArray[np.float64]
    stop_losses: npt.NDArray[np.float64]
    durations: npt.NDArray[np.int64]
    depths: npt.NDArray[np.int64]
    modes: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class SurfacePlan:
    """A search space beside its fixed parameters, checked, ready to take one session after another.

    The kernel is called once for each of `runs`, see `strategy.surface.layout.runs_of`.
    """

    space: SearchSpace
    axes: _Axes
    runs: tuple[StrategyParams, ...]

    @classmethod
    def of(cls, space: SearchSpace, fixed_params: Mapping[str, Any] | None) -> "SurfacePlan":
        """Check every value beside the fixed parameters, so that kernels see none that is unsound.

        Raises:
            ParameterError: the strategy refuses one, or one is both searched and fixed.
        """
        space.require_admitted(fixed_params)
        return cls(
            space=space,
            axes=_axes_of(space),
            runs=tuple(runs_of(space, fixed_params)),
        )

    @property
    def fixed_params(self) -> dict[str, Any]:
        """Every strategy parameter that is not searched, as JSON values."""
        return not_searched(self.runs[0].to_json_dict())

    def add_session(self, session: SessionData, sums: SurfaceSums, block: int) -> None:
        """Add a session to one block of the sums."""
        n_sets = n_points(self.space, ENTRY_AXES)
        for run, params in enumerate(self.runs):
            offsets, *traded = self.traded(params, session)
            part = sums.of_sets(slice(run * n_sets, (run + 1) * n_sets))
            add_entries(offsets[:-1], offsets[1:], *traded, *part.of_block(block))

    def distinct_sets(self, session: SessionData) -> tuple[npt.NDArray[np.intp], SurfaceSums]:
        """Trade a session once for all sets with the same entries.

        Returns:
            For each set, (n_sets,), whose sums it has; and those sums, a single block, in the order
            of the first set that has them.
        """
        like: list[npt.NDArray[np.intp]] = []
        parts: list[SurfaceSums] = []
        for params in self.runs:
            offsets, entries, *traded = self.traded(params, session)
            first, same = in_order(hash_lists(offsets, entries))
            part = SurfaceSums.zeros(self.space, 1, n_sets=len(first))
            add_entries(offsets[first], offsets[first + 1], entries, *traded, *part.of_block(0))
            like.append(same + sum(one.n_sets for one in parts))
            parts.append(part)
        return np.concatenate(like), SurfaceSums.joined(parts)

    def traded(self, base: StrategyParams, session: SessionData) -> tuple[Any, ...]:
        """The session's entries by set, and what each of them brings, as `add_entries` takes."""
        axes, clock = self.axes, session_clock(base, session)[2:]
        seconds, sides, set_offsets, entries = collect_entries(
            session.underlying_close_usd,
            session.running_vwap_usd,
            axes.window_starts,
            axes.window_ends,
            axes.stretch_thresholds,
            axes.reclaim_thresholds,
            axes.cooldowns,
            clock[0],
        )
        return (
            set_offsets,
            entries,
            *trade_entries(
                seconds,
                sides,
                session.underlying_close_usd,
                session.call_strikes_usd,
                session.put_strikes_usd,
                session.shares_per_contract,
                session.bar_offsets,
                session.bar_seconds,
                session.bar_prices_usd,
                axes.take_profits,
                axes.stop_losses,
                axes.durations,
                axes.depths,
                axes.modes,
                clock,
                base.contracts_per_trade,
                base.slippage_amount,
                base.slippage_fraction,
                FILL_RULE_CODES[base.fill_rule],
                base.latency_seconds,
                base.max_fill_wait_seconds,
                base.brokerage_fee_per_contract + base.exchange_fee_per_contract,
            ),
        )


def compute_surface(
    space: SearchSpace,
    fixed_params: Mapping[str, Any] | None,
    sessions: Sequence[SessionData],
    *,
    n_blocks: int = DEFAULT_BLOCKS,
    workers: int | None = None,
    max_bytes: int = MAX_SURFACE_BYTES,
) -> Surface:
    """Evaluate every combination of a search space on the sessions.

    Args:
        space: What is searched.
        fixed_params: Parameters that are not searched; the rest keep their defaults.
        sessions: May load lazily: each is asked for once, and not kept.
        n_blocks: Blocks of consecutive sessions, as equal in length as can be; at most as many
            as there are sessions.
        workers: Threads, by default one a core. The result does not depend on it.
        max_bytes: Most memory, of the sums and of the work on them.

    Raises:
        SurfaceTooLargeError: more than `max_bytes` would be taken.
        MissingSessionError: no session was given.
        ParameterError: a fixed parameter that the strategy does not admit, or that is searched.
    """
    if not len(sessions):
        raise MissingSessionError(
            "a surface without sessions",
            expected="at least one session",
            remedy="load the sessions of a range that is cached",
        )
    plan = SurfacePlan.of(space, fixed_params)
    n_blocks = min(n_blocks, len(sessions))
    workers = min(workers or os.cpu_count() or 1, n_blocks)
    require_affordable(
        space,
        n_sessions=len(sessions),
        needed_bytes=surface_bytes(space, n_blocks) + workers * work_bytes(space),
        max_bytes=max_bytes,
    )
    sums = SurfaceSums.zeros(space, n_blocks)
    blocks = np.array_split(np.arange(len(sessions)), n_blocks)

    def add_block(block: int) -> list[tuple[str, date, str]]:
        seen = []
        for row in blocks[block]:
            session = sessions[row]
            plan.add_session(session, sums, block)
            seen.append((session.ticker, session.date, session.fingerprint))
        return seen

    with ThreadPoolExecutor(max_workers=workers) as pool:
        seen = [entry for block in pool.map(add_block, range(n_blocks)) for entry in block]
    return Surface(
        space=space,
        fixed_params=plan.fixed_params,
        engine_version=ENGINE_VERSION,
        data_fingerprint=combine_fingerprints(seen),
        session_dates=tuple(day for _, day, _ in seen),
        block_of_session=tuple(b for b, rows in enumerate(blocks) for _ in rows),
        sums=sums,
    )


def in_order(
    keys: npt.NDArray[np.uint64],  # (n,)
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Where each distinct key comes first, ascending, and which of these each key is like."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return first[order], place[inverse]


def surface_bytes(space: SearchSpace, n_blocks: int = DEFAULT_BLOCKS) -> int:
    """Memory that the sums of a search space take."""
    return SurfaceSums.bytes_for(space, n_blocks)


def work_bytes(space: SearchSpace) -> int:
    """Memory that one worker takes besides: every exit of a session's entries, about."""
    _, n_choices, n_exits = stored_shape(space)
    return 8 * ENTRIES_A_SESSION * n_choices * n_exits


def require_affordable(
    space: SearchSpace, *, n_sessions: int, needed_bytes: int, max_bytes: int
) -> None:
    """Refuse a search space that is too large for exact evaluation.

    Raises:
        SurfaceTooLargeError: it gives the estimate of time and memory, and the way on.
    """
    if needed_bytes <= max_bytes:
        return
    seconds = space.size * n_sessions * SECONDS_PER_CELL
    raise SurfaceTooLargeError(
        f"a search space of {space.size:,} combinations needs {needed_bytes / 1024**3:.1f} "
        f"GiB and about {seconds:,.0f} core-seconds for {n_sessions} sessions",
        expected=f"at most {max_bytes / 1024**3:.1f} GiB",
        remedy="search it with the study alone, or name fewer values a dimension",
    )


def _axes_of(space: SearchSpace) -> _Axes:
    first = space.combination(0)

    def params(**values: Any) -> StrategyParams:
        return space.strategy_params({**first, **values})

    windows = [params(entry_window=window) for window in space["entry_window"]]
    return _Axes(
        window_starts=np.array([seconds_since_open(one.entry_start_time) for one in windows]),
        window_ends=np.array([seconds_since_open(one.entry_end_time) for one in windows]),
        stretch_thresholds=np.array(space["stretch_threshold"], dtype=np.float64),
        reclaim_thresholds=np.array(
            [
                [
                    params(stretch_threshold=stretch, reclaim_percentage=part).reclaim_threshold
                    for part in space["reclaim_percentage"]
                ]
                for stretch in space["stretch_threshold"]
            ]
        ),
        cooldowns=np.array(space["cooldown_period_seconds"], dtype=np.int64),
        take_profits=np.array(space["take_profit_percent"], dtype=np.float64),
        stop_losses=np.array(space["stop_loss_percent"], dtype=np.float64),
        durations=np.array(space["max_trade_duration_seconds"], dtype=np.int64),
        depths=np.array(space["strikes_depth"], dtype=np.int64),
        modes=np.array([MODE_CODES[str(mode)] for mode in space["option_selection_mode"]]),
    )
