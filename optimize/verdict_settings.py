"""Limits of the verdict; light enough to stand in run config, which is read at every start.

What they are applied to stands in `optimize.statistics.verdict`.
"""

import math
from typing import ClassVar, Self

from pydantic import Field, model_validator

from strategy.checked import Checked
from strategy.errors import ParameterError

SESSIONS_A_MONTH = 21  # of a rate of trades
MORE_IS_BETTER = ("trades", "deflated_sharpe")
LESS_IS_BETTER = ("overfitting", "loss", "superior_ability")


class VerdictSettings(Checked):
    """Limits of the verdict; each pair is (enough for `trade`, enough to reject).

    Raises:
        ParameterError: an unknown limit, a value out of its range, or a pair that would reject what
            it calls enough for `trade`. It is also a ValueError.
    """

    CALLED: ClassVar[str] = "verdict limit"

    trades_to_trade: int = Field(30, ge=0, description="Trades in 21 sessions, at least.")
    trades_to_reject: int = Field(10, ge=0, description="Fewer in 21 sessions are rejected.")
    selection_test_to_trade: float = Field(
        0.025,
        ge=0,
        le=1,
        description="Probability of a choice as good where nothing pays, at most. Either this or "
        "the policy's history carries `trade`: the nominal error is the sum of both limits.",
    )
    policy_to_trade: float = Field(
        0.025,
        ge=0,
        le=1,
        description="Probability of a history as good where the policy earns nothing, after "
        "however many months one looks, at most.",
    )
    policy_to_reject: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Probability of a history as bad where the policy loses nothing; as little is "
        "rejected.",
    )
    overfitting_to_trade: float = Field(
        0.25, ge=0, le=1, description="Probability of backtest overfitting, at most."
    )
    overfitting_to_reject: float = Field(0.75, ge=0, le=1, description="More is rejected.")
    loss_to_trade: float = Field(
        0.25, ge=0, le=1, description="Share of splits whose winner lost out of sample, at most."
    )
    loss_to_reject: float = Field(0.75, ge=0, le=1, description="More is rejected.")
    deflated_sharpe_to_trade: float = Field(
        0.90, ge=0, le=1, description="Deflated Sharpe probability, at least."
    )
    deflated_sharpe_to_reject: float = Field(0.10, ge=0, le=1, description="Less is rejected.")
    superior_ability_to_trade: float = Field(
        0.10, ge=0, le=1, description="P-value of Hansen's test against not trading, at most."
    )
    superior_ability_to_reject: float = Field(0.75, ge=0, le=1, description="More is rejected.")
    out_of_sample_sessions: int = Field(
        5,
        ge=3,
        description="Sessions with trades after the range, without which an out-of-sample value "
        "counts as unknown.",
    )
    out_of_sample_to_reject: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Probability of sessions as bad after the range where nothing is lost, on "
        "whatever day one looks; as little is rejected.",
    )

    promise_kept_to_trade: float = Field(
        0.25,
        ge=0,
        le=1,
        description="Share of the promised return on risk that the sessions after the range keep, "
        "at least, where the selection test carries alone and they do not earn beyond luck; asked "
        "from twice `out_of_sample_sessions` on. At 0 they must not lose.",
    )
    holed_sessions_to_trade: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Share of the range's sessions that are missing, end early, or have long gaps "
        "or few seconds, at most.",
    )

    @staticmethod
    def trades_over(in_21_sessions: int, n_sessions: int) -> int:
        """Least trades of a range, by a limit that holds for a month: a rate, and no number."""
        return math.ceil(in_21_sessions * n_sessions / SESSIONS_A_MONTH)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name in MORE_IS_BETTER + LESS_IS_BETTER:
            trade, reject = (getattr(self, f"{name}_to_{end}") for end in ("trade", "reject"))
            if (trade < reject) if name in MORE_IS_BETTER else (trade > reject):
                side = "below" if name in MORE_IS_BETTER else "above"
                raise ParameterError(
                    f"{name}_to_trade {trade:g} is {side} {name}_to_reject {reject:g}",
                    expected="a limit for trade that is not rejected",
                    remedy="correct one of the two",
                )
        return self
