"""Each name that is no part of Optuna's promises, tried by itself: at an upgrade, what went?"""

import re
from datetime import datetime
from pathlib import Path

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState

import optimize
from optimize.optuna_internals import FIXED_PARAMS, add_trial, stored_trial, trial_id

CHOICES = {"x": CategoricalDistribution((1, 2))}


def test_a_trial_has_an_id():
    study = optuna.create_study()
    study.ask(CHOICES)
    assert trial_id(study.trials[0]) == study.ask(CHOICES)._trial_id - 1


def test_the_stored_trial_is_no_copy():
    study = optuna.create_study()
    asked = study.ask(CHOICES)
    assert stored_trial(study, asked) is stored_trial(study, asked)
    assert stored_trial(study, asked).params == asked.params


def test_an_enqueued_trial_carries_its_combination():
    study = optuna.create_study()
    study.enqueue_trial({"x": 2})
    assert study.trials[0].system_attrs[FIXED_PARAMS] == {"x": 2}


def test_a_trial_that_failed_before_it_began_can_be_added():
    failed = FrozenTrial(
        number=7,
        trial_id=70,
        state=TrialState.FAIL,
        value=None,
        datetime_start=None,
        datetime_complete=datetime(2023, 1, 3),  # noqa: DTZ001  Optuna's times are naive
        params={},
        distributions={},
        user_attrs={"retry": True},
        system_attrs={},
        intermediate_values={},
    )
    study = optuna.create_study()
    add_trial(study, failed)
    added = study.trials[0]
    assert (added.number, added.state, added.user_attrs) == (0, TrialState.FAIL, {"retry": True})


def test_no_other_module_uses_what_optuna_does_not_promise():
    package = Path(optimize.__file__).parent
    private = re.compile(r"\b(study|trial|t)\._[a-z]|\boptuna(\.\w+)*\._[a-z]")
    users = {p.name for p in package.rglob("*.py") if private.search(p.read_text(encoding="utf-8"))}
    assert users == {"optuna_internals.py"}
