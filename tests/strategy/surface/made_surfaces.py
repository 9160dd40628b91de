"""Sessions, a small search space and hand-made surfaces for tests of surfaces."""

from datetime import date
from random import Random

import numpy as np

from strategy.market_data import build_session
from strategy.session import SessionData
from strategy.surface.compute import compute_surface
from strategy.surface.result import Surface
from tests.spaces import space_of
from tests.strategy.random_sessions import random_frames

SPACE = space_of(
    entry_window=("09:30-10:30", "09:30-15:45", "12:00-15:59"),
    stretch_threshold=(0.0005, 0.001, 0.004),
    reclaim_percentage=(0.0, 0.5, 1.0),
    cooldown_period_seconds=(30, 600),
    take_profit_percent=(5, 50, 100),
    stop_loss_percent=(-5, -50, -100),
    max_trade_duration_seconds=(1, 60, 1200),
    strikes_depth=(1, 3),
    option_selection_mode=("itm", "otm", "atm"),
)
DAYS = [date(2023, 1, 3), date(2023, 1, 4), date(2023, 11, 24)]
FIRST_VALUES = SPACE.replacing(**{name: values[:1] for name, values in SPACE.items()})


def made_sessions(seed: int) -> list[SessionData]:
    random = Random(seed)
    return [
        build_session(
            random_frames(
                random, day, n_underlying_bars=300, n_option_bars=200, strikes=list(range(-3, 4))
            )
        )
        for day in DAYS
    ]


def hand_made_surface(objective: list[float]) -> Surface:
    """One ordered dimension, 100 USD of risk and 10 trades everywhere."""
    values = np.array(objective)
    space = FIRST_VALUES.replacing(take_profit_percent=range(10, 10 + len(objective)))
    surface = compute_surface(space, None, made_sessions(13)[:1])
    shape = surface.sums.net_pnl_usd.shape
    surface.sums.net_pnl_usd[:] = values.reshape(shape)
    surface.sums.risk_usd[:] = 100.0
    surface.sums.total_trades[:] = 10
    return surface
