"""`rorq demo`: sessions of its own where there are none, and whose they are."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import Result

from rorq_pipeline.cli import demo
from rorq_pipeline.cli.common import error_console
from rorq_pipeline.cli.progress import step_lines_logger
from rorq_pipeline.project.paths import ProjectPaths
from strategy.backtest_range import BacktestRange
from strategy.date_range import sessions_between
from strategy.errors import RorqError
from strategy.market_data.layout import list_sessions
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.ticker import TICKER_VARIABLES

DAYS = [date(2023, 1, day) for day in (3, 4, 5)]


@pytest.fixture
def three_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three sessions instead of four months."""
    monkeypatch.setattr(demo, "SAMPLED", "2023-01-03_2023-01-05")
    monkeypatch.setattr(demo, "SEARCHED", "2023-01-03_2023-01-04")


def test_an_empty_cache_gets_the_days_of_the_ticker_and_the_first_are_searched(
    three_days: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "[red]"
    demo.make_samples_if_empty(cache, "QQQ")
    assert list(list_sessions(cache, "QQQ")) == DAYS
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == f"no session of QQQ in {cache}: making 3 synthetic ones\n"
    assert demo._sample_range(cache, "QQQ") == BacktestRange(DAYS[0], DAYS[1], "QQQ")
    assert demo._sample_range(cache, "SPY") is None
    told = pq.read_schema(cache / "QQQ" / str(DAYS[2]) / "options.parquet").metadata
    assert told[b"rorq.edge"] == b"1.5"
    assert told[b"rorq.edge_half_life_sessions"] == b"25.0"
    assert told[b"rorq.edge_decays_from"] == b"2023-01-03"


def test_four_months_are_made_of_which_three_are_searched(tmp_path: Path) -> None:
    for day in sessions_between(date(2023, 1, 1), date(2023, 4, 30)):
        assert demo._sample_range(tmp_path, "SPY") is None
        (tmp_path / "SPY" / str(day)).mkdir(parents=True)
    first_three = BacktestRange(date(2023, 1, 1), date(2023, 3, 31))
    assert demo._sample_range(tmp_path, "SPY") == first_three
    (tmp_path / "SPY" / "2023-05-01").mkdir()
    assert demo._sample_range(tmp_path, "SPY") is None


def test_sessions_that_are_cached_are_left_as_they_are(three_days: None, tmp_path: Path) -> None:
    write_samples(tmp_path, DAYS[1:], SampleSettings())
    before = {file: file.read_bytes() for file in tmp_path.rglob("*.parquet")}
    demo.make_samples_if_empty(tmp_path, "SPY")
    assert {file: file.read_bytes() for file in tmp_path.rglob("*.parquet")} == before
    assert demo._sample_range(tmp_path, "SPY") is None  # not the demo's own


@pytest.mark.parametrize("variable", TICKER_VARIABLES)
def test_the_command_is_of_the_first_ticker_that_is_watched(
    three_days: None,
    project: ProjectPaths,
    rorq: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    def at_the_chain(date_range: BacktestRange, **_: object) -> None:
        raise RorqError(f"the chain of {date_range.key}")

    monkeypatch.setattr("rorq_pipeline.runner.materialize_range", at_the_chain)
    monkeypatch.setenv(variable, "QQQ,IWM")
    shown = rorq("demo")
    assert shown.stderr.endswith(f"error: the chain of QQQ_{DAYS[0]}_{DAYS[1]}\n")
    assert [folder.name for folder in project.cache.iterdir() if folder.is_dir()] == ["QQQ"]
    assert list(list_sessions(project.cache, "QQQ")) == DAYS


def test_steps_are_a_bar_in_a_terminal_that_is_gone_at_the_end_and_else_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with demo._progress() as logger:
        assert logger is step_lines_logger
    assert capsys.readouterr().err == ""
    for name, value in (("_force_terminal", True), ("_environ", {}), ("is_interactive", True)):
        monkeypatch.setattr(error_console, name, value)
    with demo._progress() as logger:
        assert logger is not step_lines_logger
    shown = capsys.readouterr().err
    assert "starting" in shown
    assert shown.endswith("\x1b[1A\x1b[2K")  # up, and the line erased
