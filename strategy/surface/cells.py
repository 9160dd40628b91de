"""Month cells: what every combination of a search space did in each session of a month.

Belongs here: the sums of one session, how they are made and added up. How they are kept is in
`cell_files`.

In one session most entry sets trade the same entries as others, or none; each row is kept once.
Money is rounded to whole multiples of 2**-30 USD, about a billionth: sums of such numbers are
exact, so that a range's sums are the same bits in whatever order and grouping its sessions are
added, and combinations that made the same trades stay equal.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from strategy.backtest import ENGINE_VERSION
from strategy.kernels.grid_rows import NO_ROW, add_rows, add_squared_rows, hash_rows
from strategy.session import FloatArray, SessionData, combine_fingerprints
from strategy.space import SearchSpace
from strategy.surface.compute import DEFAULT_BLOCKS, SurfacePlan, in_order
from strategy.surface.layout import RISK_AXIS, stored_shape
from strategy.surface.result import Surface, SurfaceSums

MONEY_QUANTUM_USD = 2.0**-30
CountArray = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False, kw_only=True)
class SessionCell:
    """One session's sums; a set is an entry set with a choice of contract, C-ordered."""

    ticker: str
    date: date
    fingerprint: str  # of the session's data
    source: str
    row_of_set: CountArray  # (n_sets,), NO_ROW without a trade
    missing_entries: CountArray  # (n_sets,), entries whose contract has no cached bar
    total_trades: CountArray  # (n_rows,)
    risk_usd: FloatArray  # (n_rows, n_stop_losses)
    winners: npt.NDArray[np.uint16]  # (n_rows, n_exits)
    net_pnl_usd: FloatArray  # (n_rows, n_exits)


@dataclass(frozen=True, eq=False, kw_only=True)
class GridSums:
    """Sums over sessions of every combination, in the order in which they are added."""

    n_sessions: int
    total_trades: CountArray  # (n_sets, 1)
    risk_usd: FloatArray  # (n_sets, n_stop_losses)
    net_pnl_usd: FloatArray  # (n_sets, n_exits)
    session_pnl_squared: FloatArray  # (n_sets, n_exits), USD squared: sum of sessions' squares

    def __add__(self, other: "GridSums") -> "GridSums":
        """Sums over the sessions of both."""
        return GridSums(
            n_sessions=self.n_sessions + other.n_sessions,
            total_trades=self.total_trades + other.total_trades,
            risk_usd=self.risk_usd + other.risk_usd,
            net_pnl_usd=self.net_pnl_usd + other.net_pnl_usd,
            session_pnl_squared=self.session_pnl_squared + other.session_pnl_squared,
        )

    def take(self, other: "GridSums") -> "GridSums":
        """Like `+`, in the arrays of this one, which must be in nobody else's hands."""
        for name in ("total_trades", "risk_usd", "net_pnl_usd", "session_pnl_squared"):
            getattr(self, name)[:] += getattr(other, name)
        return replace(self, n_sessions=self.n_sessions + other.n_sessions)

    @staticmethod
    def bytes_for(space: SearchSpace) -> int:
        """Memory of the sums of a search space."""
        sets, choices, n_exits = stored_shape(space)
        return sets * choices * (4 + 8 * len(space[RISK_AXIS]) + 16 * n_exits)


def make_session_cell(plan: SurfacePlan, session: SessionData) -> SessionCell:
    """Evaluate every combination of the plan on one session."""
    like, sums = plan.distinct_sets(session)
    total_trades = sums.total_trades.reshape(-1)
    risk_usd = sums.risk_usd.reshape(len(total_trades), -1)
    net_pnl_usd = sums.net_pnl_usd.reshape(len(total_trades), -1)
    traded = np.flatnonzero(total_trades)
    first, row_of_traded = _distinct(total_trades, risk_usd, net_pnl_usd, traded)
    rows = np.full(len(total_trades), NO_ROW, np.int32)
    rows[traded] = row_of_traded
    return SessionCell(
        ticker=session.ticker,
        date=session.date,
        fingerprint=session.fingerprint,
        source=session.source,
        row_of_set=rows.reshape(sums.n_sets, -1)[like].reshape(-1),
        missing_entries=sums.missing_entries[0][like].reshape(-1),
        total_trades=total_trades[first],
        risk_usd=_quantised(risk_usd[first]),
        winners=sums.winners.reshape(len(total_trades), -1)[first].astype(np.uint16),
        net_pnl_usd=_quantised(net_pnl_usd[first]),
    )


def sum_cells(space: SearchSpace, cells: Iterable[SessionCell]) -> GridSums:
    """Add up sessions."""
    empty = SurfaceSums.zeros(space, 1)
    n_sets = empty.total_trades.size
    trades = empty.total_trades.reshape(n_sets, 1)
    risk_usd = empty.risk_usd.reshape(n_sets, -1)
    net_pnl_usd = empty.net_pnl_usd.reshape(n_sets, -1)
    squared = np.zeros_like(net_pnl_usd)
    n_sessions = 0
    for cell in cells:
        add_rows(cell.row_of_set, cell.total_trades[:, None], trades)
        add_rows(cell.row_of_set, cell.risk_usd, risk_usd)
        add_rows(cell.row_of_set, cell.net_pnl_usd, net_pnl_usd)
        add_squared_rows(cell.row_of_set, cell.net_pnl_usd, squared)
        n_sessions += 1
    return GridSums(
        n_sessions=n_sessions,
        total_trades=trades,
        risk_usd=risk_usd,
        net_pnl_usd=net_pnl_usd,
        session_pnl_squared=squared,
    )


def surface_of_cells(
    plan: SurfacePlan, cells: Collection[SessionCell], *, n_blocks: int = DEFAULT_BLOCKS
) -> Surface:
    """Join sessions to the surface that `compute_surface` gives of them, block by block."""
    n_blocks = min(n_blocks, len(cells))
    sums = SurfaceSums.zeros(plan.space, n_blocks)
    block_of_session = block_numbers(len(cells), n_blocks)
    seen = []
    for cell, block in zip(cells, block_of_session, strict=True):
        _add_to_block(cell, sums, block)
        seen.append((cell.ticker, cell.date, cell.fingerprint))
    return Surface(
        space=plan.space,
        fixed_params=plan.fixed_params,
        engine_version=ENGINE_VERSION,
        data_fingerprint=combine_fingerprints(seen),
        session_dates=tuple(day for _, day, _ in seen),
        block_of_session=block_of_session,
        sums=sums,
    )


def block_numbers(n_sessions: int, n_blocks: int) -> tuple[int, ...]:
    """The block of each session: consecutive, as equal in length as can be."""
    parts = np.array_split(np.arange(n_sessions), n_blocks)
    return tuple(block for block, rows in enumerate(parts) for _ in rows)


def _add_to_block(cell: SessionCell, sums: SurfaceSums, block: int) -> None:
    n_sets = len(cell.row_of_set)
    sums.missing_entries[block].reshape(-1)[:] += cell.missing_entries
    for rows, stored in (
        (cell.total_trades[:, None], sums.total_trades),
        (cell.risk_usd, sums.risk_usd),
        (cell.winners, sums.winners),
        (cell.net_pnl_usd, sums.net_pnl_usd),
    ):
        add_rows(cell.row_of_set, rows, stored[block].reshape(n_sets, -1))


def _distinct(
    total_trades: CountArray, risk_usd: FloatArray, net_pnl_usd: FloatArray, traded: Any
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Sets whose rows are the first of their kind, and which of these each traded set is like."""
    digests = (
        hash_rows(net_pnl_usd[traded].view(np.uint64)),
        hash_rows(risk_usd[traded].view(np.uint64)),
        total_trades[traded].astype(np.uint64),
    )
    first, place = in_order(hash_rows(np.ascontiguousarray(np.stack(digests, axis=1))))
    return traded[first], place


def _quantised(money_usd: FloatArray) -> FloatArray:
    rounded: FloatArray = money_usd / MONEY_QUANTUM_USD
    np.rint(rounded, out=rounded)
    rounded *= MONEY_QUANTUM_USD
    rounded += 0.0  # no negative zero
    return rounded
