"""`rorq results`, on publications that are written here."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import Result

from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.results.history import Publication, history_folder
from rorq_pipeline.results.models import BestParams
from strategy.metrics import Metrics
from tests.rorq_pipeline import published_samples
from tests.rorq_pipeline.results_made import METRICS, best_params

Rorq = Callable[..., Result]
KEY = "2023-01-03_2023-01-06"
STUDY = f"vwap_reclaim/{KEY}/0123456789ab"
NOTHING = Metrics(
    total_trades=0,
    win_rate_percent=None,
    expectancy_usd=None,
    avg_risk_per_trade_usd=None,
    return_on_risk_percent=None,
    net_pnl_usd=0.0,
    daily_sharpe=None,
    profit_factor=None,
    max_drawdown_usd=0.0,
)


def publish(number: int, best: BestParams, *, day: int = 1, **configs: Any) -> None:
    """Keep one under its number, with run config by asset, as what is published now."""
    Publication(
        published_at=datetime(2023, 5, day, 9, 5, 7, tzinfo=UTC),
        run_id=f"run-{number}",
        run_config={"ops": {asset: {"config": config} for asset, config in configs.items()}},
        best=best,
    ).write_file(history_folder(best.date_range) / f"{number}.json")
    best.write_file(BestParams.path(best.date_range))


@pytest.fixture
def three(project: ProjectPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three publications, of which the second is published now."""
    monkeypatch.setattr("rorq_pipeline.cli.common.console._width", 200)
    best = best_params(data_fingerprint="0123456789abcdef" * 4)
    other = best_params(
        study_name="[red]/other",
        trial_params={"stretch_threshold": 0.0025, "strikes_depth": 1},
        metrics=NOTHING,
        data_fingerprint="fedcba9876543210" * 4,
        engine_version="2",
    )
    exact = best.model_copy(update={"selection": "exact_best"})
    same = {"n_trials": 60, "fixed_params": {"latency_seconds": 2}}
    publish(1, best, optimization={**same, "seed": 1}, best_params={"selection": "study_best"})
    publish(3, exact, day=30, optimization=same)
    publish(2, other, day=12, optimization=same, parameter_surface={"min_trade_threshold": 5})


def test_each_publication_is_a_line_and_that_of_now_is_marked(three: None, rorq: Rorq) -> None:
    assert rorq("results", KEY).output.splitlines() == [
        "    N  published, UTC     return on risk, %  trades  choice",
        f"    1  2023-05-01 09:05               12.00      12  study_best of {STUDY}",
        "*   2  2023-05-12 09:05                   -       0  study_best of [red]/other",
        f"    3  2023-05-30 09:05               12.00      12  exact_best of {STUDY}",
        f"* is published now; rorq results {KEY} --compare N M, --restore N",
    ]


def test_two_stand_side_by_side_with_all_that_differs(three: None, rorq: Rorq) -> None:
    title, *lines = rorq("results", KEY, "--compare", "1", "2").output.splitlines()
    assert title.strip() == KEY
    rows = [line for line in lines if line.startswith(("│", "┃"))]
    assert [[cell.strip() for cell in re.split("[│┃]", row)[1:-1]] for row in rows] == [
        ["", "1", "2"],
        ["total_trades", "12", "0"],
        ["win_rate_percent", "58.3", "none"],
        ["expectancy_usd", "7.5", "none"],
        ["avg_risk_per_trade_usd", "62.5", "none"],
        ["return_on_risk_percent", "12", "none"],
        ["net_pnl_usd", "90", "0"],
        ["daily_sharpe", "0.4", "none"],
        ["profit_factor", "1.6", "none"],
        ["max_drawdown_usd", "31", "0"],
        ["take_profit_percent", "50", "none"],
        ["stretch_threshold", "none", "0.0025"],
        ["strikes_depth", "none", "1"],
        ["differs: optimization.seed", "1", "none"],
        ["differs: best_params.selection", "study_best", "none"],
        ["differs: study", STUDY, "[red]/other"],
        ["differs: data", "0123456789ab", "fedcba987654"],
        ["differs: engine version", "1", "2"],
        ["differs: run", "run-1", "run-2"],
        ["differs: published, UTC", "2023-05-01 09:05:07", "2023-05-12 09:05:07"],
        ["differs: parameter_surface.min_trade_threshold", "none", "5"],
    ]


@pytest.mark.parametrize("version", ["1", "3"])
def test_what_another_engine_made_is_not_restored(
    project: ProjectPaths, rorq: Rorq, version: str
) -> None:
    publish(4, best_params(engine_version=version))
    result = rorq("results", KEY, "--restore", "4")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"error: publication 4 was made by engine version {version}; expected version 2, by which "
        "it would be made again; install that version of the program, or materialize the range "
        "anew\n"
    )


@pytest.fixture
def restorable(project: ProjectPaths, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A publication of sessions that are cached, and the runs that were asked for."""
    publish(1, published_samples.published(project, "synthetic"), optimization={"seed": 5})
    asked: list[Any] = []
    monkeypatch.setattr(
        "rorq_pipeline.runner.materialize_range",
        lambda date_range, *, run_config, **_: asked.append((date_range.key, run_config)),
    )
    monkeypatch.setattr("rorq_pipeline.cli.outcome.show_outcome", asked.append)
    return asked


def test_restoring_is_a_run_with_the_run_config_of_then(restorable: list[Any], rorq: Rorq) -> None:
    result = rorq("results", published_samples.RANGE, "--restore", "1")
    assert result.exit_code == 0, result.output
    assert restorable == [
        (published_samples.RANGE, {"ops": {"optimization": {"config": {"seed": 5}}}}),
        published_samples.RANGE,
    ]


def test_what_does_not_come_again_is_told(restorable: list[Any], rorq: Rorq) -> None:
    key = published_samples.RANGE
    for number in (2, 3):  # the last of which the run, as it were, leaves
        publish(number, BestParams.read(key).model_copy(update={"metrics": METRICS}))
    result = rorq("results", key, "--restore", "1")
    assert len(restorable) == 1
    assert result.exit_code == 1
    assert result.stderr == (
        "error: publication 1 did not come again; expected the same parameters and figures from "
        f"the same run config; see what differs: rorq results {key} --compare 1 3\n"
    )
