"""The search's section: whatever the trials are, the page is made and every attempt counted."""

from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from rorq_pipeline.report import build_report
from rorq_pipeline.report.sections.study import study_section
from tests.rorq_pipeline.report.fixtures import (
    complete_data,
    minimal_data,
    study_trials,
)
from tests.rorq_pipeline.report.small import small_data


def trials(*values: float | None, **more: Any) -> list[FrozenTrial]:
    """One trial a value, pruned where it is None."""
    made = []
    for number, value in enumerate(values):
        trial = create_trial(
            state=TrialState.PRUNED if value is None else TrialState.COMPLETE, value=value,
            params={"mode": "itm" if number % 2 else "otm", "stretch": 0.1 * (number % 7)},
            distributions={"mode": CategoricalDistribution(("itm", "otm")),
                           "stretch": FloatDistribution(0, 1)},
            **more,
        )  # fmt: skip
        trial.number = number
        made.append(trial)
    return made


def test_all_four_pictures_of_a_usual_study() -> None:
    section = study_section(complete_data())
    assert set(section.figures) == {"history", "importances", "parallel"}


@pytest.mark.parametrize(
    ("made", "figures"),
    [
        (trials(None, None), set()),
        (trials(1.0), {"history"}),
        (trials(1.0, 1.0, 1.0), {"history"}),
        (trials(1.0, 2.0), {"history", "importances", "parallel"}),
        (trials(*range(30)), {"history", "importances", "parallel"}),
        ([create_trial(value=1.0), create_trial(value=2.0)], {"history"}),  # no parameters
    ],
)
def test_few_trials_give_fewer_pictures(made: list[FrozenTrial], figures: set[str]) -> None:
    data = small_data(trials=made)
    section = study_section(data)
    assert set(section.figures) == section.context["drawn"] == figures
    assert "The search" in build_report(data)


def test_running_and_failed_trials_are_counted() -> None:
    made = trials(1.0, 2.0)
    for state in (TrialState.RUNNING, TrialState.FAIL, TrialState.WAITING):
        trial = create_trial(state=TrialState.PRUNED)
        trial.state = state
        made.append(trial)
    made += trials(None)
    context = study_section(small_data(trials=made)).context
    assert (context["n_attempts"], context["n_complete"], context["few"]) == (6, 2, 2)
    assert context["states"] == {
        "complete": 2, "running": 1, "fail": 1, "waiting": 1, "pruned": 1,
    }  # fmt: skip
    assert dict(context["pruned"])["reason not recorded"] == 1


def test_prunes_are_counted_by_reason_and_duplicates_by_source() -> None:
    attributes = [
        {"prune_reason": "insufficient_trades"},
        {"prune_reason": "insufficient_trades"},
        {"duplicate": True, "duplicate_source": "database", "prune_reason": "duplicate"},
        {},
        {"duplicate": True},
    ]
    made = [trials(None, user_attrs=attribute)[0] for attribute in attributes]
    assert study_section(small_data(trials=made)).context["pruned"] == [
        ("insufficient trades", 2),
        ("duplicate, known from database", 1),
        ("reason not recorded", 1),
        ("duplicate, known from unknown source", 1),
        ("duplicate, known from memory", 0),
    ]


def test_without_trials_it_says_so() -> None:
    absent = study_section(small_data()).absent
    assert absent == "The trials of the study are not part of this report."


def test_the_five_best_trials_lead() -> None:
    top = study_section(small_data(trials=trials(-2.0, 0.5, 3.0, 0.0, -0.5, 1.0))).context["top"]
    assert [(trial.number, trial.value) for trial in top] == [
        (2, 3.0), (5, 1.0), (1, 0.5), (3, 0.0), (4, -0.5),
    ]  # fmt: skip


def test_the_trials_and_the_logging_are_left_as_they_were() -> None:
    made = study_trials()
    before = (optuna.logging.get_verbosity(), [(t.number, t.value, dict(t.params)) for t in made])
    build_report(minimal_data(trials=made))
    assert before == (
        optuna.logging.get_verbosity(),
        [(t.number, t.value, dict(t.params)) for t in made],
    )
