"""The arrays of a session, as kernels see them."""

import pickle
from datetime import date
from random import Random

import numpy as np

from strategy.backtest import run_backtest
from strategy.kernels.session_walk import trade_session
from strategy.market_data import build_session
from strategy.params import StrategyParams
from strategy.session import SessionData
from tests.strategy.random_sessions import random_frames


def made_session() -> SessionData:
    frames = random_frames(
        Random(1), date(2023, 1, 3), n_underlying_bars=50, n_option_bars=50, strikes=[-1, 0, 1]
    )
    return build_session(frames)


def test_a_kernel_is_compiled_once_for_sessions_from_disk_and_from_another_process() -> None:
    session = made_session()
    run_backtest(StrategyParams(), [session])
    compiled = len(trade_session.signatures)
    run_backtest(StrategyParams(take_profit_percent=50.0), [pickle.loads(pickle.dumps(session))])
    assert len(trade_session.signatures) == compiled


def test_a_session_keeps_its_arrays_when_pickled() -> None:
    session = made_session()
    again = pickle.loads(pickle.dumps(session))
    for name, value in vars(session).items():
        assert np.array_equal(getattr(again, name), value), name
