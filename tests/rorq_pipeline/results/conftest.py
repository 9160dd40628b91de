"""Two published ranges on a small sample cache, as the assets before the evidence leave them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from optimize.study.results import summarize
from optimize.study.settings import StudySettings
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.models import BestParams, Optimization, Proofs
from rorq_pipeline.results.proofs import prove
from rorq_pipeline.results.published import publish
from strategy.backtest import run_backtest
from strategy.backtest_range import BacktestRange
from strategy.date_range import sessions_between
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.session import SessionData, data_fingerprint
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
    **space_of().combination(0),
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
FIXED = {"ticker": "SPY"}
CHOICES = {FIRST: CHOSEN, SECOND: {**CHOSEN, "take_profit_percent": 25}}


@dataclass(frozen=True)
class Published:
    """A cache, and what was published from it."""

    cache: Path
    market_data: MarketData
    optimization: dict[BacktestRange, Optimization]
    best: dict[BacktestRange, BestParams]


@pytest.fixture(scope="session")
def sample_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = tmp_path_factory.mktemp("cache")
    days = sessions_between(FIRST.start_date, SECOND.end_date)
    write_samples(cache, days, SampleSettings(seed=2, edge=2.0))
    return cache


@pytest.fixture(scope="session")
def published(sample_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    """Month cells are kept in a project of its own."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RORQ_HOME", str(tmp_path_factory.mktemp("published")))
        yield publish_both(sample_cache)


def publish_both(sample_cache: Path) -> Published:
    market_data = MarketData(folder=str(sample_cache))
    optimization = {one: studied(one, market_data.load(one)) for one in CHOICES}
    best = {
        one: publish(made, market_data, one, selection="study_best")
        for one, made in optimization.items()
    }
    return Published(sample_cache, market_data, optimization, best)


def studied(date_range: BacktestRange, sessions: Sequence[SessionData]) -> Optimization:
    """A study whose best trial is the range's choice."""
    chosen, space = CHOICES[date_range], space_of(**SPACE)
    metrics = run_backtest(space.strategy_params(chosen, FIXED), sessions).metrics
    trial = create_trial(
        value=metrics.return_on_risk_percent,
        params=chosen,
        distributions={name: CategoricalDistribution(space[name]) for name in space.names},
        user_attrs={"total_trades": metrics.total_trades},
    )
    trial.number = 7
    return Optimization(
        date_range=date_range.key,
        study=summarize(
            [trial] * 3 + [_pruned(trial)] * 2,
            fixed_params=FIXED,
            n_before=0,
            seconds=1.0,
            study_name="study",
            warm_started_from=None,
            stop_reason="completed",
            search_space_size=space.size,
        ),
        settings=StudySettings(min_trade_threshold=5),
        search_space=space,
        fixed_params=FIXED,
        data_fingerprint=data_fingerprint(sessions),
    )


def _pruned(trial: FrozenTrial) -> FrozenTrial:
    return create_trial(
        state=TrialState.PRUNED,
        params=trial.params,
        distributions=trial.distributions,
        user_attrs={"prune_reason": "duplicate"},
    )


@pytest.fixture(scope="session")
def first_proofs(published: Published) -> Proofs:
    """The proofs of the first range's result."""
    return prove(published.best[FIRST], published.market_data, FIRST)


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, published: Published) -> Path:
    """A folder of artifacts that holds what was published."""
    folder = tmp_path / "artifacts"
    monkeypatch.setenv("RORQ_ARTIFACTS", str(folder))
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    for contents in (published.best, published.optimization):
        for date_range, content in contents.items():
            content.write_file(content.path(date_range.key))
    return folder
