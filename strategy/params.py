"""StrategyParams: every parameter of the strategy, its meaning, unit, valid range and only default.

The rules that these parameters steer stand in `strategy.reference`, as a specification, and in
`strategy.kernels`, as compiled code. Nothing else gives a parameter a value.
"""

from datetime import time
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from strategy.checked import Checked
from strategy.errors import ParameterError
from strategy.ticker import DEFAULT_TICKER, TICKER_PATTERN

_DAY_SECONDS = 86_400  # no session is longer
_MOST_CONTRACTS = 100_000
_DEEPEST_STRIKE = 1_000  # no chain has as many strikes on one side
STANDARD_SHARES_PER_CONTRACT = 100
OptionSelectionMode = Literal["itm", "otm", "atm"]
FillRule = Literal["next_bar", "latest_bar"]


class StrategyParams(Checked):
    """One complete set of strategy parameters; clock times are New York wall time.

    Raises:
        ParameterError: an unknown name, a value out of its range, or values that contradict
            each other. It is also a ValueError.
    """

    # Defaults are converted too: kernels are compiled anew for an int in the place of a float.
    model_config = ConfigDict(validate_default=True)

    CALLED: ClassVar[str] = "strategy parameter"

    ticker: str = Field(DEFAULT_TICKER, pattern=TICKER_PATTERN, description="Underlying traded.")
    entry_start_time: time = Field(
        time(9, 30), description="First moment at which a stretch counts."
    )
    entry_end_time: time = Field(time(15, 45), description="Last moment at which a stretch counts.")
    stretch_threshold: float = Field(
        0.003, gt=0, lt=1, description="Distance from VWAP that makes a stretch, fraction of VWAP."
    )
    reclaim_threshold: float = Field(
        0.0015, ge=0, lt=1, description="Distance from VWAP that ends it, fraction of VWAP."
    )
    cooldown_period_seconds: int = Field(
        120,
        ge=1,
        le=_DAY_SECONDS,
        description="Least time between counted stretches of one side, and the time in "
        "which a reclaim must come.",
    )
    take_profit_percent: float = Field(
        50, gt=0, description="Gain of the option price at which to sell, percent of entry price."
    )
    stop_loss_percent: float = Field(
        -50, ge=-100, lt=0, description="Loss at which to sell, percent of entry price, negative."
    )
    max_trade_duration_seconds: int = Field(
        300, ge=1, le=_DAY_SECONDS, description="Time held after which to sell."
    )
    strikes_depth: int = Field(
        1,
        ge=1,
        le=_DEEPEST_STRIKE,
        description="How many strikes in or out of the money to buy, 1 is the nearest.",
    )
    option_selection_mode: OptionSelectionMode = Field(
        "itm", description="In, out of, or at the money."
    )
    contracts_per_trade: int = Field(
        1, ge=1, le=_MOST_CONTRACTS, description="Contracts bought at each entry."
    )
    fill_rule: FillRule = Field(
        "next_bar",
        description="At the contract's next bar after the decision and the latency, or at its "
        "latest bar by then, however old (the predecessor's rule).",
    )
    max_fill_wait_seconds: int = Field(
        10,
        ge=0,
        le=_DAY_SECONDS,
        description="Longest wait of an entry for its bar, after the latency; next_bar only.",
    )
    slippage_amount: float = Field(
        0.02, ge=0, description="Paid on each side over the option price, USD per share."
    )
    slippage_fraction: float = Field(
        0, ge=0, lt=1, description="Paid on each side besides, fraction of the option price."
    )
    latency_seconds: int = Field(
        1, ge=0, le=_DAY_SECONDS, description="Time from a decision to its fill."
    )
    brokerage_fee_per_contract: float = Field(
        0.65, ge=0, description="Broker's fee, USD per contract and side."
    )
    exchange_fee_per_contract: float = Field(
        0.65, ge=0, description="Exchange's fee, USD per contract and side."
    )
    late_entry_cutoff_time: time = Field(
        time(15, 54), description="A reclaim at or after it is not traded (regular close)."
    )
    end_of_day_exit_time: time = Field(
        time(15, 54), description="From then on positions are sold (regular close)."
    )
    emergency_exit_time: time = Field(
        time(15, 55), description="From then on they are sold without latency (regular close)."
    )
    price_staleness_threshold_seconds: int = Field(
        10, ge=0, le=_DAY_SECONDS, description="Age over which an option price is counted as stale."
    )

    @field_validator(
        "entry_start_time",
        "entry_end_time",
        "late_entry_cutoff_time",
        "end_of_day_exit_time",
        "emergency_exit_time",
    )
    @classmethod
    def _whole_wall_seconds(cls, value: time) -> time:
        if value.microsecond or value.tzinfo is not None:
            raise ValueError("whole seconds of New York wall time, without a time zone")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.reclaim_threshold > self.stretch_threshold:
            raise ParameterError(
                f"reclaim_threshold {self.reclaim_threshold} is above "
                f"stretch_threshold {self.stretch_threshold}",
                expected="reclaim_threshold <= stretch_threshold",
                remedy="lower reclaim_threshold, or give reclaim_percentage of at most 1",
            )
        if self.entry_start_time > self.entry_end_time:
            raise ParameterError(
                f"entry_start_time {self.entry_start_time} is after "
                f"entry_end_time {self.entry_end_time}",
                expected="entry_start_time <= entry_end_time",
                remedy="swap the two",
            )
        return self

    @classmethod
    def from_json_dict(cls, values: dict[str, Any]) -> Self:
        """Read what `to_json_dict` gave; same errors as the constructor."""
        return cls(**values)

    def to_json_dict(self) -> dict[str, Any]:
        """All parameters as JSON values, times as HH:MM:SS."""
        return self.model_dump(mode="json")

    def replacing(self, **changes: Any) -> Self:
        """Return a copy with some values changed, all checked again."""
        return type(self)(**{**self.model_dump(), **changes})
