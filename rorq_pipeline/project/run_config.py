"""The project's own run config, for runs that nobody launches by hand, and for rorq's commands.

The file `run_config.yaml` in the project folder has the form of Dagster's launchpad, from which it
can be copied. It is read whenever a run is requested, and every value is checked then, not in the
run: a request counts as made even if its run fails. What the launchpad says, or `--config-json`,
goes over it. What a command is given is checked the same way, before anything runs.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from strategy.backtest_range import require_no_ticker
from strategy.checked import first_finding
from strategy.errors import ParameterError

# Imported where it is used: what takes long and definitions do without (design/import_times.py).

FILE_NAME = "run_config.yaml"
# What takes config; a name that is none of these is a slip of the pen.
CONFIGURED_OPS = (
    "best_params",
    "downloaded_sessions",
    "optimization",
    "parameter_surface",
    "result_checks",
    "selection_checks",
    "validated_cache",
    "verdict",
)
# Dagster passes over a name that is none of these without a word, in a command's config as well.
CONFIGURED_RESOURCES = (
    "io_manager",
    "market_data",
    "pages",
    "results",
    "study_database",
    "surfaces",
    "tables",
)
# Where the short forms of `rorq materialize` go.
SEARCHING_OPS = ("downloaded_sessions", "optimization", "parameter_surface", "validated_cache")
TRADING_OPS = ("optimization", "parameter_surface")
# Of Dagster's run config; its fourth, execution, says how the daemon's runs use processes.
_TOP_LEVEL = ("loggers", "ops", "resources")
_GIVEN = "run config"  # how messages call what a command was given
Config = dict[str, Any]
Filled = TypeVar("Filled", bound=BaseModel)


def project_run_config(root: Path, ops: Collection[str]) -> Config:
    """Read what the project sets for those of the ops; {} where there is no file.

    Raises:
        ParameterError: the file is no YAML, has another form, names an unknown op, or a value is
            not admitted.
    """
    path = root / FILE_NAME
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except RecursionError:
        raise _bad(path, "it is nested too deeply") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _bad(path, " ".join(str(error).split())) from None
    if content is None:
        return {}
    configs = _configs(path, content)
    chosen = {name: config for name, config in configs.items() if name in ops}
    for name, config in chosen.items():
        _require_admitted(path, name, config)
    return {"ops": {name: {"config": config} for name, config in chosen.items()}} if chosen else {}


def command_run_config(root: Path, ops: Collection[str], given: Mapping[str, Any]) -> Config:
    """Lay what a command was given over the project's own, with every name and value checked.

    Args:
        root: The project folder.
        ops: What the command runs.
        given: In the form of Dagster's run config.

    Raises:
        ParameterError: a name that is none of the ops', or a value that is not admitted.
    """
    _require_known(given)
    configs = _configs(_GIVEN, {"ops": given["ops"]}) if "ops" in given else {}
    idle = [name for name in configs if name not in ops]
    if idle:
        raise ParameterError(
            f"{_GIVEN}: {idle[0]} is set, and the selection does not run it",
            expected=f"config of {', '.join(sorted(set(ops) & set(CONFIGURED_OPS))) or 'nothing'}",
            remedy="leave it out, or select it too with --select",
        )
    config = merged(project_run_config(root, ops), given)
    for name in configs:
        _require_admitted(_GIVEN, name, config["ops"][name]["config"])
    return config


def _require_known(given: Mapping[str, Any]) -> None:
    """Refuse a name beside the ops that a run in this process would pass over."""
    unknown = [name for name in given if name not in _TOP_LEVEL]
    if unknown:
        raise _bad(_GIVEN, f"{unknown[0]!r} is none of {', '.join(_TOP_LEVEL)}")
    resources = given.get("resources", {})
    if not isinstance(resources, Mapping):
        raise _bad(_GIVEN, "resources is no mapping")
    strange = [name for name in resources if name not in CONFIGURED_RESOURCES]
    if strange:
        known = ", ".join(CONFIGURED_RESOURCES)
        raise _bad(_GIVEN, f"resources has {strange[0]!r}, which is none of {known}")


def with_short_forms(
    given: Mapping[str, Any],
    ops: Collection[str],
    *,
    n_trials: int | None = None,
    search_space_file: Path | None = None,
    fixed_params: Mapping[str, Any] | None = None,
) -> Config:
    """Return run config with the short forms of a command laid over it, for the ops that run.

    Raises:
        ParameterError: a short form that none of the ops takes.
    """
    space = str(search_space_file.resolve()) if search_space_file else None
    config = dict(given)
    for option, targets, values in (
        ("--n-trials", ("optimization",), {"n_trials": n_trials} if n_trials is not None else {}),
        ("--search-space", SEARCHING_OPS, {"search_space_file": space} if space else {}),
        ("--set", TRADING_OPS, {"fixed_params": dict(fixed_params)} if fixed_params else {}),
    ):
        taking = [name for name in targets if name in ops]
        if values and not taking:
            raise ParameterError(
                f"{option} is for {' and '.join(targets)}, and the selection runs none of them",
                remedy="leave it out, or select one of them too with --select",
            )
        if values:
            config = merged(config, {"ops": {name: {"config": values} for name in taking}})
    return config


def merged(project: Mapping[str, Any], given: Mapping[str, Any]) -> Config:
    """Lay the given run config over the project's, value by value of each op.

    A value that is a mapping, such as fixed_params, is laid over name by name. What has not the
    form of run config is left as it is, for the checks to say so.
    """
    above = given.get("ops", {})
    if not isinstance(above, Mapping):
        return {**project, **given}
    ops = dict(project.get("ops", {}))
    for name, op in above.items():
        config = op.get("config", {}) if isinstance(op, Mapping) else None
        if isinstance(config, Mapping):
            below = ops.get(name, {}).get("config", {})
            ops[name] = {**op, "config": {**below, **_laid_over(below, config)}}
        else:
            ops[name] = op
    return {**project, **given, **({"ops": ops} if ops else {})}


def _laid_over(below: Config, above: Mapping[str, Any]) -> Config:
    return {
        name: {**below[name], **value}
        if isinstance(value, Mapping) and isinstance(below.get(name), Mapping)
        else value
        for name, value in above.items()
    }


def _configs(path: Path | str, content: Any) -> dict[str, Config]:
    """Check the form `ops: {name: {config: {…}}}`, and return config by name."""
    if not isinstance(content, dict) or content.keys() != {"ops"}:
        raise _bad(path, "the top level is not `ops:` alone")
    ops = content["ops"]
    if not isinstance(ops, dict):
        raise _bad(path, "ops is no mapping")
    configs = {}
    for name, op in ops.items():
        if name not in CONFIGURED_OPS:
            raise _bad(path, f"ops has {name!r}, which is none of {', '.join(CONFIGURED_OPS)}")
        config = op.get("config") if isinstance(op, dict) and op.keys() == {"config"} else None
        if not isinstance(config, dict):
            raise _bad(path, f"{name} is not `config:` with values")
        configs[name] = config
    return configs


def _require_admitted(path: Path | str, name: str, config: Config) -> None:
    try:
        _checks()[name](config)
    except ParameterError as error:
        raise ParameterError(
            f"{path}: {name}: {error.found}",
            expected=error.expected,
            remedy=error.remedy or "correct it",
        ) from None
    except ValidationError as error:
        found = first_finding(error)
        raise _bad(path, f"{name}.{found.name} is {found.value!r}: {found.said}") from None


def _checks() -> dict[str, Callable[[Config], object]]:
    """What makes of an op's config what the op would make of it."""
    from optimize.verdict_settings import VerdictSettings
    from rorq_pipeline.project.config import (
        DownloadConfig,
        OptimizationConfig,
        ResultCheckConfig,
        SelectionConfig,
        SurfaceConfig,
        ValidationConfig,
    )
    from strategy.space import strategy_params

    def search(config: OptimizationConfig | SurfaceConfig) -> None:
        require_no_ticker(config.fixed_params)
        strategy_params(config.space().combination(0), config.fixed_params)

    def optimization(config: Config) -> None:
        made = _filled(OptimizationConfig, config)
        made.study_settings()
        search(made)

    def validation(config: Config) -> None:
        made = _filled(ValidationConfig, config)
        made.space()
        made.settings()

    return {
        "best_params": lambda config: _filled(SelectionConfig, config),
        "downloaded_sessions": lambda config: _filled(DownloadConfig, config).space(),
        "optimization": optimization,
        "parameter_surface": lambda config: search(_filled(SurfaceConfig, config)),
        "result_checks": lambda config: _filled(ResultCheckConfig, config),
        "selection_checks": lambda config: VerdictSettings(**config),
        "validated_cache": validation,
        "verdict": lambda config: VerdictSettings(**config),
    }


def _filled(kind: type[Filled], config: Config) -> Filled:
    """Make the config; dagster's own classes take unknown names without a word."""
    for name in config:
        if name not in kind.model_fields:
            raise ParameterError(
                f"unknown name {name!r}",
                expected=f"one of {', '.join(kind.model_fields)}",
                remedy="correct the name",
            )
    return kind(**config)


def _bad(path: Path | str, problem: str) -> ParameterError:
    return ParameterError(
        f"{path}: {problem}",
        expected="run config as the launchpad shows it, such as `ops: {optimization: {config: "
        "{n_trials: 500}}}`",
        remedy="correct it, or leave it out",
    )
