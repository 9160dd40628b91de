"""The thresholds of the validation rules, all in one place, each with its unit and only default.

What is an error has no threshold: it cannot be true. These decide which warnings are given.
"""

import hashlib
from typing import ClassVar

from pydantic import Field

from strategy.checked import Checked


class ValidationSettings(Checked):
    """Thresholds beyond which a warning is given.

    Raises:
        ParameterError: an unknown name or a value out of its range. It is also a ValueError.
    """

    CALLED: ClassVar[str] = "validation setting"

    vwap_tolerance_usd: float = Field(
        1e-6, ge=0, description="How far outside low to high a bar's vwap may lie, USD per share."
    )
    min_seconds_with_bar_fraction: float = Field(
        0.8, ge=0, le=1, description="Least share of the session's seconds with an underlying bar."
    )
    max_gap_seconds: int = Field(
        60, ge=1, description="Longest stretch of seconds without an underlying bar."
    )
    spike_percent: float = Field(
        0.25, gt=0, description="Jump of one underlying bar that is no spike yet, percent of price."
    )
    option_spike_percent: float = Field(
        100.0, gt=0, description="Jump of one option bar that is no spike yet, percent of price."
    )
    option_spike_usd: float = Field(
        0.5, ge=0, description="Jump of one option bar that is no spike yet, USD per share."
    )
    spike_reversal_fraction: float = Field(
        0.25, gt=0, lt=1, description="Part of the jump that may remain in the next bar."
    )
    max_repeated_bars_fraction: float = Field(
        0.01, ge=0, le=1, description="Share of underlying bars that may repeat the second before."
    )

    @property
    def key(self) -> str:
        """A short text that differs whenever a threshold does."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]
