import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result

from rorq_pipeline.project.paths import ProjectPaths
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.params import StrategyParams
from tests.rorq_pipeline.conftest import SESSIONS
from tests.rorq_pipeline.results_made import best_params

Rorq = Callable[..., Result]
RANGE = "2023-01-03_2023-01-04"


@pytest.fixture
def cached(project: ProjectPaths) -> ProjectPaths:
    write_samples(project.cache, SESSIONS, SampleSettings())
    return project


def test_metrics_and_counts_are_shown_and_trades_written(
    cached: ProjectPaths, rorq: Rorq, tmp_path: Path
) -> None:
    result = rorq(
        "backtest", RANGE, "--set", "stretch_threshold=0.002", "--set", "reclaim_threshold=0.001",
        "--set", "option_selection_mode=otm", "--trades", str(tmp_path / "trades.csv"),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "return_on_risk_percent" in result.output
    assert "stretch_signals" in result.output
    trades = pd.read_csv(tmp_path / "trades.csv")
    assert _value(result, "total_trades") == str(len(trades))
    assert len(trades) > 0


def test_the_published_parameters_can_be_traded_again(cached: ProjectPaths, rorq: Rorq) -> None:
    path = cached.artifacts / "best_params" / f"{RANGE}.json"
    params = StrategyParams(stretch_threshold=0.002, reclaim_threshold=0.001)
    best_params(strategy_params=params).write_file(path)
    best = rorq("backtest", RANGE, "--best")
    same = rorq(
        "backtest", RANGE, "--set", "stretch_threshold=0.002", "--set", "reclaim_threshold=0.001"
    )
    assert best.exit_code == 0, best.output
    assert best.output == same.output
    from_file = rorq("backtest", RANGE, "--params", str(path))
    assert from_file.output == same.output


def test_every_trade_is_shown(cached: ProjectPaths, rorq: Rorq, tmp_path: Path) -> None:
    plain = tmp_path / "plain.json"
    plain.write_text(json.dumps({"stretch_threshold": 0.002, "reclaim_threshold": 0.001}))
    result = rorq("backtest", RANGE, "--params", str(plain), "--trades", str(tmp_path / "t.csv"))
    assert result.exit_code == 0, result.output
    trades = pd.read_csv(tmp_path / "t.csv")
    assert f"{len(trades)} trades" in result.output
    for entry_time in trades["entry_time"]:
        assert entry_time[:19] in result.output


def test_parameters_of_another_version_are_refused_in_one_line(
    cached: ProjectPaths, rorq: Rorq
) -> None:
    path = cached.artifacts / "best_params" / f"{RANGE}.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"strategy_params": StrategyParams().to_json_dict()}))
    result = rorq("backtest", RANGE, "--best")
    assert result.exit_code == 1
    (line,) = result.output.strip().splitlines()
    assert "version None; this program reads version 1" in line
    assert f"rorq materialize {RANGE} --select best_params" in line


@pytest.mark.parametrize("text", ["[1]", "nonsense", None])
def test_a_file_without_parameters_is_one_line(
    cached: ProjectPaths, rorq: Rorq, tmp_path: Path, text: str | None
) -> None:
    path = tmp_path / "params.json"
    if text is not None:
        path.write_text(text)
    result = rorq("backtest", RANGE, "--params", str(path))
    assert result.exit_code == 1
    assert "expected a JSON object of strategy parameters" in result.output


@pytest.mark.parametrize(
    ("arguments", "exit_code", "expected"),
    [
        (["--set", "stop_loss_percent=50"], 1, "stop_loss_percent is 50"),
        (["--set", "nonsense=1"], 1, "unknown strategy parameter 'nonsense'"),
        (["--set", "take_profit_percent"], 2, "no NAME=VALUE"),
        (["--best"], 1, "rorq materialize"),
    ],
)
def test_mistakes(
    cached: ProjectPaths, rorq: Rorq, arguments: list[str], exit_code: int, expected: str
) -> None:
    result = rorq("backtest", RANGE, *arguments)
    assert result.exit_code == exit_code
    assert expected in result.output


def _value(result: Result, name: str) -> str:
    (line,) = (line for line in result.output.splitlines() if name in line)
    return line.split("│")[2].strip()
