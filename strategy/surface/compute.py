"""The exact parameter surface: every combination of a search space, evaluated, not estimated.

Sums are kept by block of consecutive sessions, which later statistics need, so the memory taken
depends on the search space and the number of blocks, not on the number of sessions.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from strategy.backtest import ENGINE_VERSION, seconds_since_open, session_clock
from strategy.errors import MissingSessionError, ParameterError, SurfaceTooLargeError
from strategy.kernels.codes import MODE_CODES
from strategy.kernels.surface_walk import add_session
from strategy.params import StrategyParams, parse_entry_window
from strategy.session import SessionData, combine_fingerprints
from strategy.space import CHOICE_DIMENSIONS, DIMENSION_NAMES, EXIT_DIMENSIONS
from strategy.surface.result import Surface, SurfaceSums

DEFAULT_BLOCKS = 10  # even, so that blocks split into halves; 252 splits
MAX_SURFACE_BYTES = 2 * 1024**3  # the seed's space takes about 0.3 GiB
SECONDS_PER_CELL = 4e-8  # a session and core, upper bound; design/bench_surface.py measures it
ENTRIES_A_SESSION = 500  # distinct ones, an upper bound for the seed's space: it has about 250
Values = Sequence[str | int | float]
DERIVED_PARAMETERS = {"entry_start_time", "entry_end_time", "reclaim_threshold"}


@dataclass(frozen=True, eq=False, kw_only=True)
class _Axes:
    """The dimensions as kernel arguments."""

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
    """A checked search space beside its fixed parameters, ready to evaluate session by session."""

    dimensions: dict[str, tuple[Any, ...]]
    base: StrategyParams
    axes: _Axes

    @classmethod
    def of(
        cls,
        search_space: Mapping[str, Values],
        fixed_params: StrategyParams | Mapping[str, Any] | None,
    ) -> "SurfacePlan":
        """Check what is searched and what is fixed; same errors as `compute_surface`."""
        dimensions = _checked_dimensions(search_space)
        base = _base_params(fixed_params, dimensions)
        _require_admitted(dimensions, base)
        return cls(dimensions=dimensions, base=base, axes=_axes_of(dimensions))

    @property
    def fixed_params(self) -> dict[str, Any]:
        """JSON values of the parameters that are not searched."""
        return {k: v for k, v in self.base.to_json_dict().items() if k not in self.dimensions}

    def add_session(self, session: SessionData, sums: SurfaceSums, block: int) -> None:
        """Add one session to a block of the sums."""
        axes, base = self.axes, self.base
        add_session(
            session.underlying_close_usd,
            session.running_vwap_usd,
            session.call_strikes_usd,
            session.put_strikes_usd,
            session.shares_per_contract,
            session.bar_offsets,
            session.bar_seconds,
            session.bar_prices_usd,
            axes.window_starts,
            axes.window_ends,
            axes.stretch_thresholds,
            axes.reclaim_thresholds,
            axes.cooldowns,
            axes.take_profits,
            axes.stop_losses,
            axes.durations,
            axes.depths,
            axes.modes,
            session_clock(base, session)[2:],
            base.contracts_per_trade,
            base.slippage_amount,
            base.latency_seconds,
            base.brokerage_fee_per_contract + base.exchange_fee_per_contract,
            sums.total_trades[block],
            sums.missing_entries[block],
            sums.risk_usd[block],
            sums.winners[block],
            sums.net_pnl_usd[block],
            sums.net_pnl_squared_usd[block],
        )


def compute_surface(
    search_space: Mapping[str, Values],
    fixed_params: StrategyParams | Mapping[str, Any] | None,
    sessions: Sequence[SessionData],
    *,
    n_blocks: int = DEFAULT_BLOCKS,
    workers: int | None = None,
    max_bytes: int = MAX_SURFACE_BYTES,
) -> Surface:
    """Evaluate every combination of a search space on the sessions.

    Args:
        search_space: The values of each of the nine dimensions.
        fixed_params: The parameters that are not searched; None takes their defaults.
        sessions: May load lazily: each is asked for once, and not kept.
        n_blocks: Blocks of consecutive sessions, as equal in length as can be; at most as many
            as there are sessions.
        workers: Threads, by default one a core. The result does not depend on it.
        max_bytes: Most memory, of the sums and of the work on them.

    Raises:
        SurfaceTooLargeError: more than `max_bytes` would be taken.
        MissingSessionError: no session was given.
        ParameterError: the search space lacks a dimension, its values are out of order or not
            admitted by the strategy, or a parameter is both searched and fixed.
    """
    if not len(sessions):
        raise MissingSessionError(
            "a surface without sessions",
            expected="at least one session",
            remedy="load the sessions of a range that is cached",
        )
    plan = SurfacePlan.of(search_space, fixed_params)
    dimensions = plan.dimensions
    n_blocks = min(n_blocks, len(sessions))
    workers = min(workers or os.cpu_count() or 1, n_blocks)
    require_affordable(
        dimensions,
        n_sessions=len(sessions),
        needed_bytes=surface_bytes(dimensions, n_blocks) + workers * work_bytes(dimensions),
        max_bytes=max_bytes,
    )
    sums = SurfaceSums.zeros(dimensions, n_blocks)
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
        dimensions=dimensions,
        fixed_params=plan.fixed_params,
        engine_version=ENGINE_VERSION,
        data_fingerprint=combine_fingerprints(seen),
        session_dates=tuple(day for _, day, _ in seen),
        block_of_session=tuple(b for b, rows in enumerate(blocks) for _ in rows),
        sums=sums,
    )


def surface_bytes(search_space: Mapping[str, Values], n_blocks: int = DEFAULT_BLOCKS) -> int:
    """Memory that the sums of a search space take."""
    return SurfaceSums.bytes_for(_checked_dimensions(search_space), n_blocks)


def work_bytes(search_space: Mapping[str, Values]) -> int:
    """Memory that one worker takes besides: every exit of a session's entries, about."""
    dimensions = _checked_dimensions(search_space)
    n_outcomes = prod(len(dimensions[name]) for name in EXIT_DIMENSIONS + CHOICE_DIMENSIONS)
    return 8 * ENTRIES_A_SESSION * n_outcomes


def require_affordable(
    search_space: Mapping[str, Values], *, n_sessions: int, needed_bytes: int, max_bytes: int
) -> None:
    """Refuse a search space that is too large for exact evaluation.

    Raises:
        SurfaceTooLargeError: it gives the estimate of time and memory, and the way on.
    """
    if needed_bytes <= max_bytes:
        return
    combinations = prod(len(values) for values in search_space.values())
    seconds = combinations * n_sessions * SECONDS_PER_CELL
    raise SurfaceTooLargeError(
        f"a search space of {combinations:,} combinations needs {needed_bytes / 1024**3:.1f} "
        f"GiB and about {seconds:,.0f} core-seconds for {n_sessions} sessions",
        expected=f"at most {max_bytes / 1024**3:.1f} GiB",
        remedy="search it with the study alone, or name fewer values a dimension",
    )


def _checked_dimensions(search_space: Mapping[str, Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
    absent = [name for name in DIMENSION_NAMES if name not in search_space]
    unknown = [name for name in search_space if name not in DIMENSION_NAMES]
    if absent or unknown:
        raise ParameterError(
            f"search space {'lacks' if absent else 'has the unknown'} {(absent or unknown)[0]}",
            expected=f"values for {', '.join(DIMENSION_NAMES)}",
            remedy="take strategy.space.SearchSpace",
        )
    empty = [name for name in DIMENSION_NAMES if not len(search_space[name])]
    if empty:
        raise ParameterError(
            f"search dimension {empty[0]} has no value",
            expected="at least one value",
            remedy=f"give {empty[0]} its values",
        )
    dimensions: dict[str, tuple[Any, ...]] = {
        name: tuple(search_space[name]) for name in DIMENSION_NAMES
    }
    for name in ("take_profit_percent", "stop_loss_percent", "max_trade_duration_seconds"):
        sizes: list[float] = [abs(value) for value in dimensions[name]]
        if sizes != sorted(sizes):
            raise ParameterError(
                f"search dimension {name} is not in order: {list(dimensions[name])}",
                expected="numbers of growing size",
                remedy=f"sort the values of {name}",
            )
    return dimensions


def _base_params(
    fixed_params: StrategyParams | Mapping[str, Any] | None, dimensions: Mapping[str, Values]
) -> StrategyParams:
    if isinstance(fixed_params, StrategyParams):
        return fixed_params
    searched = (dimensions.keys() | DERIVED_PARAMETERS) & (fixed_params or {}).keys()
    if searched:
        raise ParameterError(
            f"{min(searched)} is both searched and fixed",
            expected="one of the two",
            remedy="remove it from the fixed parameters, or give the dimension a single value",
        )
    return StrategyParams(**(fixed_params or {}))


def _require_admitted(dimensions: Mapping[str, Values], base: StrategyParams) -> None:
    """Try every value beside the fixed parameters, so that kernels see none that is unsound."""
    for name, values in dimensions.items():
        for value in values:
            if name == "entry_window":
                start, end = parse_entry_window(value)
                base.replacing(entry_start_time=start, entry_end_time=end)
            elif name != "reclaim_percentage":
                base.replacing(**{"reclaim_threshold": 0, name: value})
            elif not isinstance(value, int | float) or not 0 <= value <= 1:
                raise ParameterError(
                    f"reclaim_percentage is {value!r}",
                    expected="a fraction of stretch_threshold from 0 to 1",
                    remedy="correct reclaim_percentage",
                )


def _axes_of(dimensions: Mapping[str, Any]) -> _Axes:
    windows = [parse_entry_window(text) for text in dimensions["entry_window"]]
    stretches = dimensions["stretch_threshold"]
    percentages = dimensions["reclaim_percentage"]
    return _Axes(
        window_starts=np.array([seconds_since_open(start) for start, _ in windows]),
        window_ends=np.array([seconds_since_open(end) for _, end in windows]),
        stretch_thresholds=np.array(stretches, dtype=np.float64),
        reclaim_thresholds=np.array([[p * s for p in percentages] for s in stretches]),
        cooldowns=np.array(dimensions["cooldown_period_seconds"], dtype=np.int64),
        take_profits=np.array(dimensions["take_profit_percent"], dtype=np.float64),
        stop_losses=np.array(dimensions["stop_loss_percent"], dtype=np.float64),
        durations=np.array(dimensions["max_trade_duration_seconds"], dtype=np.int64),
        depths=np.array(dimensions["strikes_depth"], dtype=np.int64),
        modes=np.array([MODE_CODES[m] for m in dimensions["option_selection_mode"]]),
    )
