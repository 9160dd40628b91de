"""Parameters published from two sample sessions, for tests of what comes after."""

from datetime import date

from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.results.models import BestParams
from strategy.backtest import ENGINE_VERSION, run_backtest
from strategy.backtest_range import BacktestRange
from strategy.market_data import load_sessions, write_session
from strategy.market_data.sample.generate import SampleSettings, sample_tables
from strategy.params import StrategyParams
from strategy.session import data_fingerprint
from tests.rorq_pipeline.results_made import best_params

RANGE = "2023-01-03_2023-01-04"
PARAMS = StrategyParams(stretch_threshold=0.002, reclaim_threshold=0.0012)
COMBINATION = {
    "entry_window": "09:30-15:45", "stretch_threshold": 0.002, "reclaim_percentage": 0.6,
    "cooldown_period_seconds": 120, "take_profit_percent": 50, "stop_loss_percent": -50,
    "max_trade_duration_seconds": 300, "strikes_depth": 1, "option_selection_mode": "itm",
}  # fmt: skip


def published(project: ProjectPaths, source: str) -> BestParams:
    """Parameters published from two sessions that say they are of this source."""
    for day in (date(2023, 1, 3), date(2023, 1, 4)):
        settings = SampleSettings()
        tables = sample_tables(day, settings)
        write_session(
            project.cache, "SPY", day, tables, source=source, extra_metadata=settings.metadata
        )
    sessions = load_sessions(project.cache, "SPY", BacktestRange.parse(RANGE))
    result = run_backtest(PARAMS, sessions)
    best = best_params(
        date_range=RANGE,
        source=source,
        strategy_params=PARAMS,
        trial_params=COMBINATION,
        metrics=result.metrics,
        counts=result.counts,
        data_fingerprint=data_fingerprint(sessions),
        engine_version=ENGINE_VERSION,
        n_sessions=2,
    )
    best.write_file(project.artifacts / "best_params" / f"{RANGE}.json")
    return best
