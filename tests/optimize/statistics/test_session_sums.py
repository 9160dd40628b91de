from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from optimize.statistics.session_sums import SessionSums, session_sums, trade_sessions
from strategy.params import StrategyParams
from tests.optimize.statistics.builders import sums_of

DAYS = (date(2023, 1, 3), date(2023, 1, 4), date(2023, 1, 5))


def trades_table(rows):
    return pd.DataFrame(rows, columns=["session_date", "net_pnl_usd", "risk_usd"])


def test_trades_are_summed_by_session_and_quiet_sessions_stay():
    sums = session_sums(
        trades_table([(DAYS[2], 5.0, 50.0), (DAYS[0], -2.0, 30.0), (DAYS[2], 0.0, 20.0)]), DAYS
    )
    assert sums.dates == DAYS
    assert sums.trades.tolist() == [1, 0, 2]
    assert sums.winners.tolist() == [0, 0, 1]  # nothing won is no win
    assert sums.net_pnl_usd.tolist() == [-2, 0, 5]
    assert sums.risk_usd.tolist() == [30, 0, 70]
    assert sums.return_on_risk_percent == pytest.approx(3.0)
    assert sums.to_frame()["equity_usd"].tolist() == [-2, -2, 3]


def test_no_trade_at_all_has_no_return():
    sums = session_sums(trades_table([]), DAYS)
    assert sums.return_on_risk_percent is None
    assert sums.trades.tolist() == [0, 0, 0]


def test_joining_keeps_the_order_and_empty_is_neutral():
    joined = SessionSums.joined([SessionSums.empty(), sums_of([1, 2]), sums_of([3])])
    assert joined.net_pnl_usd.tolist() == [1, 2, 3]
    assert len(joined) == 3
    assert len(SessionSums.empty()) == 0
    assert SessionSums.empty().to_frame().empty


def test_sums_come_back_from_json():
    sums = sums_of([1.5, -2.0, 0.0])
    stored = TypeAdapter(SessionSums)
    back = stored.validate_json(stored.dump_json(sums))
    assert back.to_frame().equals(sums.to_frame())
    with pytest.raises(ValueError, match="not of one length"):
        replace(sums, trades=sums.trades[1:])


def test_a_backtest_and_its_sums_agree(made_days):
    metrics, sums = trade_sessions(
        StrategyParams(stretch_threshold=0.001, reclaim_threshold=0.0005), made_days
    )
    assert metrics.total_trades == sums.trades.sum() > 0
    assert metrics.net_pnl_usd == pytest.approx(sums.net_pnl_usd.sum())
    assert metrics.return_on_risk_percent == pytest.approx(sums.return_on_risk_percent)
    daily = sums.net_pnl_usd
    assert metrics.daily_sharpe == pytest.approx(daily.mean() / np.std(daily, ddof=1))
    assert sums.dates == tuple(session.date for session in made_days)
