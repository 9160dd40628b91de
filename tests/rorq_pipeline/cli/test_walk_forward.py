"""`rorq walk-forward` on sample sessions, against single backtests."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from rorq_pipeline.cli import main
from rorq_pipeline.cli.walk_forward import show_ways_of_choosing
from rorq_pipeline.project.paths import ProjectPaths
from strategy.backtest import run_backtest
from strategy.market_data.loading import load_session
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.space import strategy_params
from tests.spaces import TOO_LARGE

DAYS = [date(2023, 1, 31), date(2023, 2, 1), date(2023, 3, 1)]
UNDER_WAY = date(2023, 4, 3)  # a month that is not over is no part of it
FIELDS = [
    "rule", "lookback_months", "min_trades_in_21_sessions", "month", "combination",
    "promised_percent", "total_trades", "net_pnl_usd", "risk_usd",
]  # fmt: skip
SPACE = {
    "entry_window": ["09:30-15:45"],
    "stretch_threshold": [0.001, 0.002],
    "cooldown_period_seconds": [60, 90],
    "take_profit_percent": [25, 50],
    "stop_loss_percent": [-25, -50],
    "max_trade_duration_seconds": [120],
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    config = {"search_space": SPACE, "fixed_params": {"contracts_per_trade": 2}}
    text = yaml.safe_dump({"ops": {"optimization": {"config": config}}})
    (tmp_path / "run_config.yaml").write_text(text, encoding="utf-8")
    write_samples(tmp_path / "polygon_cache", [*DAYS, UNDER_WAY], SampleSettings(seed=3))
    return tmp_path


def test_each_object_of_the_json_list_is_a_backtest_of_the_next_month(project: Path) -> None:
    result = CliRunner().invoke(main, ["walk-forward", "--json"])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[:2] == ["[", " {"]
    rows = json.loads(result.stdout)
    assert {row["month"] for row in rows} == {"2023-02", "2023-03"}
    # one trade a session and less is asked of 10 in 21, with lookbacks of 1, 2 and all months
    policies = {(row["rule"], row["lookback_months"]) for row in rows}
    assert {back for _, back in policies} == {1, 2, "all"}
    sessions = {
        f"{day:%Y-%m}": [load_session(project / "polygon_cache", "SPY", day)] for day in DAYS
    }
    for row in rows:
        assert list(row) == FIELDS
        params = strategy_params(row["combination"], {"contracts_per_trade": 2})
        trades = run_backtest(params, sessions[row["month"]]).trades
        assert row["total_trades"] == len(trades)
        assert row["net_pnl_usd"] == pytest.approx(trades["net_pnl_usd"].sum(), abs=1e-7)
        assert row["risk_usd"] == pytest.approx(trades["risk_usd"].sum(), abs=1e-7)
    assert sum(row["total_trades"] for row in rows) > 0


def test_the_table_names_the_default_and_warns_of_the_best_row(project: Path) -> None:
    result = CliRunner().invoke(main, ["walk-forward"], env={"COLUMNS": "80"})
    assert result.exit_code == 0, result.output
    assert "synthetic data" in result.output
    assert "…" not in result.output
    assert "exact_best°" in result.output
    assert "promises too much" in result.output


def test_an_empty_cache_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    monkeypatch.setenv("RORQ_TICKERS", "IWM,SPY")
    for words, ticker in (([], "IWM"), (["--ticker", "QQQ"], "QQQ")):
        result = CliRunner().invoke(main, ["walk-forward", *words])
        assert result.exit_code == 1
        assert result.stderr.startswith(f"error: no whole month of {ticker} sessions in")
        assert len(result.stderr.strip().splitlines()) == 1


def test_one_month_is_too_few(project: Path) -> None:
    write_samples(project / "polygon_cache", DAYS[:2], SampleSettings(ticker="QQQ", seed=3))
    result = CliRunner().invoke(main, ["walk-forward", "--ticker", "QQQ", "--json"])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: 1 whole month of QQQ sessions in")
    assert "expected at least two" in result.stderr


def test_a_space_too_large_is_one_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = yaml.safe_dump({"ops": {"optimization": {"config": {"search_space": TOO_LARGE}}}})
    (project / "run_config.yaml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(main, ["walk-forward"])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: a search space of")
    assert "expected at most 4.0 GiB" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    show_ways_of_choosing(ProjectPaths.resolve(), "SPY")
    told = capsys.readouterr().out
    assert told.startswith("ways of choosing  not known: a search space of")
    assert len(told.splitlines()) == 1


def test_the_demo_goes_on_where_no_month_follows_another(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for day in DAYS[1:]:
        shutil.rmtree(project / "polygon_cache" / "SPY" / str(day))
    show_ways_of_choosing(ProjectPaths.resolve(), "SPY")
    assert "ways of choosing  not known: 1 whole month of SPY sessions" in capsys.readouterr().out
