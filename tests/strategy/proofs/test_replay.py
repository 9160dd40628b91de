"""Published results are replayed by the reference engine, and tampering shows."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from strategy.backtest import run_backtest
from strategy.errors import ParameterError
from strategy.market_data import SessionFrames, build_session
from strategy.params import StrategyParams
from strategy.proofs.replay import ReplayResult, replay
from tests.strategy.made_sessions import make_frames

CALL = {
    ("call", 399.0): [
        (second, price, None)
        for second, price in ((111, 1.0), (120, 1.5), (121, 1.5), (3711, 1.0), (3800, 0.4))
    ],
}
STRETCHES = [(100, 398.0), (110, 400.0), (3700, 398.0), (3710, 400.0)]


@pytest.fixture
def frames() -> list[SessionFrames]:
    first = (0, 400.0, 1000.0, 400.0)
    bars = [first, *((second, close, 0.0, None) for second, close in STRETCHES)]
    return [make_frames(day, bars, CALL) for day in (date(2023, 1, 3), date(2023, 1, 4))]


class Published:
    """What a run stored."""

    def __init__(self, frames: list[SessionFrames]) -> None:
        params = StrategyParams(cooldown_period_seconds=60)
        result = run_backtest(params, [build_session(one) for one in frames])
        self.params: dict[str, Any] = json.loads(json.dumps(params.to_json_dict()))
        self.trades = result.trades
        self.metrics: dict[str, Any] = json.loads(json.dumps(result.metrics.as_dict()))

    def replayed(self, frames: list[SessionFrames]) -> ReplayResult:
        return replay(self.params, frames, self.trades, self.metrics)


@pytest.fixture
def published(frames: list[SessionFrames]) -> Published:
    return Published(frames)


def test_a_sound_result_is_confirmed(published: Published, frames: list[SessionFrames]) -> None:
    result = published.replayed(frames)
    assert result.matches
    assert result.difference is None
    assert result.n_trades == 4
    assert result.objective == pytest.approx(published.metrics["return_on_risk_percent"])
    assert result.summary().startswith("the replay gives the same 4 trades and return_on_risk")


def test_trades_may_come_back_from_parquet(
    published: Published, frames: list[SessionFrames], tmp_path: Path
) -> None:
    published.trades.to_parquet(tmp_path / "trades.parquet")
    published.trades = pd.read_parquet(tmp_path / "trades.parquet")
    assert published.replayed(frames).difference is None


def test_further_columns_do_not_matter(published: Published, frames: list[SessionFrames]) -> None:
    published.trades["equity_usd"] = published.trades["net_pnl_usd"].cumsum()
    assert published.replayed(frames).matches


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("exit_price", 1.49),
        ("ticker", "O:SPY230104C00400000"),
        ("exit_reason", "stop_loss"),
        ("net_pnl_usd", 1e6),
        ("side", "above"),
        ("signal_time", pd.Timestamp("2023-01-04 10:00", tz="America/New_York")),
        ("session_date", date(2023, 1, 5)),
        ("entry_price_age_seconds", 3),
    ],
)
def test_the_first_difference_is_named(
    published: Published, frames: list[SessionFrames], column: str, value: object
) -> None:
    published.trades.loc[2, column] = value
    result = published.replayed(frames)
    assert not result.matches
    assert str(result.difference).startswith(f"{column} of trade 3 was published as {value}")
    assert result.summary() == f"the replay differs: {result.difference}"


def test_a_missing_or_an_additional_trade_is_a_difference(
    published: Published, frames: list[SessionFrames]
) -> None:
    trades = published.trades
    published.trades = trades.iloc[:3]
    assert published.replayed(frames).difference == "3 trades were published, 4 replayed"
    published.trades = pd.concat([trades, trades.iloc[3:]], ignore_index=True)
    assert published.replayed(frames).difference == "5 trades were published, 4 replayed"


def test_another_objective_is_a_difference(
    published: Published, frames: list[SessionFrames]
) -> None:
    stored = published.metrics["return_on_risk_percent"]
    published.metrics["return_on_risk_percent"] = stored + 0.001
    difference = published.replayed(frames).difference
    assert difference is not None
    assert difference.startswith(f"return_on_risk_percent was published as {stored + 0.001}")
    del published.metrics["return_on_risk_percent"]
    assert published.replayed(frames).difference == "return_on_risk_percent was not published"


def test_an_absent_column_is_a_difference(
    published: Published, frames: list[SessionFrames]
) -> None:
    published.trades = published.trades.drop(columns="exit_price")
    result = published.replayed(frames)
    assert result.difference == "the published trades have no column exit_price"


def test_other_parameters_are_noticed(published: Published, frames: list[SessionFrames]) -> None:
    published.params["latency_seconds"] = 2
    assert str(published.replayed(frames).difference).startswith("entry_time of trade 1 ")


def test_stored_parameters_are_checked(published: Published, frames: list[SessionFrames]) -> None:
    published.params["stop_loss"] = -50
    with pytest.raises(ParameterError, match="unknown strategy parameter 'stop_loss'"):
        published.replayed(frames)


def test_no_trades_are_confirmed_too(frames: list[SessionFrames]) -> None:
    params = StrategyParams(stretch_threshold=0.5)
    result = run_backtest(params, [build_session(one) for one in frames])
    replayed = replay(params.to_json_dict(), frames, result.trades, result.metrics.as_dict())
    assert replayed.matches
    assert replayed.objective is None
    assert replayed.n_trades == 0
