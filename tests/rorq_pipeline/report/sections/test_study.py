"""The search's section: whatever the trials are, the page is made and every attempt counted."""

from typing import Any

import optuna
import plotly.graph_objects as go
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from rorq_pipeline.report import build_report, key_pictures
from rorq_pipeline.report.figures.study import (
    MAX_PARALLEL_TRIALS,
    history_figure,
    importances_figure,
    parallel_figure,
    study_of,
)
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


def test_many_trials_draw_a_bounded_number_of_lines() -> None:
    made = trials(*[float(v % 97) for v in range(MAX_PARALLEL_TRIALS + 50)])
    figure = parallel_figure(study_of(made))
    assert len(figure["data"]) == MAX_PARALLEL_TRIALS


def test_the_best_tenth_of_the_lines_is_dark_and_drawn_last() -> None:
    made = [  # the parameters are in another order than the values
        create_trial(
            params={"x": (7 * value) % 40, "y": value % 3},
            distributions={
                "x": CategoricalDistribution(list(range(40))),
                "y": CategoricalDistribution([0, 1, 2]),
            },
            value=float(value),
        )
        for value in range(40)
    ]
    lines = parallel_figure(study_of(made))["data"]
    dark = {line["y"][0] for line in lines if line["line"]["color"] == "--ink"}
    assert dark == {line["y"][0] for line in lines[-4:]}
    order = sorted({line["y"][0] for line in lines})
    assert {order.index(y) for y in dark} == {36, 37, 38, 39}


def test_what_a_parameter_explains_is_told_in_whole_percents(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bars = {"x": [0.004, 0.005, 0.0051, 0.426, 0.56], "y": ["stretch_threshold", *"abcd"]}
    made = go.Figure(go.Bar(bars))
    monkeypatch.setattr(optuna.visualization, "plot_param_importances", lambda _: made)
    figure = importances_figure(study_of(trials(1.0, 2.0)))
    assert figure["data"][0]["text"] == ["<1%", "<1%", "1%", "43%", "56%"]
    assert figure["data"][0]["y"] == ["Stretch from VWAP", *"abcd"]
    assert figure["layout"]["xaxis"]["range"] == [0, pytest.approx(0.6272)]


def test_every_value_and_the_best_so_far_are_drawn() -> None:
    points, best = history_figure(study_of(trials(2.0, None, 1.0, 5.0)))["data"]
    assert (points["x"], points["y"]) == ([0, 2, 3], [2.0, 1.0, 5.0])
    assert (best["x"], best["y"]) == ([0, 1, 2, 3], [2.0, 2.0, 2.0, 5.0])


def test_the_axes_of_the_lines_have_titles_and_units() -> None:
    """Only of what the trials do not agree on."""
    made = [
        create_trial(
            params={"option_selection_mode": mode, "stretch_threshold": stretch, "latency": 1},
            distributions={
                "option_selection_mode": CategoricalDistribution(["itm", "otm"]),
                "stretch_threshold": CategoricalDistribution([0.001, 0.002]),
                "latency": CategoricalDistribution([1, 2]),
            },
            value=value,
        )
        for mode, stretch, value in (("itm", 0.001, -2.0), ("otm", 0.002, 3.0))
    ]
    layout = parallel_figure(study_of(made))["layout"]
    assert layout["xaxis"]["ticktext"] == [
        "Return<br>on risk, %", "Moneyness", "Stretch<br>from VWAP",
    ]  # fmt: skip
    ticks = [(note["x"], note["text"]) for note in layout["annotations"]]
    assert [ticks[0], ticks[4]] == [(0, "\u22122"), (0, "3")]
    assert ticks[5:] == [
        (1, "in the money"), (1, "out of the money"), (2, "0.1%"), (2, "0.2%"),
    ]  # fmt: skip


def test_the_trials_and_the_logging_are_left_as_they_were() -> None:
    made = study_trials()
    before = (optuna.logging.get_verbosity(), [(t.number, t.value, dict(t.params)) for t in made])
    build_report(minimal_data(trials=made))
    assert before == (
        optuna.logging.get_verbosity(),
        [(t.number, t.value, dict(t.params)) for t in made],
    )


def test_key_pictures_are_pngs_of_what_there_is() -> None:
    pictures = key_pictures(complete_data())
    assert set(pictures) == {"equity", "optimization_history", "surface"}
    assert all(png.startswith(b"\x89PNG") and len(png) > 5000 for png in pictures.values())
    assert set(key_pictures(minimal_data(trials=[]))) == {"equity"}


def test_key_pictures_are_the_same_for_the_same_data() -> None:
    assert key_pictures(complete_data()) == key_pictures(complete_data())
