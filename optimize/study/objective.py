"""The objective: a combination of the search space -> a value, or a named reason for none.

What belongs here knows the strategy but neither Optuna nor the database.
"""

import json
import math
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from strategy.backtest import run_backtest
from strategy.session import SessionData
from strategy.space import strategy_params

INSUFFICIENT_TRADES = "insufficient_trades"
NO_VALUE = "no_value"
_ENCODER = json.JSONEncoder(allow_nan=False)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one combination: exactly one of value, prune reason and error is set."""

    value: float | None = None
    prune_reason: str | None = None
    error: str | None = None  # one line: the exception's type and message
    attributes: Mapping[str, Any] = field(default_factory=dict)  # JSON values, kept with the trial


class Objective(Protocol):
    """A function of a combination; an exception fails the trial and no more."""

    def __call__(self, combination: Mapping[str, Any], /) -> Outcome:
        """Evaluate one value a dimension."""
        ...


@dataclass(frozen=True, kw_only=True)
class BacktestObjective:
    """Return on risk over a range's sessions, percent."""

    sessions: Sequence[SessionData]
    fixed_params: Mapping[str, Any]
    min_trade_threshold: int  # fewest trades for a value

    def __call__(self, combination: Mapping[str, Any], /) -> Outcome:
        """Run the backtest; too few trades are a reason to prune, not a value."""
        params = strategy_params(combination, self.fixed_params)
        evaluation = run_backtest(params, self.sessions)
        metrics = evaluation.metrics.as_dict()
        attributes = {**metrics, "counts": evaluation.counts.as_dict()}
        if evaluation.metrics.total_trades < self.min_trade_threshold:
            return Outcome(prune_reason=INSUFFICIENT_TRADES, attributes=attributes)
        value = metrics["return_on_risk_percent"]
        if value is None:
            return Outcome(prune_reason=NO_VALUE, attributes=attributes)
        return Outcome(value=float(value), attributes=attributes)


def evaluate_guarded(objective: Objective, combination: Mapping[str, Any]) -> Outcome:
    """Evaluate, and turn an exception into an outcome that says what happened where."""
    try:
        outcome = objective(combination)
        _ENCODER.encode(dict(outcome.attributes))  # raises where they cannot be kept
    except Exception as error:  # noqa: BLE001  any fault of an objective is the trial's failure
        last = traceback.extract_tb(error.__traceback__)[-1]
        text = " ".join(f"{type(error).__name__}: {error}".replace("\x00", "").split())
        return Outcome(error=text, attributes={"error_location": f"{last.name}:{last.lineno}"})
    if outcome.value is not None and not math.isfinite(outcome.value):
        return replace(outcome, value=None, error=f"the value is {outcome.value}")
    return outcome
