"""Two published ranges on a small sample cache, as the assets before the evidence leave them."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rorq_pipeline.dagster_support.resources import MarketData
from rorq_pipeline.results.proofs import prove
from strategy.backtest import ENGINE_VERSION, run_backtest
from strategy.backtest_range import BacktestRange
from strategy.date_range import sessions_between
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.session import data_fingerprint
from tests.spaces import space_of

FIRST = BacktestRange(date(2023, 1, 3), date(2023, 1, 13))  # nine sessions
SECOND = BacktestRange(date(2023, 1, 17), date(2023, 1, 24))  # six
SPACE = {
    "entry_window": ["09:30-12:00", "09:30-15:45"],
    "stretch_threshold": [0.001, 0.002, 0.003],
    "reclaim_percentage": [0.5, 0.8],
    "cooldown_period_seconds": [60, 300],
    "take_profit_percent": [25, 50],
    "stop_loss_percent": [-25, -50],
    "max_trade_duration_seconds": [120, 600],
    "option_selection_mode": ["itm"],
}
CHOSEN = {
    "entry_window": "09:30-15:45",
    "stretch_threshold": 0.003,
    "reclaim_percentage": 0.5,
    "cooldown_period_seconds": 60,
    "take_profit_percent": 50,
    "stop_loss_percent": -50,
    "max_trade_duration_seconds": 120,
    "strikes_depth": 1,
    "option_selection_mode": "itm",
}
CHOICES = {FIRST: CHOSEN, SECOND: {**CHOSEN, "take_profit_percent": 25}}


@dataclass(frozen=True)
class Published:
    """A cache, and what was published from it."""

    cache: Path
    market_data: MarketData
    optimization: dict[BacktestRange, dict[str, Any]]
    best: dict[BacktestRange, dict[str, Any]]


@pytest.fixture(scope="session")
def sample_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = tmp_path_factory.mktemp("cache")
    days = sessions_between(FIRST.start_date, SECOND.end_date)
    write_samples(cache, days, SampleSettings(seed=5, edge=2.0))
    return cache


@pytest.fixture(scope="session")
def published(sample_cache: Path) -> Published:
    market_data = MarketData(folder=str(sample_cache))
    space = space_of(**SPACE)
    optimization, best = {}, {}
    for date_range, chosen in CHOICES.items():
        sessions = market_data.load(date_range)
        optimization[date_range] = {
            "study_name": "study",
            "search_space": space.to_json_dict(),
            "fixed_params": {"ticker": "SPY"},
            "settings": {"min_trade_threshold": 5},
        }
        params = space.strategy_params(chosen, {"ticker": "SPY"})
        metrics = run_backtest(params, sessions).metrics.as_dict()
        best[date_range] = {
            "date_range": date_range.key,
            "ticker": "SPY",
            "source": "synthetic",
            "study_name": "study",
            "trial_params": chosen,
            "strategy_params": params.to_json_dict(),
            "metrics": metrics,
            "selections": {
                "exact_best": {
                    "strategy_params": params.to_json_dict(),
                    "return_on_risk_percent": metrics["return_on_risk_percent"],
                }
            },
            "data_fingerprint": data_fingerprint(sessions),
            "engine_version": ENGINE_VERSION,
        }
    return Published(sample_cache, market_data, optimization, best)


@pytest.fixture(scope="session")
def first_proofs(published: Published) -> dict[str, Any]:
    """The proofs of the first range's result."""
    return prove(published.best[FIRST], published.market_data, FIRST)


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, published: Published) -> Path:
    """A folder of artifacts that holds what was published."""
    folder = tmp_path / "artifacts"
    monkeypatch.setenv("RORQ_ARTIFACTS", str(folder))
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    for asset, contents in (
        ("best_params", published.best),
        ("optimization", published.optimization),
    ):
        (folder / asset).mkdir(parents=True)
        for date_range, content in contents.items():
            path = folder / asset / f"{date_range.key}.json"
            path.write_text(json.dumps(content), encoding="utf-8")
    return folder
