"""Trials of every kind of state, value and attribute."""

from datetime import datetime

from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState, create_trial

CHOICES = {
    "window": CategoricalDistribution(("09:30-10:30", "12:00-15:00")),
    "stop": CategoricalDistribution((-25, -35.5, -100)),
    "mode": CategoricalDistribution(("itm", "otm")),
}


def made(number, state, value=None, **attributes):
    params = {"window": "12:00-15:00", "stop": -35.5, "mode": ("itm", "otm")[number % 2]}
    trial = create_trial(
        state=state,
        value=value,
        params=params,
        distributions=CHOICES,
        user_attrs={"total_trades": number, "nested": {"a": [1, 2.5, None]}, "text": "ü\"'%:"},
        system_attrs=attributes,
    )
    trial.number = number
    trial.datetime_start = datetime.fromisoformat(f"2023-07-01T12:00:0{number}.123456")
    trial.datetime_complete = datetime.fromisoformat(f"2023-12-01T12:00:0{number}.654321")
    return trial


TRIALS = [
    made(0, TrialState.COMPLETE, 1 / 3),
    made(1, TrialState.PRUNED),
    made(2, TrialState.FAIL, fixed_params={"stop": -100}),
    made(3, TrialState.COMPLETE, float("inf")),
    made(4, TrialState.COMPLETE, float("-inf")),
    made(5, TrialState.COMPLETE, -1e-300),
]
