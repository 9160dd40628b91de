"""The project's own run config, for runs that nobody launches by hand, and for rorq's commands.

The file `run_config.yaml` in the project folder has the form of Dagster's launchpad, from which it
can be copied. It is read whenever a run is requested. What the launchpad says, or `--config-json`,
goes over it.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

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


def project_run_config(root: Path, ops: Collection[str]) -> Config:
    """Read what the project sets for those of the ops; {} where there is no file.

    Raises:
        ParameterError: the file is no YAML, has another form, or names an unknown op.
    """
    path = root / FILE_NAME
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _bad(path, str(error)) from None
    if content is None:
        return {}
    configs = _configs(path, content)
    chosen = {name: {"config": config} for name, config in configs.items() if name in ops}
    return {"ops": chosen} if chosen else {}


def merged(project: Mapping[str, Any], given: Mapping[str, Any]) -> Config:
    """Lay the given run config over the project's, value by value of each op."""
    ops = dict(project.get("ops", {}))
    for name, op in given.get("ops", {}).items():
        config = {**ops.get(name, {}).get("config", {}), **op.get("config", {})}
        ops[name] = {**op, "config": config}
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


def _bad(path: Path, problem: str) -> ParameterError:
    return ParameterError(
        f"{path}: {problem}",
        expected="run config as the launchpad shows it, such as `ops: {optimization: {config: "
        "{n_trials: 500}}}`",
        remedy="correct the file, or remove it",
    )
