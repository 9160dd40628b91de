"""`rorq demo`: sessions of its own where there are none, and whose they are."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result

from rorq_pipeline.cli import demo
from rorq_pipeline.project.paths import ProjectPaths
from strategy.backtest_range import BacktestRange
from strategy.errors import RorqError
from strategy.market_data.layout import list_sessions
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.ticker import TICKER_VARIABLES

DAYS = [date(2023, 1, day) for day in (3, 4, 5)]


@pytest.fixture(autouse=True)
def _three_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three sessions instead of four months."""
    monkeypatch.setattr(demo, "SAMPLED", "2023-01-03_2023-01-05")
    monkeypatch.setattr(demo, "SEARCHED", "2023-01-03_2023-01-04")


def test_an_empty_cache_gets_the_days_of_the_ticker_and_the_first_are_searched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    demo.make_samples_if_empty(tmp_path, "QQQ")
    assert list(list_sessions(tmp_path, "QQQ")) == DAYS
    told = " ".join(capsys.readouterr().err.split())
    assert "no session of QQQ in" in told
    assert "making 3 synthetic ones" in told
    assert demo._sample_range(tmp_path, "QQQ") == BacktestRange(DAYS[0], DAYS[1], "QQQ")
    assert demo._sample_range(tmp_path, "SPY") is None


def test_sessions_that_are_cached_are_left_as_they_are(tmp_path: Path) -> None:
    write_samples(tmp_path, DAYS[1:], SampleSettings())
    before = {file: file.read_bytes() for file in tmp_path.rglob("*.parquet")}
    demo.make_samples_if_empty(tmp_path, "SPY")
    assert {file: file.read_bytes() for file in tmp_path.rglob("*.parquet")} == before
    assert demo._sample_range(tmp_path, "SPY") is None  # not the demo's own


@pytest.mark.parametrize("variable", TICKER_VARIABLES)
def test_the_command_is_of_the_ticker_that_is_watched(
    project: ProjectPaths,
    rorq: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    def at_the_chain(date_range: BacktestRange, **_: object) -> None:
        raise RorqError(f"the chain of {date_range.key}")

    monkeypatch.setattr("rorq_pipeline.runner.materialize_range", at_the_chain)
    monkeypatch.setenv(variable, "QQQ")
    shown = rorq("demo")
    assert shown.stderr.endswith(f"error: the chain of QQQ_{DAYS[0]}_{DAYS[1]}\n")
    assert [folder.name for folder in project.cache.iterdir() if folder.is_dir()] == ["QQQ"]
    assert list(list_sessions(project.cache, "QQQ")) == DAYS
