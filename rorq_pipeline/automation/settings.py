"""How the sensor and the schedule choose ranges: read once, when the definitions are built."""

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from rorq_pipeline.project.ranges import DEFAULT_TICKER, RangeRule
from strategy.errors import ParameterError


class AutomationSettings(BaseSettings):
    """Environment variables with the prefix RORQ_, such as RORQ_RANGE_RULE=week."""

    model_config = SettingsConfigDict(frozen=True, env_prefix="RORQ_", extra="forbid")

    ticker: str = Field(DEFAULT_TICKER, description="Underlying whose sessions are watched.")
    range_rule: RangeRule = Field(
        RangeRule.MONTH, description="How sessions are grouped: month, week, quarter or rolling."
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
    schedule_cron: str = Field(
        "30 18 * * 1-5", description="When the evening schedule runs, New York time."
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
            first = error.errors(include_url=False)[0]
            name = "RORQ_" + "_".join(str(part) for part in first["loc"]).upper()
            raise ParameterError(
                f"{name} is {first['input']!r}",
                expected=str(first["msg"]).removeprefix("Input should be "),
                remedy=f"correct {name}, or unset it",
            ) from None
