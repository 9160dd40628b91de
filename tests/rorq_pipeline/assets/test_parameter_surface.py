"""The exact surface as an asset: what it publishes, and what follows from its refusal."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from optimize.choice.candidates import SELECTIONS
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.results.models import BestParams, Optimization
from strategy.surface.store import read_surface
from tests.rorq_pipeline.conftest import small_config

RANGE = "2023-01-03_2023-01-04"
SELECTION = "validated_cache,optimization,parameter_surface,best_params"
Rorq = Callable[..., Result]

pytestmark = pytest.mark.timeout(300)


def materialize(rorq: Rorq, *, max_gibibytes: float, selection: str) -> Result:
    config = json.loads(small_config("validated_cache", "optimization", "parameter_surface"))
    config["ops"]["parameter_surface"]["config"]["max_gibibytes"] = max_gibibytes
    config["ops"]["parameter_surface"]["config"]["min_trade_threshold"] = 1
    config["ops"]["best_params"] = {
        "config": {"selection": selection, "min_trades_per_session": 0.5}
    }
    return rorq("materialize", RANGE, "--select", SELECTION, "--config-json", json.dumps(config))


@pytest.mark.usefixtures("database")
def test_the_exact_best_can_be_published(sampled_project: ProjectPaths, rorq: Rorq) -> None:
    result = materialize(rorq, max_gibibytes=1.0, selection="exact_best")
    assert result.exit_code == 0, result.output
    stored = sampled_project.artifacts / "parameter_surface" / f"{RANGE}.parquet"
    best = read_surface(stored).best(min_trades=1)
    path = sampled_project.artifacts / "best_params" / f"{RANGE}.json"
    published = json.loads(path.read_text("utf-8"))
    assert best is not None
    assert published["selection"] == "exact_best"
    assert published["trial_params"] == best.combination
    assert published["metrics"]["return_on_risk_percent"] == pytest.approx(
        best.return_on_risk_percent, rel=1e-9
    )
    assert set(published["selections"]) == set(SELECTIONS) - {"nested"}  # which was not asked for
    assert published["regret"]["rank"] >= 1
    assert published["regret"]["regret_percent_points"] >= 0


@pytest.mark.usefixtures("database")
def test_a_space_too_large_is_left_to_the_study(sampled_project: ProjectPaths, rorq: Rorq) -> None:
    result = materialize(rorq, max_gibibytes=1e-6, selection="study_best")
    assert result.exit_code == 0, result.output
    assert "search it with the study alone" in result.output
    assert not (sampled_project.artifacts / "parameter_surface" / f"{RANGE}.parquet").exists()
    assert (sampled_project.artifacts / "best_params" / f"{RANGE}.json").exists()


@pytest.mark.usefixtures("database")
def test_smooth_chooses_among_the_best_trials_of_a_space_too_large(
    sampled_project: ProjectPaths, rorq: Rorq
) -> None:
    config = json.loads(small_config("validated_cache", "optimization"))
    config["ops"]["optimization"]["config"]["search_space"] |= {
        "take_profit_percent": list(range(1, 401)),
        "stop_loss_percent": list(range(-1, -100, -1)),
        "max_trade_duration_seconds": list(range(10, 3001, 10)),
    }
    config["ops"]["best_params"] = {"config": {"min_trades_per_session": 0.5}}
    select = "validated_cache,optimization,best_params"
    result = rorq("materialize", RANGE, "--select", select, "--config-json", json.dumps(config))
    assert result.exit_code == 0, result.output
    best = BestParams.read(RANGE, sampled_project.artifacts)
    top = Optimization.read(RANGE, sampled_project.artifacts).study.top_trials
    assert (best.selection, best.instead_of, best.regret) == ("smooth", None, None)
    assert best.trial_params in [trial.params for trial in top]
    smooth, first = (best.selections[name].candidate for name in ("smooth", "study_best"))
    assert best.promised_percent == smooth.promised_percent
    assert first.combination == top[0].params
    assert first.return_on_risk_percent == pytest.approx(top[0].value, rel=1e-9)
    assert f"smooth chose among the study's {smooth.n_valid} best trials" in result.output


@pytest.mark.usefixtures("database")
def test_without_a_combination_with_enough_trades_the_studys_best_is_published(
    sampled_project: ProjectPaths, rorq: Rorq
) -> None:
    config = json.loads(small_config("validated_cache", "optimization"))
    config["ops"]["best_params"] = {"config": {"min_trades_per_session": 1e6}}
    select = "validated_cache,optimization,best_params"
    result = rorq("materialize", RANGE, "--select", select, "--config-json", json.dumps(config))
    assert result.exit_code == 0, result.output
    assert "no combination has the trades that smooth wants" in result.output
    path = sampled_project.artifacts / "best_params" / f"{RANGE}.json"
    published = json.loads(path.read_text("utf-8"))
    assert (published["selection"], published["instead_of"]) == ("study_best", "smooth")
    assert published["promised_percent"] == published["metrics"]["return_on_risk_percent"]
