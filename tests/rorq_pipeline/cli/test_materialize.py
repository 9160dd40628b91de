"""`rorq materialize` at the command line: which ranges it runs, with which run config."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.runner import MaterializationError
from strategy.backtest_range import BacktestRange

Rorq = Callable[..., Result]


@pytest.fixture
def asked(project: ProjectPaths, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Ranges and run config as the runs are given them; the runs of February fail."""
    runs: list[tuple[str, Any]] = []

    def run(date_range: BacktestRange, *, run_config: Any, **_: object) -> str:
        runs.append((date_range.key, run_config))
        if date_range.start_date.month == 2:
            raise MaterializationError("no data")
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
    assert [key[:7] for key, _ in asked] == ["2023-01", "2023-02", "2023-03"]
    assert result.exit_code == 1
    told = " ".join(result.stderr.split())
    assert "error: no data" in told
    assert "1 of 3 ranges failed: 2023-02-01_2023-02-28; expected all to succeed" in told
