"""StudySettings: every knob of a study, its meaning and its only default.

The date range, the market data and the search space are no knobs: they are what the study is
about and are given beside the settings.
"""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from strategy.checked import Checked
from strategy.errors import ParameterError

SamplerName = Literal["tpe", "random"]


class StudySettings(Checked):
    """The knobs of a study; names are those of the command line and of the run config.

    Raises:
        ParameterError: an unknown knob, or a value out of its range.
    """

    CALLED: ClassVar[str] = "study setting"

    study_name: str = Field(
        "vwap_reclaim",
        min_length=1,
        max_length=200,
        pattern=r"^[^/\s][^/\r\n]*$",
        description="Base name of the study; the range and a digest of its contents are added.",
    )
    n_trials: int = Field(200, ge=1, description="Trials to complete, those already stored count.")
    n_startup_trials: int = Field(
        25, ge=0, description="Trials to complete at random before the sampler learns."
    )
    n_ei_candidates: int = Field(
        48, ge=1, description="Draws among which the sampler takes the most promising."
    )
    min_trade_threshold: int = Field(
        10, ge=1, description="Fewest trades of the strategy for a trial to count, else pruned."
    )
    max_attempt_limit: int = Field(
        2000, ge=1, description="Trials of any outcome after which the study stops."
    )
    enable_persistence: bool = Field(
        True, description="Resume a stored study; if false it is deleted and begun anew."
    )
    seed: int = Field(42, ge=0, lt=2**63, description="Seed of the sampler.")
    workers: int = Field(
        1, ge=1, le=1024, description="Threads that evaluate; the result does not depend on it."
    )
    ask_batch: int = Field(
        4, ge=1, le=4096, description="Trials proposed together; the result depends on it."
    )
    sampler: SamplerName = Field(
        "tpe", description="tpe learns from the trials so far; random; neither repeats itself."
    )
    shared: bool = Field(
        False, description="Join other runs in driving the study, without a reproducible order."
    )
    lock_wait_seconds: float = Field(
        15.0, ge=0, description="How long to wait for another run to let go of the study, seconds."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.shared and not self.enable_persistence:
            raise ParameterError(
                "shared is true and enable_persistence is false",
                expected="one of the two: a run that joins others must not delete their study",
                remedy="begin the study anew with one run, then let others join it",
            )
        return self
