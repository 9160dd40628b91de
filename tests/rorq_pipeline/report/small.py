"""A page's data from a few trades that a test names, without a backtest."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from optuna.trial import FrozenTrial

from optimize.study.results import summarize
from optimize.study.settings import StudySettings
from rorq_pipeline.report import ReportData
from rorq_pipeline.results.models import Optimization
from strategy.backtest_range import BacktestRange
from strategy.trade_table import TRADE_COLUMNS
from tests.rorq_pipeline.results_made import best_params
from tests.spaces import space_of

RANGE = BacktestRange.parse("2023-01-03_2023-01-06")  # Tuesday to Friday


def trade(
    day: int, net_pnl_usd: float, *, at: str = "10:00:00", seconds: int = 90, **changes: Any
) -> dict[str, Any]:
    """A call bought at a time of January 2023 and held for some seconds: a row of the trades."""
    entry = pd.Timestamp(f"2023-01-{day:02} {at}", tz="America/New_York")
    leave = entry + pd.Timedelta(seconds=seconds)
    return {
        "session_date": entry.date(), "side": "below",
        "stretch_time": entry - pd.Timedelta(seconds=42),
        "signal_time": entry - pd.Timedelta(seconds=1), "entry_time": entry,
        "ticker": f"O:SPY2301{day:02}C00380000", "underlying_price": 380.75, "entry_price": 1.25,
        "exit_time": leave, "exit_price": 1.5, "exit_reason": "take_profit",
        "net_pnl_usd": net_pnl_usd, "risk_usd": 64.0, "entry_price_age_seconds": 0,
        "exit_price_age_seconds": 2, "exit_decision_time": leave, "exit_without_print": False,
        **changes,
    }  # fmt: skip


def small_data(
    trades: Sequence[Mapping[str, Any]] = (),
    *,
    best: Mapping[str, Any] | None = None,
    **changes: Any,
) -> ReportData:
    """Only what is required, of four sessions; without a trade unless some are given."""
    fields: dict[str, Any] = {
        "date_range": RANGE,
        "best": best_params(**(best or {})),
        "optimization": optimization(),
        "trades": pd.DataFrame(list(trades), columns=list(TRADE_COLUMNS)).infer_objects(),
    }
    return ReportData(**(fields | changes))


def optimization(trials: Sequence[FrozenTrial] = ()) -> Optimization:
    """The study of these trials."""
    space = space_of(take_profit_percent=[25, 50])
    return Optimization(
        date_range=RANGE.key,
        study=summarize(
            trials, fixed_params={}, n_before=0, seconds=2.0, study_name="study",
            warm_started_from=None, stop_reason="completed", search_space_size=space.size,
        ),
        settings=StudySettings(min_trade_threshold=5),
        search_space=space,
        fixed_params={"ticker": "SPY"},
        data_fingerprint="cd" * 32,
    )  # fmt: skip
