"""`rorq materialize` at the command line: which ranges it runs, with which run config."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from rorq_pipeline.cli import materialize
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.runner import DEFAULT_SELECTION, MaterializationError, StoppedError
from strategy.backtest_range import BacktestRange

Rorq = Callable[..., Result]
AGAIN = "expected all to succeed; each says why above; the same command goes on with what is left"


@pytest.fixture
def asked(project: ProjectPaths, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Ranges and run config as the runs are given them; those of February fail, in April one is
    stopped.
    """
    runs: list[tuple[str, Any]] = []

    def run(date_range: BacktestRange, *, selection: str, run_config: Any, **_: object) -> str:
        runs.append((date_range.key, run_config or selection))
        if date_range.start_date.month == 2:
            raise MaterializationError("no data")
        if date_range.start_date.month == 4:
            raise StoppedError("stopped on request")
        return "a-run"

    monkeypatch.setattr("rorq_pipeline.runner.materialize_range", run)
    monkeypatch.setattr("rorq_pipeline.cli.outcome.show_outcome", lambda *_: None)
    return runs


def test_short_forms_go_to_every_range(
    asked: list[tuple[str, Any]], rorq: Rorq, tmp_path: Path
) -> None:
    space = tmp_path / "space.toml"
    space.write_text("stretch_threshold = [0.002]\n")
    options = ("--n-trials", "9", "--search-space", str(space), "--set", "latency_seconds=2")
    done = rorq("materialize", "2022-12..2023-01", "QQQ_2023-03", *options)
    assert done.exit_code == 0, done.output
    assert [key for key, _ in asked] == [
        "2022-12-01_2022-12-30",
        "2023-01-03_2023-01-31",
        "QQQ_2023-03-01_2023-03-31",
    ]
    for _, config in asked:
        study = config["ops"]["optimization"]["config"]
        assert study == {
            "n_trials": 9,
            "search_space_file": str(space),
            "fixed_params": {"latency_seconds": 2},
        }


def test_a_range_that_fails_costs_no_other(asked: list[tuple[str, Any]], rorq: Rorq) -> None:
    result = rorq("materialize", "2023-01..2023-03", "2023-02")
    assert asked == [
        ("2023-01-03_2023-01-31", DEFAULT_SELECTION),
        ("2023-02-01_2023-02-28", DEFAULT_SELECTION),
        ("2023-03-01_2023-03-31", DEFAULT_SELECTION),
    ]
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "range 1 of 3: 2023-01-03_2023-01-31",
        "materialised 2023-01-03_2023-01-31 in run a-run",
        "range 2 of 3: 2023-02-01_2023-02-28",
        "error: no data",
        "range 3 of 3: 2023-03-01_2023-03-31",
        "materialised 2023-03-01_2023-03-31 in run a-run",
        f"error: 1 of 3 ranges failed: 2023-02-01_2023-02-28; {AGAIN}",
    ]


def test_one_range_alone_has_no_number(asked: list[tuple[str, Any]], rorq: Rorq) -> None:
    result = rorq("materialize", "2023-02", "--select", "+best_params")
    assert asked == [("2023-02-01_2023-02-28", "+best_params")]
    assert (result.exit_code, result.stderr) == (1, "error: no data\n")


def test_a_stop_ends_all_ranges(asked: list[tuple[str, Any]], rorq: Rorq) -> None:
    result = rorq("materialize", "2023-02", "2023-04", "2023-05")
    assert [key[:7] for key, _ in asked] == ["2023-02", "2023-04"]
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-2:] == [
        "range 2 of 3: 2023-04-03_2023-04-28",
        "error: stopped on request",
    ]


def test_the_sessions_of_each_ticker_are_brought_once(
    asked: list[tuple[str, Any]], rorq: Rorq, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought: list[str] = []
    monkeypatch.setattr(materialize, "brought", lambda _paths, ticker: brought.append(ticker))
    assert rorq("materialize", "2023-01", "QQQ_2023-01", "2023-03").exit_code == 0
    assert brought == ["QQQ", "SPY"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Missing argument 'RANGE...'"),
        (["2023-01", "--config-json", "{"], "'--config-json': no JSON: Expecting property name"),
        (
            ["2023-01", "--config-json", "[" * 100_000],
            "'--config-json': no JSON: maximum recursion",
        ),
        (["2023-01", "--config-json", "[1]"], "'--config-json': [1] is no object"),
        (["2023-01", "--search-space", "absent"], "File 'absent' does not exist."),
        (["2023-01", "--search-space", "."], "File '.' is a directory."),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_runs(
    asked: list[tuple[str, Any]], rorq: Rorq, arguments: list[str], told: str
) -> None:
    result = rorq("materialize", *arguments)
    assert (result.exit_code, asked) == (2, [])
    assert told in result.stderr
