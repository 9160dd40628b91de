"""The project's own run config, for runs that nobody launches by hand, and for rorq's commands.

The file `run_config.yaml` in the project folder has the form of Dagster's launchpad, from which it
can be copied. It is read whenever a run is requested, and every value is checked then, not in the
run: a request counts as made even if its run fails. What the launchpad says, or `--config-json`,
goes over it.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from strategy.errors import ParameterError

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


def merged(project: Mapping[str, Any], given: Mapping[str, Any]) -> Config:
    """Lay the given run config over the project's, value by value of each op.

    What has not the form of run config is left as it is, for Dagster to say so.
    """
    above = given.get("ops", {})
    if not isinstance(above, Mapping):
        return {**project, **given}
    ops = dict(project.get("ops", {}))
    for name, op in above.items():
        config = op.get("config", {}) if isinstance(op, Mapping) else None
        if isinstance(config, Mapping):
            ops[name] = {**op, "config": {**ops.get(name, {}).get("config", {}), **config}}
        else:
            ops[name] = op
    return {**project, **given, **({"ops": ops} if ops else {})}


def _configs(path: Path, content: Any) -> dict[str, Config]:
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


def _require_admitted(path: Path, name: str, config: Config) -> None:
    try:
        _checks()[name](config)
    except ParameterError as error:
        raise ParameterError(
            f"{path}: {name}: {error.found}",
            expected=error.expected,
            remedy=error.remedy or "correct the file",
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join([name, *map(str, first["loc"])])
        raise _bad(path, f"{place} is {first['input']!r}: {first['msg']}") from None


def _checks() -> dict[str, Callable[[Config], object]]:
    """What makes of an op's config what the op would make of it."""
    from optimize.verdict_settings import VerdictSettings
    from rorq_pipeline.assets.downloaded_sessions import DownloadConfig
    from rorq_pipeline.assets.parameter_surface import SurfaceConfig
    from rorq_pipeline.project.config import (
        OptimizationConfig,
        ResultCheckConfig,
        SelectionConfig,
        ValidationConfig,
    )
    from strategy.backtest_range import require_no_ticker
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


def _bad(path: Path, problem: str) -> ParameterError:
    return ParameterError(
        f"{path}: {problem}",
        expected="run config as the launchpad shows it, such as `ops: {optimization: {config: "
        "{n_trials: 500}}}`",
        remedy="correct the file, or remove it",
    )
