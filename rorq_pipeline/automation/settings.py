"""How sensors, schedule and commands choose ranges that nobody names, as the environment says."""

import os
from typing import Annotated, Any

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from rorq_pipeline.project.ranges import Grouping, RangeRule
from strategy.backtest_range import DEFAULT_MONTHS
from strategy.checked import first_finding
from strategy.errors import ParameterError
from strategy.ticker import DEFAULT_TICKER, TICKER_VARIABLES, tickers_of


class AutomationSettings(BaseSettings):
    """Environment variables with the prefix RORQ_, such as RORQ_RANGE_RULE=week."""

    model_config = SettingsConfigDict(
        frozen=True, env_prefix="RORQ_", extra="forbid", populate_by_name=True
    )

    tickers: Annotated[tuple[str, ...], NoDecode] = Field(
        (DEFAULT_TICKER,),
        validation_alias=AliasChoices(*TICKER_VARIABLES),
        description="Underlyings whose sessions are watched, joined by commas; the first one is "
        "meant where a command names neither a range nor a ticker.",
    )
    range_rule: RangeRule = Field(
        RangeRule.TRAILING_MONTHS,
        description="How sessions are grouped: trailing_months, month, week, quarter or rolling.",
    )
    range_months: int = Field(
        DEFAULT_MONTHS, ge=1, le=120, description="Calendar months of a range of trailing_months."
    )
    rolling_sessions: int = Field(
        21, ge=1, description="Length of a rolling window, in cached sessions."
    )
    quiet_seconds: float = Field(
        120.0, ge=0, description="How long the cache must not change before a run is requested."
    )
    sensor_interval_seconds: int = Field(60, ge=1, description="Least time between two ticks.")
    max_runs_per_tick: int = Field(
        3, ge=1, description="Ranges requested in one tick; the others wait for the next."
    )
    alerts: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (),
        description="Where alerts go, as apprise writes addresses, divided by spaces; none "
        "without it.",
    )
    schedule_cron: str = Field(
        "30 18 * * 1-5", description="When the evening schedule runs, New York time."
    )

    @field_validator("tickers", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> tuple[str, ...]:
        return tickers_of(value if isinstance(value, str) else ",".join(map(str, value)))

    @field_validator("alerts", mode="before")
    @classmethod
    def _addresses(cls, value: Any) -> Any:
        return tuple(value.split()) if isinstance(value, str) else value

    def groupings(self) -> tuple[Grouping, ...]:
        """Return how sessions are grouped, one a ticker."""
        return tuple(
            Grouping(
                ticker=ticker,
                rule=self.range_rule,
                n_months=self.range_months,
                rolling_sessions=self.rolling_sessions,
            )
            for ticker in self.tickers
        )

    @classmethod
    def from_environment(cls) -> "AutomationSettings":
        """Read the environment.

        Raises:
            ParameterError: a variable has a value that cannot be.
        """
        try:
            return cls()
        except ValidationError as error:
            found = first_finding(error)
            name = "RORQ_" + found.name.replace(".", "_").upper().removeprefix("RORQ_")
            if name == TICKER_VARIABLES[0] and name not in os.environ:
                name = TICKER_VARIABLES[1]
            raise ParameterError(
                f"{name} is {found.value!r}",
                expected=found.expected,
                remedy=f"correct {name}, or unset it",
            ) from None
