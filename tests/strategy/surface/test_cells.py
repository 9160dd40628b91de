"""Month cells against the surface computed directly, and their files against damage and change."""

import os
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from random import Random

import numpy as np
import pytest

from strategy.errors import SessionChangedError
from strategy.market_data import build_session
from strategy.session import SessionData
from strategy.surface import cell_files
from strategy.surface.cell_files import CellStore, plan_identity
from strategy.surface.cells import (
    SessionCell,
    make_session_cell,
    sum_cells,
    surface_of_cells,
)
from strategy.surface.compute import SurfacePlan, compute_surface
from tests.spaces import space_of
from tests.strategy.random_sessions import random_frames

SPACE = space_of(
    entry_window=("09:30-10:30", "09:30-15:45"),
    stretch_threshold=(0.0005, 0.001, 0.02),
    reclaim_percentage=(0.0, 0.5, 1.0),
    cooldown_period_seconds=(30, 31, 600),
    take_profit_percent=(5, 50, 100),
    stop_loss_percent=(-5, -50, -100),
    max_trade_duration_seconds=(1, 60, 1200),
    strikes_depth=(1, 3),
    option_selection_mode=("itm", "otm", "atm"),
)
DAYS = [date(2023, 1, 3), date(2023, 1, 4), date(2023, 3, 13), date(2023, 7, 3), date(2023, 11, 24)]


@pytest.fixture(scope="module")
def sessions() -> list[SessionData]:
    random = Random(7)
    made = [
        build_session(
            random_frames(
                random, day, n_underlying_bars=300, n_option_bars=200, strikes=list(range(-3, 4))
            )
        )
        for day in DAYS
    ]
    return [replace(s, fingerprint=f"{row}" * 64) for row, s in enumerate(made)]


@pytest.fixture(scope="module")
def plan() -> SurfacePlan:
    return SurfacePlan.of(SPACE, None)


def test_a_surface_of_cells_is_the_surface_computed_directly(
    sessions: list[SessionData], plan: SurfacePlan
) -> None:
    cells = [make_session_cell(plan, session) for session in sessions]
    ours = surface_of_cells(plan, cells, n_blocks=2)
    direct = compute_surface(SPACE, None, sessions, n_blocks=2)
    assert direct.total_trades.max() > 20
    for name in ("total_trades", "missing_entries", "winners"):
        assert np.array_equal(getattr(ours.sums, name), getattr(direct.sums, name)), name
    for name in ("risk_usd", "net_pnl_usd"):
        np.testing.assert_allclose(
            getattr(ours.sums, name), getattr(direct.sums, name), rtol=0, atol=1e-8
        )
    for name in ("fixed_params", "session_dates", "block_of_session", "data_fingerprint"):
        assert getattr(ours, name) == getattr(direct, name), name


def test_equal_rows_are_kept_once_and_sets_without_a_trade_not_at_all(
    sessions: list[SessionData], plan: SurfacePlan
) -> None:
    cell = make_session_cell(plan, sessions[0])
    direct = compute_surface(SPACE, None, sessions[:1])
    rows = direct.sums.net_pnl_usd.reshape(len(cell.row_of_set), -1)
    trades = direct.sums.total_trades.ravel()
    assert len(cell.total_trades) == len(np.unique(rows[trades > 0], axis=0)) < (trades > 0).sum()
    assert np.array_equal(cell.row_of_set < 0, trades == 0)


def test_sums_are_the_same_bits_in_any_order(
    sessions: list[SessionData], plan: SurfacePlan
) -> None:
    cells = [make_session_cell(plan, session) for session in sessions]
    forward, backward = (sum_cells(plan.space, part) for part in (cells, cells[::-1]))
    parted = sum_cells(plan.space, cells[:2]) + sum_cells(plan.space, cells[2:])
    for other in (backward, parted):
        assert other.n_sessions == len(cells)
        for name in ("total_trades", "risk_usd", "net_pnl_usd"):
            assert np.array_equal(getattr(forward, name), getattr(other, name)), name
    squares = sum(
        compute_surface(SPACE, None, [session]).sums.net_pnl_usd ** 2 for session in sessions
    )
    np.testing.assert_allclose(forward.session_pnl_squared.ravel(), squares.ravel(), rtol=1e-9)


def test_a_second_asking_computes_nothing(
    sessions: list[SessionData], plan: SurfacePlan, tmp_path: Path
) -> None:
    first = list(CellStore(tmp_path, plan).of_sessions(sessions))
    months = dict(CellStore(tmp_path, plan).months("SPY", prints(sessions), never))
    assert list(months) == ["2023-01", "2023-03", "2023-07", "2023-11"]
    again = [cell for cells in months.values() for cell in cells]
    for one, other in zip(first, again, strict=True):
        assert_equal(one, other)


def test_only_sessions_that_changed_or_are_new_are_computed(
    sessions: list[SessionData], plan: SurfacePlan, tmp_path: Path
) -> None:
    store = CellStore(tmp_path, plan)
    list(store.of_sessions(sessions[1:]))
    changed = [sessions[0], replace(sessions[1], fingerprint="f" * 64), *sessions[2:]]
    asked: list[date] = []
    cells = dict(store.months("SPY", prints(changed), recording(changed, asked)))["2023-01"]
    assert sorted(asked) == DAYS[:2]
    assert [cell.fingerprint for cell in cells] == ["0" * 64, "f" * 64]
    dict(store.months("SPY", prints(sessions[:1]), never))  # the file still has both


@pytest.mark.parametrize("at", [10, 3000, -40], ids=["header", "data", "directory"])
def test_a_damaged_file_is_computed_again(
    sessions: list[SessionData], plan: SurfacePlan, tmp_path: Path, at: int
) -> None:
    store = CellStore(tmp_path, plan)
    first = list(store.of_sessions(sessions[:2]))
    (path,) = tmp_path.glob("SPY/*/2023-01.cells")
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)
    for one, other in zip(first, store.of_sessions(sessions[:2]), strict=True):
        assert_equal(one, other)
    path.write_bytes(path.read_bytes()[:2000])
    assert len(list(store.of_sessions(sessions[:2]))) == 2
    assert [p.name for p in path.parent.iterdir()] == [path.name]  # nothing half-written is left


@pytest.mark.parametrize("n_flips", [200, pytest.param(3000, marks=pytest.mark.slow)])
def test_a_flipped_bit_anywhere_changes_no_cell(
    sessions: list[SessionData],
    plan: SurfacePlan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    n_flips: int,
) -> None:
    store = CellStore(tmp_path, plan)
    (first,) = store.of_sessions(sessions[:1])
    (path,) = tmp_path.glob("SPY/*/2023-01.cells")
    sound, random = path.read_bytes(), Random(n_flips)
    made: list[date] = []

    def make(_: SurfacePlan, session: SessionData) -> SessionCell:
        made.append(session.date)
        return first

    monkeypatch.setattr(cell_files, "make_session_cell", make)
    for _ in range(n_flips):
        data = bytearray(sound)
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        path.write_bytes(data)
        (cell,) = store.of_sessions(sessions[:1])
        assert_equal(cell, first)
        store.absent("SPY", prints(sessions[:1]))
    assert len(made) > n_flips / 2


def test_a_session_that_changed_meanwhile_is_refused_and_not_kept(
    sessions: list[SessionData], plan: SurfacePlan, tmp_path: Path
) -> None:
    store = CellStore(tmp_path, plan)
    other = replace(sessions[0], fingerprint="f" * 64)
    with pytest.raises(SessionChangedError, match=f"expected {'0' * 12}, with which the work"):
        dict(store.months("SPY", prints(sessions[:1]), lambda _: other))
    assert store.absent("SPY", prints(sessions[:1])) == {"2023-01": DAYS[:1]}


def test_beyond_a_size_the_identity_used_longest_ago_goes(
    sessions: list[SessionData],
    plan: SurfacePlan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, two, three = (
        CellStore(tmp_path, SurfacePlan.of(SPACE, {"latency_seconds": seconds}))
        for seconds in (1, 2, 3)
    )
    for store in (one, two):
        list(store.of_sessions(sessions[:1]))
    paths = list(tmp_path.glob("SPY/*/2023-01.cells"))
    for path in paths:
        os.utime(path.parent, (1.0, 1.0))
    list(one.of_sessions(sessions[:1]))  # is read, so that the other was used longest ago
    size = sum(path.stat().st_size for path in paths)
    monkeypatch.setattr(cell_files, "MAX_FOLDER_BYTES", size + 1000)
    list(three.of_sessions(sessions[:1]))
    kept = [not store.absent("SPY", prints(sessions[:1])) for store in (one, two, three)]
    assert kept == [True, False, True]


def test_where_nothing_can_be_written_the_cells_are_computed(
    sessions: list[SessionData],
    plan: SurfacePlan,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "SPY").write_text("a file where a folder should be")
    assert len(list(CellStore(tmp_path, plan).of_sessions(sessions[:2]))) == 2
    assert "cannot be written" in caplog.text


def test_cells_of_another_engine_space_or_fixed_parameter_are_others(
    plan: SurfacePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    identities = {plan_identity(plan)}
    identities.add(plan_identity(SurfacePlan.of(SPACE, {"latency_seconds": 2})))
    identities.add(plan_identity(SurfacePlan.of(SPACE.replacing(strikes_depth=(1, 2)), None)))
    monkeypatch.setattr(cell_files, "ENGINE_VERSION", "another")
    identities.add(plan_identity(plan))
    assert len(identities) == 4


def prints(sessions: list[SessionData]) -> dict[date, str]:
    return {session.date: session.fingerprint for session in sessions}


def never(day: date) -> SessionData:
    raise AssertionError(f"{day} was loaded")


def recording(sessions: list[SessionData], asked: list[date]) -> Callable[[date], SessionData]:
    by_day = {session.date: session for session in sessions}

    def load(day: date) -> SessionData:
        asked.append(day)
        return by_day[day]

    return load


def assert_equal(one: SessionCell, other: SessionCell) -> None:
    for field in fields(SessionCell):
        values = getattr(one, field.name), getattr(other, field.name)
        assert np.array_equal(*values), field.name
        if isinstance(values[0], np.ndarray):
            assert values[0].dtype == values[1].dtype
