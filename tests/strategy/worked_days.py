"""Worked days: a few bars by hand, and both engines behind one door.

Unless a test says otherwise VWAP is 400.00 all day: the first bar has all the volume. A stretch is
then a close below 398.80 or above 401.20, a reclaim is back within 399.40 and 400.60.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, NamedTuple

from strategy.backtest import run_backtest
from strategy.market_data import SessionFrames, build_session
from strategy.params import StrategyParams
from strategy.reference import reference_backtest
from tests.strategy.made_sessions import OptionBar, make_frames

DAY = date(2023, 1, 3)
EARLY_CLOSE = date(2023, 11, 24)  # 13:00, so that 15:54 becomes 12:54
OPEN_TIME = 9 * 3600 + 30 * 60

BELOW = [(100, 398.0), (110, 399.5)]  # stretched at 09:31:40, reclaimed at 09:31:50
ABOVE = [(100, 402.0), (110, 400.5)]
STEADY = [(0, 1.0, None)]  # an option that trades once, at the open

Options = Mapping[tuple[str, float], Sequence[OptionBar]]


class Outcome(NamedTuple):
    trades: list[dict[str, Any]]
    metrics: dict[str, Any]
    counts: dict[str, int]


Engine = Callable[[StrategyParams, Sequence[SessionFrames]], Outcome]


def by_reference(params: StrategyParams, frames: Sequence[SessionFrames]) -> Outcome:
    result = reference_backtest(params, frames)
    return Outcome(result.trades, result.metrics, result.counts)


def by_kernels(params: StrategyParams, frames: Sequence[SessionFrames]) -> Outcome:
    result = run_backtest(params, [build_session(one) for one in frames])
    rows = result.trades.to_dict("records")
    return Outcome(rows, asdict(result.metrics), asdict(result.counts))


ENGINES: dict[str, Engine] = {"reference": by_reference, "kernels": by_kernels}


def pinned(
    closes: Sequence[tuple[int, float]], options: Options, day: date = DAY, shares: int = 100
) -> SessionFrames:
    """A session whose VWAP stays at 400.00."""
    first = (0, 400.0, 1000.0, 400.0)
    bars = [first, *((second, close, 0.0, None) for second, close in closes)]
    return make_frames(day, bars, options, shares=shares)


def both_kinds(bars: Sequence[OptionBar] = STEADY, strikes: Sequence[float] = ()) -> Options:
    strikes = strikes or (397, 398, 399, 400, 401, 402, 403)
    return {(kind, float(strike)): bars for kind in ("call", "put") for strike in strikes}


def params(**changes: Any) -> StrategyParams:
    plain: dict[str, Any] = {
        "stretch_threshold": 0.003,
        "reclaim_threshold": 0.0015,
        "cooldown_period_seconds": 60,
        "take_profit_percent": 50,
        "stop_loss_percent": -50,
        "max_trade_duration_seconds": 300,
    }
    return StrategyParams(**{**plain, **changes})


def only_trade(outcome: Outcome) -> dict[str, Any]:
    assert len(outcome.trades) == 1
    return outcome.trades[0]


def clock(moment: Any) -> str:
    return f"{moment:%H:%M:%S}"
