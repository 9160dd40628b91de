"""Surface: the sums of every combination, and the metrics that follow from them.

Arrays over the dimensions have the shape of the search space. They are views of the stored sums,
whose layout `strategy.surface.layout` tells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from strategy.session import FloatArray
from strategy.space import SearchSpace
from strategy.surface.layout import (
    EXIT_AXES,
    RISK_AXIS,
    in_public_order,
    in_stored_order,
    stored_shape,
)

CountArray = npt.NDArray[np.int32]
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, eq=False, kw_only=True)
class SurfaceSums:
    """Sums by block of sessions, in the order in which they are added."""

    total_trades: npt.NDArray[np.int32]  # (n_blocks, n_sets, n_choices)
    missing_entries: npt.NDArray[np.int32]  # (n_blocks, n_sets, n_choices), no cached bar
    risk_usd: FloatArray  # (n_blocks, n_sets, n_choices, n_stop_losses)
    winners: npt.NDArray[np.int32]  # (n_blocks, n_sets, n_choices, n_exits)
    net_pnl_usd: FloatArray  # (n_blocks, n_sets, n_choices, n_exits)

    @classmethod
    def zeros(
        cls, space: SearchSpace, n_blocks: int, *, n_sets: int | None = None
    ) -> "SurfaceSums":
        """Sums of nothing yet; of all sets, or of some number."""
        sets, choices, n_exits = stored_shape(space)
        head = (n_blocks, sets if n_sets is None else n_sets, choices)
        return cls(
            total_trades=np.zeros(head, np.int32),
            missing_entries=np.zeros(head, np.int32),
            risk_usd=np.zeros((*head, len(space[RISK_AXIS]))),
            winners=np.zeros((*head, n_exits), np.int32),
            net_pnl_usd=np.zeros((*head, n_exits)),
        )

    @classmethod
    def from_totals(
        cls, space: SearchSpace, totals: Mapping[str, npt.NDArray[Any]]
    ) -> "SurfaceSums":
        """Take public arrays over the dimensions as the sums of a single block."""
        by_axis = {name: in_stored_order(values, space) for name, values in totals.items()}
        stored = {name: values.reshape(*values.shape[:3], -1) for name, values in by_axis.items()}
        return cls(
            total_trades=stored["total_trades"][..., 0],
            missing_entries=stored["missing_entries"][..., 0],
            risk_usd=by_axis["risk_usd"][..., 0, :, 0],
            winners=stored["winners"],
            net_pnl_usd=stored["net_pnl_usd"],
        )

    def of_sets(self, sets: slice) -> "SurfaceSums":
        """Some of the sets alone; what is added there is added here."""
        return SurfaceSums(**{name: sums[:, sets] for name, sums in vars(self).items()})

    def of_block(self, block: int) -> tuple[npt.NDArray[Any], ...]:
        """One block's arrays, in the order of the fields; what is added there is added here."""
        return tuple(sums[block] for sums in vars(self).values())

    @classmethod
    def joined(cls, parts: Sequence["SurfaceSums"]) -> "SurfaceSums":
        """The sets of all parts, one part's after the other's."""
        if len(parts) == 1:
            return parts[0]
        names = [field.name for field in fields(cls)]
        return cls(**{n: np.concatenate([getattr(p, n) for p in parts], axis=1) for n in names})

    @property
    def n_sets(self) -> int:
        """Number of sets."""
        return int(self.total_trades.shape[1])

    @staticmethod
    def bytes_for(space: SearchSpace, n_blocks: int) -> int:
        """Memory of the sums by block and of the totals over the blocks."""
        sets, choices, n_exits = stored_shape(space)
        n_entries, n_stops = sets * choices, len(space[RISK_AXIS])
        return (n_blocks + 1) * n_entries * ((4 + 4) + 8 * n_stops + (4 + 8) * n_exits)


@dataclass(frozen=True, kw_only=True)
class SurfacePoint:
    """One combination and what it is worth on the surface."""

    combination: dict[str, Any]
    index: int  # C-ordered over the dimensions
    return_on_risk_percent: float
    total_trades: int
    net_pnl_usd: float
    risk_usd: float
    rank: int  # 1 is the best
    n_valid: int  # combinations with enough trades


@dataclass(frozen=True, eq=False, kw_only=True)
class Surface:
    """Every combination of a search space, evaluated exactly on one range of sessions."""

    space: SearchSpace
    fixed_params: dict[str, Any]  # JSON values of the parameters that are not searched
    engine_version: str
    data_fingerprint: str  # of the sessions, as `strategy.session.data_fingerprint`
    session_dates: tuple[date, ...]
    block_of_session: tuple[int, ...]
    sums: SurfaceSums

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each dimension."""
        return self.space.shape

    @property
    def size(self) -> int:
        """Number of combinations."""
        return self.space.size

    @property
    def n_blocks(self) -> int:
        """Blocks of consecutive sessions."""
        return int(self.sums.net_pnl_usd.shape[0])

    @property
    def block_total_trades(self) -> CountArray:
        """Trades, (n_blocks, *shape)."""
        return in_public_order(self.sums.total_trades, self.space)

    @property
    def block_net_pnl_usd(self) -> FloatArray:
        """Net P&L, (n_blocks, *shape)."""
        return in_public_order(self.sums.net_pnl_usd, self.space)

    @property
    def block_risk_usd(self) -> FloatArray:
        """Sum of the trades' risk, (n_blocks, *shape)."""
        return in_public_order(self.sums.risk_usd, self.space, (RISK_AXIS,))

    @cached_property
    def total_trades(self) -> CountArray:
        """Trades over all sessions."""
        return self._total(self.sums.total_trades)

    @cached_property
    def missing_entries(self) -> CountArray:
        """Entries lost because the chosen contract has no cached bar."""
        return self._total(self.sums.missing_entries)

    @cached_property
    def winners(self) -> CountArray:
        """Trades with net P&L above zero, over all sessions."""
        return self._total(self.sums.winners)

    @cached_property
    def net_pnl_usd(self) -> FloatArray:
        """Net P&L over all sessions."""
        return self._total(self.sums.net_pnl_usd)

    @cached_property
    def risk_usd(self) -> FloatArray:
        """Sum of the trades' risk over all sessions."""
        return self._total(self.sums.risk_usd, (RISK_AXIS,))

    @cached_property
    def return_on_risk_percent(self) -> FloatArray:
        """The objective, NaN where there is no trade."""
        return _ratio(100.0 * self.net_pnl_usd, self.risk_usd)

    @cached_property
    def win_rate_percent(self) -> FloatArray:
        """Share of trades with net P&L above zero, NaN where there is no trade."""
        return _ratio(100.0 * self.winners, self.total_trades)

    @cached_property
    def expectancy_usd(self) -> FloatArray:
        """Mean net P&L a trade, NaN where there is no trade."""
        return _ratio(self.net_pnl_usd, self.total_trades)

    @cached_property
    def avg_risk_per_trade_usd(self) -> FloatArray:
        """Mean risk a trade, NaN where there is no trade."""
        return _ratio(self.risk_usd, self.total_trades)

    def objective(self, min_trades: int) -> FloatArray:
        """The return on risk in percent, NaN where there are fewer trades than `min_trades`."""
        enough = self.total_trades >= max(min_trades, 1)
        return np.where(enough, self.return_on_risk_percent, np.nan)

    def best(self, min_trades: int) -> SurfacePoint | None:
        """Return the combination of the highest return on risk, None if none has the trades.

        Of equals it is the one with the lowest index.
        """
        objective = self.objective(min_trades)
        if np.isnan(objective).all():
            return None
        return self._point(int(np.nanargmax(objective)), objective)

    def rank_of(self, combination: Mapping[str, Any], min_trades: int) -> SurfacePoint:
        """Return a combination's place among all with at least `min_trades` trades.

        Its rank is one more than the number of better ones, whether it has the trades or not.

        Raises:
            ParameterError: the combination is not in the search space.
        """
        return self._point(self.space.index_of(combination), self.objective(min_trades))

    def _point(self, index: int, objective: FloatArray) -> SurfacePoint:
        at = self.space.grid.position(index)
        value = float(self.return_on_risk_percent[at])
        better = int((objective > value).sum()) if not np.isnan(value) else 0
        n_valid = int((~np.isnan(objective)).sum())
        return SurfacePoint(
            combination=self.space.combination(index),
            index=index,
            return_on_risk_percent=value,
            total_trades=int(self.total_trades[at]),
            net_pnl_usd=float(self.net_pnl_usd[at]),
            risk_usd=float(self.risk_usd[at]),
            rank=n_valid + 1 if np.isnan(value) else better + 1,
            n_valid=n_valid,
        )

    def _total(
        self, stored: npt.NDArray[Scalar], exit_axes: tuple[str, ...] = EXIT_AXES
    ) -> npt.NDArray[Scalar]:
        summed: npt.NDArray[Scalar] = stored.sum(axis=0, keepdims=True, dtype=stored.dtype)
        total: npt.NDArray[Scalar] = in_public_order(summed, self.space, exit_axes)[0]
        return total


def _ratio(numerator: npt.NDArray[Any], denominator: npt.NDArray[Any]) -> FloatArray:
    result = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result
