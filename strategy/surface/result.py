"""Surface: the sums of every combination, and the metrics that follow from them.

Arrays over the dimensions have the shape of DIMENSION_NAMES, in that order. Inside, sums are laid
out as (block, entry set, choice of contract, exit), so that one entry's exits are added in one
sweep, and what does not depend on the exit is stored once; the public arrays are views of that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from strategy.errors import ParameterError
from strategy.session import FloatArray
from strategy.space import (
    CHOICE_DIMENSIONS,
    DIMENSION_NAMES,
    ENTRY_DIMENSIONS,
    EXIT_DIMENSIONS,
)

_STORED_ORDER = ENTRY_DIMENSIONS + CHOICE_DIMENSIONS + EXIT_DIMENSIONS
CountArray = npt.NDArray[np.int32]
Dimensions = Mapping[str, tuple[Any, ...]]
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, eq=False, kw_only=True)
class SurfaceSums:
    """Sums by block of sessions, in the order in which they are added."""

    total_trades: npt.NDArray[np.int32]  # (n_blocks, n_sets, n_choices)
    missing_entries: npt.NDArray[np.int32]  # (n_blocks, n_sets, n_choices), no cached bar
    risk_usd: FloatArray  # (n_blocks, n_sets, n_choices, n_stop_losses)
    winners: npt.NDArray[np.int32]  # (n_blocks, n_sets, n_choices, n_exits)
    net_pnl_usd: FloatArray  # (n_blocks, n_sets, n_choices, n_exits)
    net_pnl_squared_usd: FloatArray  # (n_blocks, n_sets, n_choices, n_exits)

    @classmethod
    def zeros(cls, dimensions: Dimensions, n_blocks: int) -> "SurfaceSums":
        """Sums of nothing yet."""
        head = (n_blocks, _size(dimensions, ENTRY_DIMENSIONS), _size(dimensions, CHOICE_DIMENSIONS))
        n_exits = _size(dimensions, EXIT_DIMENSIONS)
        return cls(
            total_trades=np.zeros(head, np.int32),
            missing_entries=np.zeros(head, np.int32),
            risk_usd=np.zeros((*head, len(dimensions["stop_loss_percent"]))),
            winners=np.zeros((*head, n_exits), np.int32),
            net_pnl_usd=np.zeros((*head, n_exits)),
            net_pnl_squared_usd=np.zeros((*head, n_exits)),
        )

    @classmethod
    def from_totals(
        cls, dimensions: Dimensions, totals: Mapping[str, npt.NDArray[Any]]
    ) -> "SurfaceSums":
        """Take public arrays over the dimensions as the sums of a single block."""
        entries, choices, exits = (
            _size(dimensions, names)
            for names in (ENTRY_DIMENSIONS, CHOICE_DIMENSIONS, EXIT_DIMENSIONS)
        )
        n_profits, n_stops, n_durations = (len(dimensions[name]) for name in EXIT_DIMENSIONS)
        order = [DIMENSION_NAMES.index(name) for name in _STORED_ORDER]
        stored = {
            name: np.ascontiguousarray(values.transpose(order)).reshape(1, entries, choices, exits)
            for name, values in totals.items()
        }
        by_stop = stored["risk_usd"].reshape(1, entries, choices, n_profits, n_stops, n_durations)
        return cls(
            total_trades=stored["total_trades"][..., 0],
            missing_entries=stored["missing_entries"][..., 0],
            risk_usd=by_stop[..., 0, :, 0],
            winners=stored["winners"],
            net_pnl_usd=stored["net_pnl_usd"],
            net_pnl_squared_usd=stored["net_pnl_squared_usd"],
        )

    @staticmethod
    def bytes_for(dimensions: Dimensions, n_blocks: int) -> int:
        """Memory of the sums by block and of the totals over the blocks."""
        n_entries = _size(dimensions, ENTRY_DIMENSIONS + CHOICE_DIMENSIONS)
        n_exits, n_stops = _size(dimensions, EXIT_DIMENSIONS), len(dimensions["stop_loss_percent"])
        return (n_blocks + 1) * n_entries * ((4 + 4) + 8 * n_stops + (4 + 8 + 8) * n_exits)


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

    dimensions: dict[str, tuple[Any, ...]]
    fixed_params: dict[str, Any]  # JSON values of the parameters that are not searched
    engine_version: str
    data_fingerprint: str  # of the sessions, as `strategy.session.data_fingerprint`
    session_dates: tuple[date, ...]
    block_of_session: tuple[int, ...]
    sums: SurfaceSums

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each dimension."""
        return tuple(len(self.dimensions[name]) for name in DIMENSION_NAMES)

    @property
    def size(self) -> int:
        """Number of combinations."""
        return prod(self.shape)

    @property
    def n_blocks(self) -> int:
        """Blocks of consecutive sessions."""
        return int(self.sums.net_pnl_usd.shape[0])

    @property
    def block_total_trades(self) -> CountArray:
        """Trades, (n_blocks, *shape)."""
        return self._over_exits(self.sums.total_trades)

    @property
    def block_winners(self) -> CountArray:
        """Trades with net P&L above zero, (n_blocks, *shape)."""
        return self._over_exits(self.sums.winners)

    @property
    def block_net_pnl_usd(self) -> FloatArray:
        """Net P&L, (n_blocks, *shape)."""
        return self._over_exits(self.sums.net_pnl_usd)

    @property
    def block_net_pnl_squared_usd(self) -> FloatArray:
        """Sum of the squares of the trades' net P&L, (n_blocks, *shape)."""
        return self._over_exits(self.sums.net_pnl_squared_usd)

    @property
    def block_risk_usd(self) -> FloatArray:
        """Sum of the trades' risk, (n_blocks, *shape)."""
        return self._over_stops(self.sums.risk_usd)

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
    def net_pnl_squared_usd(self) -> FloatArray:
        """Sum of the squares of the trades' net P&L over all sessions."""
        return self._total(self.sums.net_pnl_squared_usd)

    @cached_property
    def risk_usd(self) -> FloatArray:
        """Sum of the trades' risk over all sessions."""
        total: FloatArray = self._over_stops(self.sums.risk_usd.sum(axis=0, keepdims=True))[0]
        return total

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
        return self._point(self.index_of(combination), self.objective(min_trades))

    def index_of(self, combination: Mapping[str, Any]) -> int:
        """Return the C-ordered index of a combination; raises ParameterError if it has none."""
        position = [self._position(name, combination.get(name)) for name in DIMENSION_NAMES]
        return int(np.ravel_multi_index(position, self.shape))

    def combination(self, index: int) -> dict[str, Any]:
        """Return the combination with this index."""
        position = np.unravel_index(index, self.shape)
        return {
            name: self.dimensions[name][int(row)]
            for name, row in zip(DIMENSION_NAMES, position, strict=True)
        }

    def to_parquet(self, path: Path | str) -> None:
        """Write the totals, one row a combination; the sums by block are not kept."""
        from strategy.surface.store import write_surface

        write_surface(self, path)

    @classmethod
    def from_parquet(cls, path: Path | str) -> "Surface":
        """Read what `to_parquet` wrote, as a surface of one block.

        Raises:
            CorruptFileError: the file is absent, damaged, or no surface.
        """
        from strategy.surface.store import read_surface

        return read_surface(path)

    def axis(self, name: str) -> int:
        """Return the axis of a dimension in the arrays of shape `shape`."""
        return DIMENSION_NAMES.index(name)

    def sliced(self, values: npt.NDArray[Scalar], **fixed: Any) -> npt.NDArray[Scalar]:
        """Return a part of an array over the dimensions, with some of them held at one value.

        The others keep their order: `surface.sliced(surface.winners, strikes_depth=1)` has every
        dimension but one.

        Raises:
            ParameterError: an unknown dimension, or a value that it does not have.
        """
        unknown = fixed.keys() - set(DIMENSION_NAMES)
        if unknown:
            raise ParameterError(
                f"unknown search dimension {min(unknown)!r}",
                expected=f"one of {', '.join(DIMENSION_NAMES)}",
                remedy="correct the name",
            )
        part: npt.NDArray[Scalar] = values[
            tuple(
                self._position(name, fixed[name]) if name in fixed else slice(None)
                for name in DIMENSION_NAMES
            )
        ]
        return part

    def _point(self, index: int, objective: FloatArray) -> SurfacePoint:
        flat = np.unravel_index(index, self.shape)
        value = float(self.return_on_risk_percent[flat])
        better = int((objective > value).sum()) if not np.isnan(value) else 0
        n_valid = int((~np.isnan(objective)).sum())
        return SurfacePoint(
            combination=self.combination(index),
            index=index,
            return_on_risk_percent=value,
            total_trades=int(self.total_trades[flat]),
            net_pnl_usd=float(self.net_pnl_usd[flat]),
            risk_usd=float(self.risk_usd[flat]),
            rank=n_valid + 1 if np.isnan(value) else better + 1,
            n_valid=n_valid,
        )

    def _position(self, name: str, value: Any) -> int:
        values = self.dimensions[name]
        if value not in values:
            raise ParameterError(
                f"{name} is {value!r}",
                expected=f"one of {', '.join(str(v) for v in values)}",
                remedy="choose a value of the search space that the surface was computed for",
            )
        return values.index(value)

    def _total(self, stored: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        total: npt.NDArray[Scalar] = self._over_exits(
            stored.sum(axis=0, keepdims=True, dtype=stored.dtype)
        )[0]
        return total

    def _over_exits(self, stored: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Bring (n, n_sets, n_choices[, n_exits]) into the order of the dimensions."""
        exits = [len(self.dimensions[name]) if stored.ndim == 4 else 1 for name in EXIT_DIMENSIONS]
        return self._in_public_order(stored.reshape(*self._stored_head(stored), *exits))

    def _over_stops(self, stored: FloatArray) -> FloatArray:
        """Bring (n, n_sets, n_choices, n_stop_losses) into the order of the dimensions."""
        exits = (1, stored.shape[-1], 1)
        return self._in_public_order(stored.reshape(*self._stored_head(stored), *exits))

    def _stored_head(self, stored: npt.NDArray[Any]) -> list[int]:
        names = ENTRY_DIMENSIONS + CHOICE_DIMENSIONS
        return [stored.shape[0], *(len(self.dimensions[name]) for name in names)]

    def _in_public_order(self, stored: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        order = [0, *(1 + _STORED_ORDER.index(name) for name in DIMENSION_NAMES)]
        return np.broadcast_to(stored.transpose(order), (stored.shape[0], *self.shape))


def _ratio(numerator: npt.NDArray[Any], denominator: npt.NDArray[Any]) -> FloatArray:
    result = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result


def _size(dimensions: Dimensions, names: tuple[str, ...]) -> int:
    return prod(len(dimensions[name]) for name in names)
