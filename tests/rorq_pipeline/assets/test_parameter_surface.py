"""The exact surface as an asset: what it publishes, and what follows from its refusal."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import dagster as dg
import numpy as np
import pytest
from click.testing import Result

from optimize.choice.candidates import SELECTIONS
from rorq_pipeline.assets.parameter_surface import parameter_surface, told
from rorq_pipeline.project.config import SurfaceConfig
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.models import BestParams, Optimization
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.space import SearchSpace
from strategy.surface.compute import surface_bytes, work_bytes
from strategy.surface.result import Surface, SurfaceSums
from strategy.surface.store import read_surface
from tests.rorq_pipeline.conftest import SESSIONS, SMALL_SPACE, plain, small_config
from tests.spaces import space_of

RANGE = "2023-01-03_2023-01-04"
SELECTION = "validated_cache,optimization,parameter_surface,best_params"
Rorq = Callable[..., Result]

pytestmark = pytest.mark.timeout(300)


def surface_of(space: SearchSpace, trades: list[int], net_pnl_usd: list[list[float]]) -> Surface:
    """Trades by entry and net P&L by entry and exit, each entry with $100 at risk."""
    pnl = np.array(net_pnl_usd)[None, :, None, :]
    n = len(trades)
    return Surface(
        space=space, fixed_params={}, engine_version="1", data_fingerprint="ab" * 32,
        session_dates=SESSIONS, block_of_session=(0, 0),
        sums=SurfaceSums(
            total_trades=np.array(trades, np.int32).reshape(1, n, 1),
            missing_entries=np.zeros((1, n, 1), np.int32), risk_usd=np.full((1, n, 1, 1), 100.0),
            winners=np.zeros(pnl.shape, np.int32), net_pnl_usd=pnl,
        ),
    )  # fmt: skip


def parameters(**values: object) -> str:
    """The table of a combination."""
    combination = {**space_of().combination(0), **values}
    lines = [f"| {name} | {value} |" for name, value in combination.items()]
    return "\n".join(["| parameter | value |", "| --- | ---: |", *lines])


def test_a_surface_is_told_by_its_best_and_its_plateau() -> None:
    surface = surface_of(space_of(take_profit_percent=[25, 50, 75]), [4], [[10.0, 30.0, 20.0]])
    assert plain(told(surface, 4)) == {
        "combinations": 3,
        "sessions": 2,
        "valid_combinations": 3,
        "return_on_risk_percent": 30.0,
        "plateau_return_on_risk_percent": 20.0,  # whose neighbourhood has 25, the best's 20
        "best": parameters(take_profit_percent=50),
    }


def test_of_two_dimensions_there_is_a_picture() -> None:
    space = space_of(take_profit_percent=[25, 50], stretch_threshold=[0.002, 0.003])
    values = plain(told(surface_of(space, [4, 1], [[10.0, 20.0], [70.0, 80.0]]), 2))
    title, data = values.pop("surface").rstrip(")").split("(data:image/png;base64,")
    assert (title, base64.b64decode(data)[:4]) == ("![surface]", b"\x89PNG")
    assert values == {
        "combinations": 4,
        "sessions": 2,
        "valid_combinations": 2,
        "return_on_risk_percent": 20.0,
        "plateau_return_on_risk_percent": 10.0,  # both have 15, of which the first is taken
        "best": parameters(take_profit_percent=50, stretch_threshold=0.002),
    }


def test_a_lone_combination_with_enough_trades_is_no_plateau() -> None:
    surface = surface_of(space_of(stretch_threshold=[0.002, 0.003]), [1, 3], [[10.0], [30.0]])
    assert plain(told(surface, 3)) == {
        "combinations": 2,
        "sessions": 2,
        "valid_combinations": 1,
        "return_on_risk_percent": 30.0,
        "best": parameters(stretch_threshold=0.003),
    }
    assert plain(told(surface, 4)) == {
        "combinations": 2,
        "sessions": 2,
        "valid_combinations": 0,
        "best": "no combination has enough trades",
    }


def test_a_surface_may_take_the_memory_that_the_config_says(project: ProjectPaths) -> None:
    write_samples(project.cache, SESSIONS[:1], SampleSettings())
    space = SearchSpace.from_json_dict(SMALL_SPACE)
    needed_bytes = surface_bytes(space, 1) + work_bytes(space)

    def evaluate(max_bytes: int) -> Any:
        config = SurfaceConfig(search_space=SMALL_SPACE, max_gibibytes=max_bytes / 2**30)
        with dg.build_asset_context(partition_key="2023-01-03_2023-01-03") as context:
            return parameter_surface(
                context, config, market_data=MarketData(), validated_cache=None
            )

    refused = evaluate(needed_bytes - 1)
    assert refused.value is None
    told_why = refused.metadata["refused"]
    assert told_why.startswith("a search space of 64 combinations needs 0.0 GiB")
    (check,) = refused.check_results
    assert (check.passed, check.severity.value, check.description) == (False, "WARN", told_why)
    begun = time.perf_counter()
    made = evaluate(needed_bytes)
    assert 0 < made.metadata["seconds"].value <= time.perf_counter() - begun + 0.001
    assert made.value.session_dates == SESSIONS[:1]
    (check,) = made.check_results
    assert (check.passed, check.description) == (True, "every combination is evaluated")


def materialize(rorq: Rorq, *, max_gibibytes: float, selection: str) -> Result:
    config = json.loads(small_config("validated_cache", "optimization", "parameter_surface"))
    config["ops"]["parameter_surface"]["config"]["max_gibibytes"] = max_gibibytes
    config["ops"]["parameter_surface"]["config"]["min_trade_threshold"] = 1
    config["ops"]["best_params"] = {
        "config": {"selection": selection, "min_trades_per_session": 0.5}
    }
    return rorq("materialize", RANGE, "--select", SELECTION, "--config-json", json.dumps(config))


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.usefixtures("database")
def test_a_space_too_large_is_left_to_the_study(sampled_project: ProjectPaths, rorq: Rorq) -> None:
    result = materialize(rorq, max_gibibytes=1e-6, selection="study_best")
    assert result.exit_code == 0, result.output
    assert "search it with the study alone" in result.output
    assert not (sampled_project.artifacts / "parameter_surface" / f"{RANGE}.parquet").exists()
    assert (sampled_project.artifacts / "best_params" / f"{RANGE}.json").exists()


@pytest.mark.slow
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
