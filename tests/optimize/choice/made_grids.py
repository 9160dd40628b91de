"""Random sums over a small search space, and the slow twins of the rules of choice."""

import itertools
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from strategy.surface.cells import GridSums, SessionCell

SPACE: dict[str, tuple[Any, ...]] = {
    "entry_window": ("09:30-10:30", "09:30-15:45", "12:00-15:00"),
    "stretch_threshold": (0.001, 0.002, 0.003, 0.004),
    "reclaim_percentage": (0.4, 0.5, 0.6),
    "cooldown_period_seconds": (60, 90),
    "take_profit_percent": (25, 35, 50, 60),
    "stop_loss_percent": (-25, -35, -50),
    "max_trade_duration_seconds": (60, 120, 180, 240, 300),
    "strikes_depth": (1, 2, 3),
    "option_selection_mode": ("itm", "otm"),
}
ORDERED = tuple(name for name in SPACE if name not in ("entry_window", "option_selection_mode"))
STORED = (
    "entry_window", "stretch_threshold", "reclaim_percentage", "cooldown_period_seconds",
    "strikes_depth", "option_selection_mode",
    "take_profit_percent", "stop_loss_percent", "max_trade_duration_seconds",
)  # fmt: skip
N_SETS, N_STOPS, N_EXITS = 3 * 4 * 3 * 2 * 3 * 2, 3, 4 * 3 * 5
Public = npt.NDArray[np.float64]  # over the dimensions in the order of SPACE


def random_sums(seed: int, *, n_sessions: int = 21, sparse: float = 0.3) -> GridSums:
    """Sums of which a share of the sets never traded."""
    random = np.random.default_rng(seed)
    trades = random.integers(1, 60, (N_SETS, 1)).astype(np.int32)
    trades[random.random((N_SETS, 1)) < sparse] = 0
    risk = trades * np.array([20.0, 30.0, 40.0]) * random.uniform(0.8, 1.2, (N_SETS, 1))
    by_session = random.normal(0, 30, (n_sessions, N_SETS, N_EXITS)) * (trades > 0)
    return GridSums(
        n_sessions=n_sessions,
        total_trades=trades,
        risk_usd=risk,
        net_pnl_usd=by_session.sum(axis=0),
        session_pnl_squared=(by_session**2).sum(axis=0),
    )


def public(values: npt.NDArray[Any]) -> Public:
    """Bring (n_sets, n_exits or n_stops or 1) into the order of SPACE."""
    sizes = {name: len(choices) for name, choices in SPACE.items()}
    if values.shape[1] in (1, 3):
        sizes |= {"take_profit_percent": 1, "max_trade_duration_seconds": 1}
        sizes["stop_loss_percent"] = values.shape[1]
    shaped = values.reshape([sizes[name] for name in STORED])
    shaped = shaped.transpose([STORED.index(name) for name in SPACE])
    return np.broadcast_to(shaped, [len(choices) for choices in SPACE.values()]).astype(float)


def neighbours(at: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Places one step away in an ordered dimension."""
    for axis, (name, values) in enumerate(SPACE.items()):
        for step in (-1, 1):
            if name in ORDERED and 0 <= at[axis] + step < len(values):
                yield (*at[:axis], at[axis] + step, *at[axis + 1 :])


def naive_smoothed(values: Public) -> Public:
    """Smooth one dimension after the other, one place after the other, twice."""
    for _ in range(2):
        for axis, (name, choices) in enumerate(SPACE.items()):
            if name in ORDERED and len(choices) >= 3:
                values = np.apply_along_axis(_smoothed_line, axis, values)
    return values


def places() -> Iterator[tuple[int, ...]]:
    """All combinations in the order of their index."""
    return itertools.product(*(range(len(choices)) for choices in SPACE.values()))


def _smoothed_line(line: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    result = []
    for row in range(len(line)):
        weights = {row - 1: 0.25, row: 0.5, row + 1: 0.25}
        inside = {at: weight for at, weight in weights.items() if 0 <= at < len(line)}
        total = sum(weight * line[at] for at, weight in inside.items())
        result.append(total / sum(inside.values()))
    return np.array(result)


def random_cells(seed: int, *, n_sessions: int) -> list[SessionCell]:
    """Sessions whose sets share a few rows, as sets that trade the same entries do."""
    random = np.random.default_rng(seed)
    n_rows = 30
    return [
        SessionCell(
            ticker="SPY",
            date=date(2023, 1, 1) + timedelta(days=day),
            fingerprint=str(day),
            source="synthetic",
            row_of_set=random.integers(-1, n_rows, N_SETS).astype(np.int32),
            missing_entries=np.zeros(N_SETS, np.int32),
            total_trades=random.integers(1, 9, n_rows).astype(np.int32),
            risk_usd=random.uniform(20, 400, (n_rows, N_STOPS)),
            winners=np.zeros((n_rows, N_EXITS), np.uint16),
            net_pnl_usd=random.normal(0, 50, (n_rows, N_EXITS)),
        )
        for day in range(n_sessions)
    ]
