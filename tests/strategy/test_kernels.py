"""Every kernel is its plain Python twin: a backtest and a surface without any compiled code."""

from datetime import date
from random import Random
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from strategy import backtest
from strategy.kernels import (
    contracts,
    fills,
    grid_rows,
    session_walk,
    signals,
    surface_entries,
    surface_exits,
    surface_walk,
)
from strategy.market_data import build_session
from strategy.params import StrategyParams
from strategy.session import SessionData
from strategy.surface import compute as surface
from tests.spaces import space_of
from tests.strategy.random_sessions import random_frames

MODULES: tuple[ModuleType, ...] = (
    contracts, fills, grid_rows, signals, session_walk, surface_entries, surface_exits,
    surface_walk, backtest, surface,
)  # fmt: skip
DAYS = (date(2023, 1, 3), date(2023, 11, 24))  # the second closes early
SPACE = space_of(
    entry_window=("09:30-15:59",),
    stretch_threshold=(0.0005,),
    reclaim_percentage=(0.0, 1.0),
    cooldown_period_seconds=(30, 120),
    take_profit_percent=(5, 50),
    stop_loss_percent=(-5, -50),
    max_trade_duration_seconds=(60, 600),
    strikes_depth=(2,),
    option_selection_mode=("itm", "otm", "atm"),
)
PARAMS = StrategyParams(
    stretch_threshold=0.0005,
    reclaim_threshold=0.0002,
    cooldown_period_seconds=30,
    take_profit_percent=20,
    latency_seconds=2,
)


@pytest.fixture(scope="module")
def sessions() -> list[SessionData]:
    random = Random(3)
    return [
        build_session(
            random_frames(
                random, day, n_underlying_bars=300, n_option_bars=200, strikes=list(range(-3, 4))
            )
        )
        for day in DAYS
    ]


def run_both(
    sessions: list[SessionData], fill_rule: str
) -> tuple[backtest.BacktestResult, surface.Surface]:
    return (
        backtest.run_backtest(PARAMS.replacing(fill_rule=fill_rule), sessions),
        surface.compute_surface(SPACE, {"fill_rule": fill_rule}, sessions),
    )


def without_compiled_code(monkeypatch: pytest.MonkeyPatch) -> int:
    """Put the plain function in the place of every kernel, wherever one is called by its name."""
    places = [
        (module, name, value.py_func)
        for module in MODULES
        for name, value in vars(module).items()
        if hasattr(value, "py_func")
    ]
    for module, name, plain in places:
        monkeypatch.setattr(module, name, plain)
    return len({plain for _, _, plain in places})


@pytest.mark.parametrize("fill_rule", ["next_bar", "latest_bar"])
def test_plain_twins_give_what_the_compiled_kernels_give(
    sessions: list[SessionData], monkeypatch: pytest.MonkeyPatch, fill_rule: str
) -> None:
    result, sums = run_both(sessions, fill_rule)
    assert without_compiled_code(monkeypatch) > 10
    plain_result, plain_sums = run_both(sessions, fill_rule)
    assert len(result.trades) > 10
    pd.testing.assert_frame_equal(plain_result.trades, result.trades, rtol=1e-12)
    assert plain_result.counts == result.counts
    assert sums.total_trades.min() > 5
    for name, expected in vars(sums.sums).items():
        found = getattr(plain_sums.sums, name)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-9, err_msg=name)
