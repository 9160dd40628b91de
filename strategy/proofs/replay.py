"""Replay of published parameters: the reference engine trades them again from their stored form.

The compiled engine has no part in it, so that a fault of it, of the stored parameters or of the
stored trades shows as a difference.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from strategy.market_data.reader import SessionFrames
from strategy.params import StrategyParams
from strategy.reference import ReferenceResult, reference_backtest

OBJECTIVE = "return_on_risk_percent"
TOLERANCE = 1e-6  # USD and percent, between sums that were added in another order


@dataclass(frozen=True, kw_only=True)
class ReplayResult:
    """What the replay found; `difference` is the first one, None where there is none."""

    n_trades: int  # of the reference engine
    objective: float | None  # of the reference engine, percent
    difference: str | None

    @property
    def matches(self) -> bool:
        """Whether the published result is what the reference engine finds."""
        return self.difference is None

    def summary(self) -> str:
        """One line."""
        if self.difference is not None:
            return f"the replay differs: {self.difference}"
        value = "none" if self.objective is None else f"{self.objective:.4f}%"
        return f"the replay gives the same {self.n_trades} trades and {OBJECTIVE} {value}"


def replay(
    stored_params: Mapping[str, Any],
    frames: Iterable[SessionFrames],
    trades: pd.DataFrame,
    metrics: Mapping[str, Any],
) -> ReplayResult:
    """Trade stored parameters on the sessions' raw bars and compare with what was published.

    Args:
        stored_params: As `StrategyParams.to_json_dict` gives them.
        frames: The sessions of the range, as they are on disk; each is used once.
        trades: The published table of trades; columns that the reference engine does not have
            are passed over, those of its own that are absent are a difference.
        metrics: The published metrics by name; the objective must be among them.

    Raises:
        ParameterError: the stored parameters are no strategy parameters.
    """
    params = StrategyParams.from_json_dict(dict(stored_params))
    result = reference_backtest(params, frames)
    return ReplayResult(
        n_trades=len(result.trades),
        objective=result.metrics[OBJECTIVE],
        difference=_first_difference(result, trades, metrics),
    )


def _first_difference(
    result: ReferenceResult, trades: pd.DataFrame, metrics: Mapping[str, Any]
) -> str | None:
    columns = list(result.trades[0]) if result.trades else []
    absent = [name for name in columns if name not in trades.columns]
    if absent:
        return f"the published trades have no column {absent[0]}"
    published = trades[columns].to_dict("records") if columns else []
    for row, (replayed, stored) in enumerate(zip(result.trades, published, strict=False), start=1):
        for name, value in replayed.items():
            if not _same(value, stored[name]):
                return f"{name} of trade {row} was published as {stored[name]}, replayed as {value}"
    if len(trades) != len(result.trades):
        return f"{len(trades)} trades were published, {len(result.trades)} replayed"
    if OBJECTIVE not in metrics:
        return f"{OBJECTIVE} was not published"
    for name, value in result.metrics.items():
        if name in metrics and not _same(value, metrics[name]):
            return f"{name} was published as {metrics[name]}, replayed as {value}"
    return None


def _same(replayed: Any, published: Any) -> bool:
    """Numbers within the tolerance, moments and days by what they mean, all else exactly."""
    if replayed is None or _missing(published):
        return replayed is None and _missing(published)
    if isinstance(replayed, datetime):
        return bool(pd.Timestamp(replayed) == pd.Timestamp(published))
    if isinstance(replayed, date):
        return pd.Timestamp(published).date() == replayed
    if isinstance(replayed, float):
        return math.isclose(replayed, float(published), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(replayed == published)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
