"""The surface against single backtests, and its own arithmetic by hand."""

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strategy.backtest import run_backtest
from strategy.errors import CorruptFileError, MissingSessionError, ParameterError
from strategy.errors import SurfaceTooLargeError as TooLarge
from strategy.kernels import surface_exits
from strategy.market_data import SessionFrames, build_session
from strategy.params import StrategyParams
from strategy.session import SessionData, data_fingerprint
from strategy.space import parse_entry_window
from strategy.surface.compute import compute_surface, surface_bytes
from strategy.surface.plateau import best_plateau, neighbourhoods
from strategy.surface.result import Surface, SurfaceSums
from strategy.surface.store import read_surface, write_surface
from tests.strategy.random_sessions import session_ranges
from tests.strategy.surface.made_surfaces import (
    DAYS,
    FIRST_VALUES,
    SPACE,
    hand_made_surface,
    made_sessions,
)


def params_of(combination: dict[str, Any], fixed: dict[str, Any]) -> StrategyParams:
    values = dict(combination)
    start, end = parse_entry_window(values.pop("entry_window"))
    reclaim = values.pop("reclaim_percentage") * values["stretch_threshold"]
    return StrategyParams(
        entry_start_time=start, entry_end_time=end, reclaim_threshold=reclaim, **values, **fixed
    )


def assert_agrees(
    surface: Surface, sessions: list[SessionData], fixed: dict[str, Any], index: int
) -> int:
    combination = surface.space.combination(index)
    result = run_backtest(params_of(combination, fixed), sessions)
    at = np.unravel_index(index, surface.shape)
    metrics = result.metrics
    assert surface.total_trades[at] == metrics.total_trades
    assert surface.missing_entries[at] == result.counts.missing_contract_data
    assert surface.net_pnl_usd[at] == pytest.approx(metrics.net_pnl_usd, rel=1e-9, abs=1e-9)
    pnl = result.trades["net_pnl_usd"].to_numpy(float)
    assert surface.winners[at] == (pnl > 0).sum()
    assert surface.risk_usd[at] == pytest.approx(
        result.trades["risk_usd"].to_numpy(float).sum(), rel=1e-9
    )
    if metrics.return_on_risk_percent is None:
        assert np.isnan(surface.return_on_risk_percent[at])
    else:
        assert surface.return_on_risk_percent[at] == pytest.approx(
            metrics.return_on_risk_percent, rel=1e-9, abs=1e-9
        )
    return metrics.total_trades


@pytest.mark.parametrize("fill_rule", ["next_bar", "latest_bar"])
@pytest.mark.parametrize("latency_seconds", range(6))
def test_the_surface_agrees_with_single_backtests(latency_seconds: int, fill_rule: str) -> None:
    sessions = made_sessions(latency_seconds)
    fixed = {
        "fill_rule": fill_rule,
        "latency_seconds": latency_seconds,
        "slippage_fraction": 0.01,
        "contracts_per_trade": 2,
    }
    surface = compute_surface(SPACE, fixed, sessions)
    random = Random(latency_seconds)
    trades = sum(
        assert_agrees(surface, sessions, fixed, random.randrange(surface.size)) for _ in range(350)
    )
    assert trades > 300  # the agreement is not about nothing


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(session_ranges(), st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_surface_agrees_on_nasty_sessions(
    frames: list[SessionFrames], latency_seconds: int, random: Random
) -> None:
    sessions = [build_session(one) for one in frames]
    fixed = {
        "fill_rule": random.choice(("next_bar", "latest_bar")),
        "max_fill_wait_seconds": random.choice((0, 1, 5, 10, 30)),
        "slippage_fraction": random.choice((0, 0.2)),
        "latency_seconds": latency_seconds,
        "end_of_day_exit_time": random.choice(("15:54", "10:00", "15:59:59")),
        "emergency_exit_time": random.choice(("15:55", "10:01", "16:30")),
        "late_entry_cutoff_time": random.choice(("15:54", "09:50", "16:30")),
    }
    surface = compute_surface(SPACE, fixed, sessions)
    for _ in range(12):
        assert_agrees(surface, sessions, fixed, random.randrange(surface.size))


@pytest.mark.parametrize("fill_rule", ["next_bar", "latest_bar"])
def test_workers_do_not_change_a_bit(fill_rule: str) -> None:
    sessions = made_sessions(7)
    fixed = {"fill_rule": fill_rule}
    one, *others = (compute_surface(SPACE, fixed, sessions, workers=n) for n in (1, 2, 4))
    for other in others:
        for name, sums in vars(one.sums).items():
            assert np.array_equal(sums, getattr(other.sums, name)), name


def test_blocks_are_the_sessions_in_order_and_add_up() -> None:
    sessions = made_sessions(8)
    surface = compute_surface(SPACE, None, sessions, n_blocks=2)
    assert surface.session_dates == tuple(DAYS)
    assert surface.block_of_session == (0, 0, 1)
    last = compute_surface(SPACE, None, sessions[2:])
    assert np.array_equal(surface.block_net_pnl_usd[1], last.net_pnl_usd)
    assert np.array_equal(surface.block_total_trades[1], last.total_trades)
    assert surface.block_risk_usd.shape == (2, *surface.shape)


def test_the_plain_twin_of_the_exit_table_is_its_compiled_self() -> None:
    session = made_sessions(9)[0]
    contract = int(np.argmax(np.diff(session.bar_offsets)))
    first, end = session.bar_offsets[contract : contract + 2]
    results = []
    for decide, price, spread in (
        (surface_exits.decide_exits, surface_exits.exit_price, surface_exits.spread_exits),
        (
            surface_exits.decide_exits.py_func,
            surface_exits.exit_price.py_func,
            surface_exits.spread_exits.py_func,
        ),
    ):
        bars = (session.bar_seconds, session.bar_prices_usd, end, first, session.bar_seconds[first])
        decisions, table = np.zeros(6, np.int64), np.zeros((2, 2, 2))
        decide(
            *bars, np.array([5.0, 50.0]), np.array([-5.0, -50.0]), np.array([60, 600]), 23_000,
            session.n_seconds - 1, decisions,
        )  # fmt: skip
        last = session.n_seconds - 1
        prices = [
            price(*bars, one, fill_rule, 1, 23_100, last)
            for one in decisions
            for fill_rule in (0, 1)
        ]
        spread(decisions, np.array(prices[::2]), table)
        results.append((decisions, np.array(prices), table))
    for compiled, plain in zip(*results, strict=True):
        assert np.array_equal(compiled, plain)
        assert (compiled > 0).all()


def test_best_and_ranks_follow_the_objective() -> None:
    surface = compute_surface(SPACE, None, made_sessions(10))
    best = surface.best(min_trades=5)
    assert best is not None
    objective = surface.return_on_risk_percent[surface.total_trades >= 5]
    assert best.return_on_risk_percent == objective.max()
    assert (best.rank, best.n_valid) == (1, objective.size)
    second = np.sort(np.unique(objective))[-2]
    index = int(np.flatnonzero(surface.objective(5).ravel() == second)[0])
    point = surface.rank_of(surface.space.combination(index), min_trades=5)
    assert point.rank == 1 + int((objective > second).sum())
    assert surface.best(min_trades=10**6) is None


def test_many_exits_are_refused_for_the_work_that_they_take() -> None:
    space = FIRST_VALUES.replacing(take_profit_percent=range(1, 2001))
    sums_bytes = surface_bytes(space, 1)
    with pytest.raises(TooLarge):
        compute_surface(space, None, made_sessions(12)[:1], workers=1, max_bytes=2 * sums_bytes)


def test_a_file_holds_the_totals(tmp_path: Path) -> None:
    sessions = made_sessions(11)
    surface = compute_surface(SPACE, {"latency_seconds": 2}, sessions)
    write_surface(surface, tmp_path / "surface.parquet")
    read = read_surface(tmp_path / "surface.parquet")
    assert read.space == surface.space
    assert read.fixed_params == surface.fixed_params
    assert read.session_dates == surface.session_dates
    assert read.data_fingerprint == data_fingerprint(sessions)
    for name in ("total_trades", "missing_entries", "winners", "risk_usd", "net_pnl_usd"):
        assert np.array_equal(getattr(read, name), getattr(surface, name)), name
    assert read.best(5) == surface.best(5)
    assert [path.name for path in tmp_path.iterdir()] == ["surface.parquet"]


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "surface.parquet"
    path.write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(CorruptFileError, match=r"surface\.parquet"):
        read_surface(path)


def test_a_file_without_some_of_its_rows_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "surface.parquet"
    write_surface(compute_surface(SPACE, None, made_sessions(11)[:1]), path)
    pq.write_table(pq.read_table(path).slice(1), path)
    with pytest.raises(CorruptFileError, match=r"surface\.parquet"):
        read_surface(path)


def test_what_cannot_be_evaluated_is_refused() -> None:
    session = made_sessions(12)[:1]
    with pytest.raises(TooLarge, match="combinations needs"):
        compute_surface(SPACE, None, session, max_bytes=1000)
    with pytest.raises(MissingSessionError):
        compute_surface(SPACE, None, [])
    for fixed in ({"strikes_depth": 2}, {"entry_start_time": "10:00"}, {"reclaim_threshold": 0}):
        with pytest.raises(ParameterError, match="both searched and fixed"):
            compute_surface(SPACE, fixed, session)


def test_positions_may_be_held_for_longer_than_the_session() -> None:
    sessions, fixed = made_sessions(14), {"latency_seconds": 2}
    space = SPACE.replacing(max_trade_duration_seconds=(60, 86_400), take_profit_percent=(1000,))
    surface = compute_surface(space, fixed, sessions)
    random = Random(14)
    for _ in range(100):
        assert_agrees(surface, sessions, fixed, random.randrange(surface.size))


@pytest.mark.parametrize("n_exits", [1, 3])
def test_the_memory_that_is_stated_is_the_memory_that_is_taken(n_exits: int) -> None:
    space = SPACE.replacing(take_profit_percent=SPACE["take_profit_percent"][:n_exits])
    sums = vars(SurfaceSums.zeros(space, 4)).values()
    taken = sum(array.nbytes for array in sums)
    assert surface_bytes(space, 4) == taken // 4 * 5  # four blocks and the total


def with_too_few_trades(surface: Surface, take_profit_percent: int) -> Surface:
    """The same surface, but for one take profit, which no longer has enough trades."""
    few = surface.total_trades.copy()
    axis = list(surface.space).index("take_profit_percent")
    np.moveaxis(few, axis, 0)[surface.space["take_profit_percent"].index(take_profit_percent)] = 1
    vars(surface)["total_trades"] = few  # a cached property: trades do not depend on exits
    return surface


def test_neighbourhoods_by_hand() -> None:
    surface = hand_made_surface([10.0, 90.0, 0.0, 40.0, 60.0, 50.0])
    around = neighbourhoods(surface, min_trades=5)
    assert around.mean_percent.ravel().tolist() == [90.0, 5.0, 65.0, 30.0, 45.0, 60.0]
    assert around.worst_percent.ravel().tolist() == [90.0, 0.0, 40.0, 0.0, 40.0, 60.0]
    assert around.n_inside.ravel().tolist() == [1, 2, 2, 2, 2, 1]
    best, plateau = surface.best(5), best_plateau(surface, 5)
    assert best is not None
    assert plateau is not None
    assert best.combination["take_profit_percent"] == 11  # the lone peak of 90
    assert plateau.combination["take_profit_percent"] == 15  # (50 + 60) / 2 is the best mean


def test_neighbours_with_too_few_trades_do_not_count() -> None:
    surface = with_too_few_trades(hand_made_surface([10.0, 90.0, 0.0, 40.0]), 11)
    around = neighbourhoods(surface, min_trades=5)
    assert np.array_equal(around.mean_percent.ravel(), [np.nan, 5.0, 40.0, 0.0], equal_nan=True)
    assert np.array_equal(around.worst_percent.ravel(), [np.nan, 0.0, 40.0, 0.0], equal_nan=True)
    # The first has no neighbour that counts, the second does not count itself.
    expected = [np.nan, np.nan, 20.0, 20.0]
    assert np.array_equal(around.score_percent.ravel(), expected, equal_nan=True)
    best = surface.best(5)
    assert best is not None
    assert best.combination["take_profit_percent"] == 13


def test_no_plateau_without_trades() -> None:
    surface = hand_made_surface([1.0, 2.0])
    assert best_plateau(surface, min_trades=11) is None
