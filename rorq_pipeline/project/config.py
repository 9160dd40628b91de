"""Run config of the assets and checks, as the launchpad shows it.

Knobs that a domain class already defines are taken over with their types, meanings and defaults,
so that each stands in one place; a choice of texts becomes a dropdown. Values are checked by the
domain class when the run starts.
"""

from collections.abc import Collection
from datetime import time
from typing import TYPE_CHECKING, Any, Literal

import dagster as dg
from pydantic import BaseModel, Field, create_model
from pydantic.fields import FieldInfo

from optimize.study.settings import StudySettings
from strategy.backtest_range import BacktestRange
from strategy.params import StrategyParams
from strategy.space import SearchSpace

_WAIT_FOR_RUN_SECONDS = 1800.0  # a killed run's last step may go on alone for as long as a study


class SearchConfig(dg.Config):
    """The search space, where it is not the seed's."""

    search_space: dict[str, Any] = Field(
        default={},
        description="Dimension name -> list of values, for the dimensions whose values are not "
        "the seed's.",
    )
    search_space_file: str | None = Field(
        default=None, description="A TOML file of dimensions; search_space goes over it."
    )

    def space(self) -> SearchSpace:
        """Return the search space.

        Raises:
            ParameterError: a dimension is refused.
        """
        file = self.search_space_file
        base = SearchSpace.from_toml(file) if file else SearchSpace.seed()
        return SearchSpace.from_mapping({**base, **self.search_space})


def config_from(
    settings: type[BaseModel],
    name: str,
    base: type[dg.Config] = dg.Config,
    *,
    omitted: Collection[str] = (),
    **defaults: Any,
) -> Any:
    """Build a config class with the fields of `settings`; `defaults` replaces some defaults."""
    fields: dict[str, Any] = {
        field_name: _config_field(field, defaults.get(field_name, field.default))
        for field_name, field in settings.model_fields.items()
        if field_name not in omitted
    }
    return create_model(name, __base__=base, __module__=__name__, **fields)


def settings_values(config: dg.Config, settings: type[BaseModel]) -> dict[str, Any]:
    """Return those values of a config that are fields of `settings`."""
    return {name: getattr(config, name) for name in settings.model_fields}


def _config_field(field: FieldInfo, default: Any) -> tuple[Any, Any]:
    if field.annotation is time:  # run config knows no clock times
        return str, Field(default=default.isoformat(), description=field.description)
    return field.annotation, Field(default=default, description=field.description)


if TYPE_CHECKING:
    from strategy.market_data.validation import ValidationSettings

    StudyKnobs = SearchConfig
    BacktestParams = dg.Config
else:
    StudyKnobs = config_from(
        StudySettings, "StudyKnobs", SearchConfig, lock_wait_seconds=_WAIT_FOR_RUN_SECONDS
    )
    BacktestParams = config_from(StrategyParams, "BacktestParams", omitted={"ticker"})

# Imported where it is used: what takes long and definitions do without (design/import_times.py).


class ValidationConfig(SearchConfig):
    """Which contracts must be there, and from where on a warning is given."""

    thresholds: dict[str, Any] = Field(
        default={},
        description="Thresholds of the validation rules that are not the default, such as "
        "max_gap_seconds.",
    )

    def settings(self) -> "ValidationSettings":
        """Return the thresholds.

        Raises:
            ParameterError: an unknown threshold, or a value out of its range.
        """
        from strategy.market_data.validation import ValidationSettings

        return ValidationSettings(**self.thresholds)


class OptimizationConfig(StudyKnobs):
    """The study of one range."""

    fixed_params: dict[str, Any] = Field(
        default={},
        description="Strategy parameters that are not searched, such as contracts_per_trade.",
    )
    progress_seconds: float = Field(
        default=10.0, description="Least time between two progress lines in the log, seconds."
    )

    def study_settings(self) -> StudySettings:
        """Return the knobs of the study.

        Raises:
            ParameterError: a knob is out of its range.
        """
        return StudySettings(**settings_values(self, StudySettings))


class DownloadConfig(SearchConfig):
    """How to ask the data provider; the key comes from the environment or config.py."""

    requests_per_minute: int | None = Field(
        default=None, description="At most so many requests in any minute; 5 on free plans."
    )
    concurrency: int = Field(default=8, description="Requests under way at once.")
    require_key: bool = Field(
        default=False, description="Fail where no key is set, instead of downloading nothing."
    )
    base_url: str | None = Field(
        default=None, description="Another address than the provider's own, such as a proxy."
    )


class SurfaceConfig(SearchConfig):
    """Which combinations to evaluate, and when one counts."""

    fixed_params: dict[str, Any] = Field(
        default={},
        description="Strategy parameters that are not searched, such as contracts_per_trade.",
    )
    min_trade_threshold: int = Field(
        default=10, description="Fewest trades of a combination that counts, as in the study."
    )
    max_gibibytes: float = Field(
        default=2.0, description="Memory for the sums, beyond which the search space is refused."
    )


# Those of `optimize.choice.candidates`, which takes long to import.
Selection = Literal["study_best", "exact_best", "plateau", "lower_bound", "smooth", "nested"]


class SelectionConfig(dg.Config):
    """Which parameters to publish."""

    selection: Selection = Field(
        default="smooth",
        description="What to publish. smooth: the best return on risk of a combination together "
        "with its neighbours. study_best: what the study found. exact_best: the best of all "
        "combinations. plateau: the best mean over a combination and its neighbours. lower_bound: "
        "the best return on risk less a standard error. nested: by the rule and the rate of "
        "trades that earned most up to the range's end, looking back as far as it is long.",
    )
    min_trades_per_session: float = Field(
        default=30 / 21,
        description="Fewest trades a session of a combination that a rule may choose; study_best "
        "has the study's min_trade_threshold, nested takes 10, 30 or 100 in 21 sessions.",
    )


class BacktestConfig(BacktestParams):
    """One backtest of one range, with every strategy parameter in the launchpad but the ticker."""

    def strategy_params(self, date_range: BacktestRange) -> StrategyParams:
        """Return the strategy parameters, with the range's ticker.

        Raises:
            ParameterError: a parameter is out of its range.
        """
        return StrategyParams(**date_range.fixed_params(settings_values(self, BacktestParams)))


class ResultCheckConfig(dg.Config):
    """From where on a result is doubtful, and how loud that is said."""

    min_complete_trials: int = Field(
        default=50, description="Fewest completed trials that make a search."
    )
    max_trade_share_fraction: float = Field(
        default=0.25, description="Largest share of gross profit from a single trade."
    )
    max_day_share_fraction: float = Field(
        default=0.5, description="Largest share of gross profit from a single session."
    )
    max_stale_fills_fraction: float = Field(
        default=0.25, description="Largest share of fills at a stale option price."
    )
    max_missing_contracts_fraction: float = Field(
        default=0.05, description="Largest share of entries lost to contracts without cached bars."
    )
    complete_trials_severity: Literal["WARN", "ERROR"] = Field(
        default="WARN", description="Severity when too few trials are complete."
    )
    single_trade_severity: Literal["WARN", "ERROR"] = Field(
        default="WARN", description="Severity when one trade or session makes the result."
    )
    stale_fills_severity: Literal["WARN", "ERROR"] = Field(
        default="WARN", description="Severity when too many fills are stale."
    )
    missing_contracts_severity: Literal["WARN", "ERROR"] = Field(
        default="WARN", description="Severity when too many entries are lost."
    )
