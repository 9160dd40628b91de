"""Optuna's own pictures of a study, made from its trials alone and put into the page's style."""

import json
import warnings
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from rorq_pipeline.report.formats import parameter, parameter_title, true_minus

MIN_COMPLETE = 2  # below it, importances and parallel coordinates say nothing
MAX_PARALLEL_TRIALS = 400  # lines in the parallel coordinates, the best ones


class _SharedTrials(optuna.storages.InMemoryStorage):
    """Hands out its trials without copies: the plots only read, and copy them once a parameter."""

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,  # noqa: ARG002  Optuna's signature
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        return super().get_all_trials(study_id, deepcopy=False, states=states)


def completed(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """The trials that have a value."""
    return [trial for trial in trials if trial.state == TrialState.COMPLETE]


def study_of(trials: Sequence[FrozenTrial]) -> optuna.Study:
    """A study in memory that holds these trials; nothing is stored or logged."""
    storage = _SharedTrials()
    with _quiet():
        study_id = storage.create_new_study([optuna.study.StudyDirection.MAXIMIZE], "report")
    for trial in trials:
        storage.create_new_trial(study_id, template_trial=trial)
    return optuna.Study(study_name="report", storage=storage)


def history_figure(study: optuna.Study) -> dict[str, Any]:
    """Objective by trial and the best so far."""
    figure = _plain(optuna.visualization.plot_optimization_history, study)
    points, best, *_ = figure["data"]
    points["name"], best["name"] = "Trial", "Best so far"
    points["marker"] = {"color": "--blue@0.55", "size": 6}
    points["hovertemplate"] = "trial %{x}<br><b>%{y:.2f}%</b><extra></extra>"
    best["line"] = {"color": "--ink", "width": 2, "shape": "hv"}
    best["hovertemplate"] = "best up to trial %{x}<br><b>%{y:.2f}%</b><extra></extra>"
    figure["data"] = [points, best]
    figure["layout"] = {
        "height": 340,
        "xaxis": {"title": {"text": "Trial"}},
        "yaxis": {"title": {"text": "Return on risk, %"}, "zeroline": True},
        "legend": {"orientation": "h", "y": 1.12},
    }
    return figure


def importances_figure(study: optuna.Study) -> dict[str, Any]:
    """How much of the objective each parameter explains."""
    figure = _plain(optuna.visualization.plot_param_importances, study)
    (bars,) = figure["data"]
    bars["marker"] = {"color": "--blue"}
    bars["hovertemplate"] = "%{y}<br><b>%{x:.0%}</b><extra></extra>"
    bars["y"] = [parameter_title(name) for name in bars["y"]]
    bars["text"] = [f"{100 * value:.0f}%" if value > 0.005 else "<1%" for value in bars["x"]]
    bars["textfont"] = {"color": "--ink"}
    figure["layout"] = {
        "height": 60 + 34 * len(bars["y"]),
        "xaxis": {
            "title": {"text": "Share of what the parameters explain"},
            "tickformat": ".0%",
            "range": [0, 1.12 * max(bars["x"])],
        },
    }
    return figure


def parallel_figure(study: optuna.Study) -> dict[str, Any]:
    """One line a completed trial across all parameters; the best tenth stands out."""
    worst_first = sorted(completed(study.trials), key=attrgetter("value"))
    shown = worst_first[-MAX_PARALLEL_TRIALS:]
    varied = sorted(_varied(shown))
    figure = _plain(optuna.visualization.plot_parallel_coordinate, study_of(shown), params=varied)
    lines = [trace for trace in figure["data"] if trace["mode"] == "lines"]
    # Optuna sorts the lines by their parameters; each one's first value is its objective.
    lines.sort(key=lambda trace: float(trace["y"][0]))
    first_best = len(lines) - max(len(lines) // 10, 1)
    for number, line in enumerate(lines):
        best = number >= first_best
        line["line"] = {"color": "--ink" if best else "--blue", "width": 1.6 if best else 1}
        line["opacity"] = 0.85 if best else 0.28
    figure["data"] = lines
    figure["layout"] = _parallel_layout(figure["layout"], varied)
    return figure


def _varied(trials: Sequence[FrozenTrial]) -> set[str]:
    """Parameters that not all trials agree on."""
    names = set().union(*(trial.params for trial in trials))
    return {name for name in names if len({trial.params.get(name) for trial in trials}) > 1}


def _tick_text(name: str, text: str) -> str:
    """A value of an axis with its unit, as everywhere on the page."""
    try:
        return parameter(name, float(text))
    except ValueError:
        return parameter(name, text)


def _parallel_layout(layout: dict[str, Any], params: Sequence[str]) -> dict[str, Any]:
    for note in layout["annotations"]:
        axis_number = round(note["x"])
        if axis_number:  # the first axis is the objective
            note["text"] = _tick_text(params[axis_number - 1], note["text"])
        else:
            note["text"] = true_minus(note["text"])
        note["font"] = {"size": 10.5, "color": "--ink"}
        note["bgcolor"] = "--paper@0.86"
    for shape in layout["shapes"]:
        shape["line"] = {"color": "--rule-strong", "width": 1}
    titles = [parameter_title(name).replace(" ", "<br>", 1) for name in params]
    axis = {**layout["xaxis"], "ticktext": ["Return<br>on risk, %", *titles], "tickangle": 0}
    return {
        "height": 440,
        "annotations": layout["annotations"],
        "shapes": layout["shapes"],
        "xaxis": axis,
        "yaxis": layout["yaxis"],
        "margin": {"b": 64, "l": 56, "r": 24, "t": 12},
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from announcing a study that exists for a moment only."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def _plain(plot: Callable[..., Any], study: optuna.Study, **options: Any) -> dict[str, Any]:
    """Call one of Optuna's plots; its warnings about few trials are the caller's to prevent."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        figure = plot(study, **options)
    return {key: json.loads(figure.to_json())[key] for key in ("data", "layout")}
