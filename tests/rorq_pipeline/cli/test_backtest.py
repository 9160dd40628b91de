import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import click
import pandas as pd
import pytest
from click.testing import Result

from rorq_pipeline.cli import backtest
from rorq_pipeline.project.paths import ProjectPaths
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.params import StrategyParams
from tests.rorq_pipeline.conftest import SESSIONS
from tests.rorq_pipeline.results_made import best_params

Rorq = Callable[..., Result]
RANGE = "2023-01-03_2023-01-04"
DEEP = "[" * 100_000  # more than JSON is read to


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


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[1]", "holds a list"),
        ("nonsense", "is no JSON (Expecting value: line 1 column 1 (char 0))"),
        (DEEP, "is no JSON (maximum recursion depth exceeded"),
        (None, "cannot be read (No such file or directory)"),
    ],
)
def test_a_file_without_parameters_is_one_line(
    project: ProjectPaths, rorq: Rorq, tmp_path: Path, text: str | None, found: str
) -> None:
    path = tmp_path / "params.json"
    if text is not None:
        path.write_text(text)
    result = rorq("backtest", RANGE, "--params", str(path))
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: {path} {found}")
    assert line.endswith("; expected a JSON object of strategy parameters; correct the file")


def test_an_assignment_is_json_or_else_text() -> None:
    given = ("a=1", " b = x", "c=[1, 2]", f"d={DEEP}", "e=f=g")
    assert backtest.parse_assignments(given) == {
        "a": 1, "b": " x", "c": [1, 2], "d": DEEP, "e": "f=g",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ticker", "date_range", "told"),
    [
        ("QQQ", RANGE, "'QQQ'; expected those of SPY"),
        ("SPY", f"QQQ_{RANGE}", "'SPY'; expected those of QQQ"),
        ("0123456789" * 5, RANGE, f"'{'0123456789' * 4}'; expected those of SPY"),
    ],
)
def test_parameters_of_another_ticker_are_refused(
    project: ProjectPaths, rorq: Rorq, tmp_path: Path, ticker: str, date_range: str, told: str
) -> None:
    path = tmp_path / "params.json"
    path.write_text(json.dumps({"ticker": ticker}))
    result = rorq("backtest", date_range, "--params", str(path))
    assert result.exit_code == 1
    assert result.stderr == (
        f"error: the parameters are of {told}, the ticker of the range {date_range}; "
        "name a range of their ticker, or remove the ticker from the file\n"
    )


def test_missing_sessions_are_left_out_on_request(cached: ProjectPaths, rorq: Rorq) -> None:
    write_samples(cached.cache, [date(2023, 1, 6)], SampleSettings())  # and none of the fifth
    wanted = ("backtest", "2023-01-03_2023-01-06")
    assert rorq(*wanted).exit_code == 1
    assert _value(rorq(*wanted, "--allow-missing"), "sessions") == "3"


def test_trades_are_written_without_their_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "[red]"
    folder.mkdir()
    trades = pd.DataFrame({"exit_price": [1.5, 2.0]}, index=[5, 6])
    backtest.write_trades(trades, folder / "t.csv")
    backtest.write_trades(trades, folder / "t.parquet")
    assert (folder / "t.csv").read_text() == "exit_price\n1.5\n2.0\n"
    pd.testing.assert_frame_equal(
        pd.read_parquet(folder / "t.parquet"), pd.DataFrame({"exit_price": [1.5, 2.0]})
    )
    assert capsys.readouterr().out == f"trades  {folder}/t.csv\ntrades  {folder}/t.parquet\n"


@pytest.mark.parametrize("name", ["t.bin", "t.json", "t.txt", "t"])
def test_trades_are_written_under_no_other_ending(tmp_path: Path, name: str) -> None:
    with pytest.raises(click.BadParameter, match=f"{name} ends neither in .csv nor .parquet"):
        backtest.write_trades(pd.DataFrame({"exit_price": [1.5]}), tmp_path / name)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("arguments", "exit_code", "expected"),
    [
        (["--set", "stop_loss_percent=50"], 1, "stop_loss_percent is 50"),
        (["--set", "nonsense=1"], 1, "unknown strategy parameter 'nonsense'"),
        (["--set", "take_profit_percent"], 2, "no NAME=VALUE"),
        (["--best"], 1, "rorq materialize"),
        (["--best", "--params", "a.json"], 2, "--best and --params exclude each other"),
        (["--params", "."], 2, "'.' is a directory"),
        (["--trades", "."], 2, "'.' is a directory"),
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
