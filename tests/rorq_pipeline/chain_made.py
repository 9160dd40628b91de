"""One real chain of two ranges, made once a test process by the commands, and what came of it.

Tests follow its figures to where they are shown. What they expect is worked out from `Traded`,
which knows the sessions, the engine and arithmetic, but nothing of `rorq_pipeline`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from click.testing import CliRunner

from optimize.database.settings import DatabaseSettings
from rorq_pipeline.cli.main import main
from rorq_pipeline.dagster_support.instance import project_instance
from rorq_pipeline.project.paths import ProjectPaths
from strategy.backtest import run_backtest
from strategy.backtest_range import BacktestRange
from strategy.market_data import load_days
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.metrics import Counts
from strategy.params import StrategyParams
from strategy.session import SessionData
from strategy.space import SearchSpace
from tests.rorq_pipeline.conftest import small_config

FIRST = BacktestRange(date(2023, 1, 3), date(2023, 1, 4))
SECOND = BacktestRange(date(2023, 1, 5), date(2023, 1, 6))
MIN_TRADES = 1


@dataclass(frozen=True)
class Chain:
    """A project, what its commands printed, and what Dagster keeps of their runs."""

    paths: ProjectPaths
    environment: Mapping[str, str]
    output: Mapping[BacktestRange, str]
    told: Mapping[BacktestRange, Mapping[str, Mapping[str, Any]]]  # asset -> metadata
    checks: Mapping[BacktestRange, Mapping[str, dg.AssetCheckEvaluation]]

    def kept(self, asset: str, date_range: BacktestRange = FIRST) -> dict[str, Any]:
        """The JSON file of an asset, as anybody reads it."""
        path = self.paths.artifacts / asset / f"{date_range.key}.json"
        content: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return content

    def page(self, name: str = FIRST.key) -> str:
        """A page of the reports."""
        return (self.paths.artifacts / "report" / f"{name}.html").read_text("utf-8")

    def traded(self, date_range: BacktestRange = FIRST) -> "Traded":
        """The published parameters on the sessions of a range."""
        return Traded(self._params, load_days(self.paths.cache, "SPY", date_range.sessions, None))

    @cached_property
    def _params(self) -> StrategyParams:
        return StrategyParams(**self.kept("best_params")["strategy_params"])


@dataclass(frozen=True)
class Traded:
    """One set of parameters traded by the engine, with figures by plain arithmetic."""

    params: StrategyParams
    sessions: Sequence[SessionData]

    @cached_property
    def trades(self) -> pd.DataFrame:
        return run_backtest(self.params, self.sessions).trades

    @cached_property
    def counts(self) -> Counts:
        return run_backtest(self.params, self.sessions).counts

    @property
    def net_pnl_usd(self) -> float:
        return float(self.trades["net_pnl_usd"].sum())

    @property
    def return_on_risk_percent(self) -> float:
        return 100 * self.net_pnl_usd / float(self.trades["risk_usd"].sum())

    @property
    def largest_trade_fraction(self) -> float:
        gains = [value for value in self.trades["net_pnl_usd"] if value > 0]
        return max(gains) / sum(gains)

    @property
    def largest_day_fraction(self) -> float:
        days: dict[Any, float] = {}
        for row in self.trades.to_dict("records"):
            days[row["session_date"]] = days.get(row["session_date"], 0) + row["net_pnl_usd"]
        gains = [value for value in days.values() if value > 0]
        return max(gains) / sum(gains)


def by_combination(
    space: SearchSpace, sessions: Sequence[SessionData]
) -> list[tuple[dict[str, Any], float]]:
    """Every combination with enough trades and its return on risk, best first."""
    made = []
    for index in range(space.size):
        combination = space.combination(index)
        metrics = run_backtest(space.strategy_params(combination, {}), sessions).metrics
        if metrics.total_trades >= MIN_TRADES and metrics.return_on_risk_percent is not None:
            made.append((combination, metrics.return_on_risk_percent))
    return sorted(made, key=lambda one: -one[1])


@contextmanager
def made_chain(root: Path, database: DatabaseSettings) -> Iterator[Chain]:
    """Materialise everything of both ranges, the second after the first."""
    environment = {"RORQ_HOME": str(root), "DAGSTER_HOME": "", **database.environment()}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr("rorq_pipeline.cli.common.console._width", 200)
        paths = ProjectPaths.resolve()
        write_samples(paths.cache, [*FIRST.sessions, *SECOND.sessions], SampleSettings(edge=2.0))
        (paths.root / "run_config.yaml").write_text(
            small_config("validated_cache", "optimization", "parameter_surface")
        )
        output = {}
        for one in (FIRST, SECOND):
            done = CliRunner().invoke(main, ["materialize", one.key])
            assert done.exit_code == 0, done.output
            output[one] = done.output
        with project_instance(paths) as instance:
            told, checks = _told(instance)
    yield Chain(paths, environment, output, told, checks)


def _told(instance: dg.DagsterInstance) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Metadata by range and asset, evaluations by range and check."""
    told: dict[BacktestRange, dict[str, dict[str, Any]]] = {FIRST: {}, SECOND: {}}
    checks: dict[BacktestRange, dict[str, dg.AssetCheckEvaluation]] = {FIRST: {}, SECOND: {}}
    for run in instance.get_runs():
        one = BacktestRange.parse(run.tags["dagster/partition"])
        for entry in instance.all_logs(run.run_id):
            event = entry.dagster_event
            if event is None:
                continue
            if event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION:
                made = event.step_materialization_data.materialization
                values = {name: value.value for name, value in made.metadata.items()}
                told[one][made.asset_key.to_user_string()] = values
            elif event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
                check = event.asset_check_evaluation_data
                checks[one][check.check_name] = check
    return told, checks
