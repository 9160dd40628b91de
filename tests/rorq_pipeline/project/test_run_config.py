"""The project's own run config, as sensors, schedule and commands take it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from rorq_pipeline.automation.sensor import CHAIN_OPS
from rorq_pipeline.definitions import defs
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.run_config import (
    CONFIGURED_OPS,
    CONFIGURED_RESOURCES,
    command_run_config,
    merged,
    project_run_config,
    with_short_forms,
)
from strategy.errors import ParameterError
from tests.rorq_pipeline.conftest import small_config

FILE = """
ops:
  optimization:
    config:
      n_trials: 500
      search_space:
        stretch_threshold: [0.002, 0.003]
  verdict:
    config: {trades_to_trade: 12}
"""


def test_without_a_file_nothing_is_set(tmp_path: Path) -> None:
    assert project_run_config(tmp_path, CONFIGURED_OPS) == {}
    (tmp_path / "run_config.yaml").write_text("# nothing yet\n")
    assert project_run_config(tmp_path, CONFIGURED_OPS) == {}


def test_a_run_is_given_what_its_ops_take(tmp_path: Path) -> None:
    (tmp_path / "run_config.yaml").write_text(FILE)
    found = project_run_config(tmp_path, CONFIGURED_OPS)
    assert found["ops"]["optimization"]["config"]["n_trials"] == 500
    assert project_run_config(tmp_path, {"verdict", "report"}) == {
        "ops": {"verdict": {"config": {"trades_to_trade": 12}}}
    }
    assert project_run_config(tmp_path, {"report"}) == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ops: [", "while parsing"),
        ("n_trials: 500", "the top level is not `ops:` alone"),
        ("- 1", "the top level is not `ops:` alone"),
        ("ops: 1", "ops is no mapping"),
        ("ops: {optimisation: {config: {}}}", "'optimisation', which is none of best_params"),
        ("ops: {verdict: {trades_to_trade: 3}}", "verdict is not `config:` with values"),
        ("ops: {verdict: }", "verdict is not `config:` with values"),
        ("ops: {verdict: {config: {trades_to_trade: 5}}}", "verdict: trades_to_trade 5 is below"),
        ("ops: {optimization: {config: {n_trials: -3}}}", "optimization: n_trials is -3"),
        ("ops: {optimization: {config: {trials: 3}}}", "optimization: unknown name 'trials'"),
        ("ops: {optimization: {config: {search_space: {stretch: [1]}}}}", "unknown search dim"),
        ("ops: {parameter_surface: {config: {fixed_params: {ticker: QQQ}}}}", "the range alone"),
        ("ops: {optimization: {config: {fixed_params: {ticker: ../../etc}}}}", "the range alone"),
        ("ops: {best_params: {config: {selection: best}}}", "best_params.selection is 'best'"),
        ("ops: {validated_cache: {config: {thresholds: {gap: 1}}}}", "gap"),
        ("ops: {downloaded_sessions: {config: {search_space: {x: [1]}}}}", "unknown search dim"),
        ("ops: {result_checks: {config: {min_complete_trials: x}}}", "min_complete_trials is 'x'"),
        (3000 * "[" + 3000 * "]", "it is nested too deeply"),
        ("ops: " + 3000 * "{a: " + 3000 * "}", "it is nested too deeply"),
        ("!!python/object/apply:os.system ['true']", "could not determine a constructor"),
    ],
)
def test_a_malformed_file_is_one_line(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "run_config.yaml").write_text(text)
    with pytest.raises(ParameterError) as caught:
        project_run_config(tmp_path, CONFIGURED_OPS)
    message = str(caught.value)
    assert problem in message
    assert "run_config.yaml" in message
    assert "\n" not in message


def test_what_is_given_goes_over_the_projects_value_by_value() -> None:
    project = {"ops": {"optimization": {"config": {"n_trials": 500, "seed": 1}}}}
    above = {"ops": {"optimization": {"config": {"seed": 2}}, "verdict": {"config": {}}}}
    assert merged(project, above)["ops"] == {
        "optimization": {"config": {"n_trials": 500, "seed": 2}},
        "verdict": {"config": {}},
    }
    fixed = given(optimization={"fixed_params": {"latency_seconds": 2, "contracts_per_trade": 1}})
    more = given(optimization={"fixed_params": {"contracts_per_trade": 3}})
    assert merged(fixed, more) == given(
        optimization={"fixed_params": {"latency_seconds": 2, "contracts_per_trade": 3}}
    )
    assert merged({}, {"loggers": {}}) == {"loggers": {}}
    assert merged(project, {}) == project


def given(**configs: dict[str, Any]) -> dict[str, Any]:
    return {"ops": {name: {"config": config} for name, config in configs.items()}}


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (given(optimisation={"n_trials": 9}), "run config: ops has 'optimisation', which is none"),
        (given(verdikt={}), "run config: ops has 'verdikt', which is none of best_params"),
        (given(optimization={"n_trials": 0}), "run config: optimization: n_trials is 0"),
        (given(optimization={"trials": 9}), "unknown name 'trials'"),
        (given(optimization={"fixed_params": {"ticker": "QQQ"}}), "ticker 'QQQ' among"),
        (given(optimization={"search_space_file": "/absent.toml"}), "cannot be read"),
        (given(verdict={}), "verdict is set, and the selection does not run it"),
        ({"ops": {"optimization": {"n_trials": 9}}}, "optimization is not `config:`"),
        ({"ops": 5}, "ops is no mapping"),
        ({"ops": None}, "ops is no mapping"),
        ({"op": {}}, "'op' is none of loggers, ops, resources"),
        ({"execution": {"config": {}}}, "'execution' is none of loggers, ops, resources"),
        ({"resources": {"cache": {}}}, "resources has 'cache', which is none of io_manager, mark"),
        ({"resources": 5}, "resources is no mapping"),
    ],
)
def test_a_name_or_value_that_a_command_does_not_take_is_refused(
    tmp_path: Path, config: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        command_run_config(tmp_path, {"optimization", "report"}, config)
    assert problem in str(caught.value)


def test_a_refused_config_runs_nothing(
    project: ProjectPaths, rorq: Callable[..., Result], database_environment: object
) -> None:
    for config in (given(optimisation={}), given(optimization={"n_trials": 0})):
        result = rorq("materialize", "2023-01-03_2023-01-04", "--config-json", json.dumps(config))
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("error: run config: op")
    assert not project.artifacts.exists()


def test_short_forms_are_config_of_the_ops_that_take_them(tmp_path: Path) -> None:
    space = tmp_path / "space.toml"
    ops = {"validated_cache", "optimization", "report"}
    config = with_short_forms(
        given(optimization={"seed": 7, "n_trials": 3}), ops,
        n_trials=9, search_space_file=space, fixed_params={"latency_seconds": 2},
    )  # fmt: skip
    searching = {"search_space_file": str(space)}
    assert config == given(
        validated_cache=searching,
        optimization={
            "seed": 7, "n_trials": 9, "fixed_params": {"latency_seconds": 2}, **searching
        },
    )  # fmt: skip
    assert with_short_forms({}, ops) == {}
    with pytest.raises(ParameterError, match="--n-trials is for optimization, and the selection"):
        with_short_forms({}, {"report"}, n_trials=9)


def test_the_resources_that_take_config_are_all_named() -> None:
    assert sorted(defs.resources or {}) == list(CONFIGURED_RESOURCES)


def test_the_ops_that_take_config_are_all_named() -> None:
    def takers(job: str) -> set[str]:
        return {
            node.name
            for node in defs.resolve_job_def(job).nodes
            if getattr(node.definition.config_field.config_type, "fields", None)
        }

    assert takers("download_and_optimize") == set(CONFIGURED_OPS)
    assert takers("optimize_range") == CHAIN_OPS
    assert takers("renew_evidence") == {"selection_checks", "verdict"}


@pytest.mark.timeout(300)
def test_a_command_takes_the_projects_config_and_its_own_over_it(
    sampled_project: ProjectPaths, rorq: Callable[..., Result]
) -> None:
    config: dict[str, Any] = json.loads(small_config("optimization", "validated_cache"))
    (sampled_project.root / "run_config.yaml").write_text(json.dumps(config))
    more = {"ops": {"optimization": {"config": {"n_trials": 7}}}}
    result = rorq(
        "materialize", "2023-01-03_2023-01-04", "--select", "optimization",
        "--config-json", json.dumps(more),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    path = sampled_project.artifacts / "optimization" / "2023-01-03_2023-01-04.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["settings"]["n_trials"] == 7
    assert found["settings"]["min_trade_threshold"] == 1
    assert found["search_space"]["stretch_threshold"] == [0.002, 0.003]

    (sampled_project.root / "run_config.yaml").write_text("ops: 1")
    refused = rorq("materialize", "2023-01-03_2023-01-04", "--select", "optimization")
    assert refused.exit_code == 1
    assert "run_config.yaml: ops is no mapping" in refused.output
