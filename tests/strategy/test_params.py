from datetime import time
from typing import Any

import pytest

from strategy.errors import ParameterError, RorqError
from strategy.params import StrategyParams


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"stop_loss_percent": 5}, "stop_loss_percent"),
        ({"stop_loss_percent": 0}, "stop_loss_percent"),
        ({"stop_loss_percent": -101}, "stop_loss_percent"),
        ({"take_profit_percent": 0}, "take_profit_percent"),
        ({"stretch_threshold": float("nan")}, "stretch_threshold"),
        ({"stretch_threshold": float("inf")}, "stretch_threshold"),
        ({"stretch_threshold": 0.001, "reclaim_threshold": 0.002}, "reclaim_threshold"),
        ({"latency_seconds": -1}, "latency_seconds"),
        ({"latency_seconds": 1.5}, "latency_seconds"),
        ({"cooldown_period_seconds": 0}, "cooldown_period_seconds"),
        ({"cooldown_period_seconds": 10**20}, "cooldown_period_seconds"),
        ({"max_trade_duration_seconds": 86_401}, "max_trade_duration_seconds"),
        ({"latency_seconds": 2**63}, "latency_seconds"),
        ({"contracts_per_trade": 10**20}, "contracts_per_trade"),
        ({"strikes_depth": 10**20}, "strikes_depth"),
        ({"strikes_depth": 0}, "strikes_depth"),
        ({"option_selection_mode": "deep"}, "option_selection_mode"),
        ({"entry_start_time": time(12), "entry_end_time": time(11)}, "entry_start_time"),
        ({"entry_end_time": "15:45:00.5"}, "entry_end_time"),
        ({"take_proft_percent": 50}, "take_proft_percent"),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_parameter(
    values: dict[str, Any], named: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        StrategyParams(**values)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, RorqError)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.expected
    assert caught.value.remedy


def test_defaults_are_of_the_type_that_given_values_have() -> None:
    given = StrategyParams(take_profit_percent=50, stop_loss_percent=-50)
    assert StrategyParams().to_json_dict() == given.to_json_dict()
    for name, value in StrategyParams():
        assert type(value) is type(getattr(given, name)), name


def test_parameters_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        StrategyParams().latency_seconds = 3


def test_json_and_back_is_the_same() -> None:
    params = StrategyParams(entry_start_time=time(9, 31, 7), stop_loss_percent=-35.5)
    assert params.to_json_dict()["entry_start_time"] == "09:31:07"
    assert StrategyParams.from_json_dict(params.to_json_dict()) == params


def test_replacing_checks_again() -> None:
    params = StrategyParams(latency_seconds=4)
    assert params.replacing(slippage_amount=0.0).latency_seconds == 4
    with pytest.raises(ParameterError, match="slippage_amount"):
        params.replacing(slippage_amount=-0.01)
