"""A real backtest, slowed so that kills land in its middle, and a run of it as a process."""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from optimize.database.settings import DatabaseSettings
from optimize.run_study import StudySummary, run_study
from optimize.study.objective import BacktestObjective, Outcome
from optimize.study.settings import StudySettings
from strategy.date_range import DateRange
from strategy.market_data.sample.generate import SampleSettings, sample_session
from strategy.session import SessionData
from strategy.space import SearchSpace

RANGE = DateRange(date(2023, 1, 3), date(2023, 1, 4))
MIN_TRADES = 3


@dataclass(frozen=True)
class SlowBacktest:
    """The study's own objective with a pause."""

    backtest: BacktestObjective
    seconds: float

    def __call__(self, combination: Mapping[str, Any], /) -> Outcome:
        outcome = self.backtest(combination)
        time.sleep(self.seconds)
        return outcome


def make_sessions() -> list[SessionData]:
    return [sample_session(day, SampleSettings()) for day in RANGE.sessions]


def run_slowly(
    database: DatabaseSettings,
    sessions: Sequence[SessionData],
    seconds: float,
    space: SearchSpace | None = None,
    **knobs: Any,
) -> StudySummary:
    """Run a study with this pause in each evaluation."""
    settings = StudySettings(min_trade_threshold=MIN_TRADES, **knobs)
    backtest = BacktestObjective(
        sessions=sessions, fixed_params={}, min_trade_threshold=settings.min_trade_threshold
    )
    return run_study(
        settings=settings,
        date_range=RANGE,
        sessions=sessions,
        search_space=space or SearchSpace.seed(),
        fixed_params={},
        database=database,
        objective=SlowBacktest(backtest, seconds),
    )


if __name__ == "__main__":  # as a process of its own, to be killed: DATABASE SECONDS KNOBS
    run_slowly(
        DatabaseSettings.model_validate_json(sys.argv[1]),
        make_sessions(),
        float(sys.argv[2]),
        **StudySettings.model_validate_json(sys.argv[3]).model_dump(
            exclude={"min_trade_threshold"}
        ),
    )
