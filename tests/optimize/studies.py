"""What tests of studies share: a small space, an objective without market data, a run."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from optuna.trial import FrozenTrial
from sqlalchemy import text

from optimize.database.connect import open_engine
from optimize.database.settings import DatabaseSettings
from optimize.run_study import StudySummary, open_study, run_study
from optimize.study.objective import INSUFFICIENT_TRADES, Outcome
from optimize.study.settings import StudySettings
from strategy.date_range import DateRange
from strategy.space import SearchSpace
from tests.spaces import space_of

RANGE = DateRange(date(2023, 1, 3), date(2023, 1, 31))
SMALL = space_of(
    entry_window=["09:30-10:30"],
    stretch_threshold=[0.001, 0.002, 0.003, 0.004, 0.005],
    reclaim_percentage=[0.4, 0.5],
    cooldown_period_seconds=[60, 90, 120],
    take_profit_percent=[25],
    stop_loss_percent=[-25],
    max_trade_duration_seconds=[60],
    option_selection_mode=["itm", "otm"],
)  # 60 combinations


def height(combination: Mapping[str, Any]) -> float:
    """A smooth landscape over the seed's space, its top at 0.005, 0.6, 120, 60, -60, 180."""
    return 10.0 - (
        400 * abs(combination["stretch_threshold"] - 0.005)
        + 5 * abs(combination["reclaim_percentage"] - 0.6)
        + abs(combination["cooldown_period_seconds"] - 120) / 100
        + abs(combination["take_profit_percent"] - 60) / 20
        + abs(combination["stop_loss_percent"] + 60) / 20
        + abs(combination["max_trade_duration_seconds"] - 180) / 100
        + (combination["option_selection_mode"] == "otm")
    )


@dataclass(frozen=True)
class Landscape:
    """An objective: a height, some combinations infeasible, some failing, maybe slow."""

    prune_below: float = -1e9
    fail_at: float | None = None  # stretch_threshold whose combinations in the money raise
    seconds: float = 0.0

    def __call__(self, combination: Mapping[str, Any], /) -> Outcome:
        time.sleep(self.seconds)
        if (self.fail_at, "itm") == (
            combination["stretch_threshold"],
            combination["option_selection_mode"],
        ):
            raise ArithmeticError(f"no height at {self.fail_at}")
        value = height(combination)
        attributes = {"total_trades": 12, "net_pnl_usd": value * 3}
        if value < self.prune_below:
            return Outcome(prune_reason=INSUFFICIENT_TRADES, attributes=attributes)
        return Outcome(value=value, attributes=attributes)


def run(
    database: DatabaseSettings,
    *,
    space: SearchSpace | None = None,
    date_range: DateRange = RANGE,
    objective: Any = None,
    stop: Any = None,
    progress: Any = None,
    **settings: Any,
) -> StudySummary:
    """Run a study on a landscape."""
    return run_study(
        settings=StudySettings(**settings),
        date_range=date_range,
        sessions=[],
        search_space=space or SearchSpace.seed(),
        fixed_params={},
        database=database,
        objective=objective or Landscape(),
        stop=stop,
        progress=progress,
    )


def trials_of(database: DatabaseSettings, summary: StudySummary) -> list[FrozenTrial]:
    """All trials of the study, as Optuna reads them."""
    return open_study(database, summary.study_name).trials


def record(trial: FrozenTrial) -> tuple[Any, ...]:
    """All that must not depend on who evaluated when."""
    return trial.number, trial.state, trial.values, trial.params, trial.user_attrs


def execute(database: DatabaseSettings, statement: str, **parameters: Any) -> list[Any]:
    """Run one statement on the database, and return its rows."""
    engine = open_engine(database)
    with engine.begin() as connection:
        result = connection.execute(text(statement), parameters)
        rows = list(result.all()) if result.returns_rows else []
    engine.dispose()
    return rows
