"""Run config of the assets and checks, as the launchpad shows it.

Knobs that a domain class already defines are taken over with their types, meanings and defaults,
so that each stands in one place; a choice of texts becomes a dropdown. Values are checked by the
domain class when the run starts.
"""

from datetime import time
from typing import Any

import dagster as dg
from pydantic import BaseModel, Field, create_model
from pydantic.fields import FieldInfo

from optimize.settings import StudySettings
from strategy.params import StrategyParams

_WAIT_FOR_RUN_SECONDS = 1800.0  # a killed run's last step may go on alone for as long as a study


def config_from(settings: type[BaseModel], name: str, **defaults: Any) -> type[dg.Config]:
    """Build a config class with the fields of `settings`; `defaults` replaces some defaults."""
    fields: dict[str, Any] = {
        field_name: _config_field(field, defaults.get(field_name, field.default))
        for field_name, field in settings.model_fields.items()
    }
    return create_model(name, __base__=dg.Config, __module__=__name__, **fields)


def settings_values(config: dg.Config, settings: type[BaseModel]) -> dict[str, Any]:
    """Return those values of a config that are fields of `settings`."""
    return {name: getattr(config, name) for name in settings.model_fields}


def _config_field(field: FieldInfo, default: Any) -> tuple[Any, Any]:
    if field.annotation is time:  # run config knows no clock times
        return str, Field(default=default.isoformat(), description=field.description)
    return field.annotation, Field(default=default, description=field.description)


StudyKnobs: Any = config_from(StudySettings, "StudyKnobs", lock_wait_seconds=_WAIT_FOR_RUN_SECONDS)


class OptimizationConfig(StudyKnobs):  # type: ignore[misc]
    """The study of one range."""

    search_space: dict[str, Any] = Field(
        default={},
        description="Dimension name -> list of values, for the dimensions whose values are not "
        "the seed's.",
    )
    search_space_file: str | None = Field(
        default=None, description="A TOML file of dimensions; search_space goes over it."
    )
    fixed_params: dict[str, Any] = Field(
        default={},
        description="Strategy parameters that are not searched, such as contracts_per_trade.",
    )
    progress_seconds: float = Field(
        default=10.0, gt=0, description="Least time between two progress lines in the log."
    )


BacktestParams: Any = config_from(StrategyParams, "BacktestParams")


class BacktestConfig(BacktestParams):  # type: ignore[misc]
    """One backtest of one range, with every strategy parameter in the launchpad."""

    date_range: str = Field(description="Backtest range, such as 2023-01-03_2023-01-31.")
