"""Optuna's pictures in the page's style: every point and tick of small studies, by hand."""

from typing import Any

import optuna
import plotly.graph_objects as go
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from rorq_pipeline.report.figures.study import (
    completed,
    history_figure,
    importances_figure,
    parallel_figure,
    study_of,
)

DISTRIBUTIONS = {
    "option_selection_mode": CategoricalDistribution(["itm", "otm"]),
    "stretch_threshold": CategoricalDistribution([0.001, 0.002]),
    "latency": CategoricalDistribution([1, 2]),
}


def trial(value: float | None, mode: str = "itm", stretch: float = 0.001) -> FrozenTrial:
    """Completed, or pruned without a value; the latency is always the same."""
    return create_trial(
        state=TrialState.PRUNED if value is None else TrialState.COMPLETE,
        value=value,
        params={"option_selection_mode": mode, "stretch_threshold": stretch, "latency": 1},
        distributions=DISTRIBUTIONS,
    )


def many(n: int) -> list[FrozenTrial]:
    """Values from 0 to n - 1, with the parameters in another order than the values."""
    distributions = {
        "x": CategoricalDistribution(list(range(n))),
        "y": CategoricalDistribution([0, 1, 2]),
    }
    return [
        create_trial(
            params={"x": (7 * value) % n, "y": value % 3},
            distributions=distributions,
            value=float(value),
        )
        for value in range(n)
    ]


def test_only_completed_trials_have_a_value() -> None:
    running = create_trial(state=TrialState.PRUNED)
    running.state = TrialState.RUNNING
    first, last = trial(0.0), trial(-2.0)
    assert completed([first, trial(None), running, last]) == [first, last]


def test_the_trials_are_handed_out_without_copies() -> None:
    study = study_of([trial(1.0)])
    assert study.trials[0] is study.trials[0]


def test_every_value_and_the_best_so_far_are_drawn() -> None:
    made = [trial(2.0), trial(None), trial(1.0), trial(5.0)]
    assert history_figure(study_of(made)) == {
        "data": [
            {
                "type": "scatter", "mode": "markers", "name": "Trial",
                "x": [0, 2, 3], "y": [2.0, 1.0, 5.0],
                "marker": {"color": "--blue@0.55", "size": 6},
                "hovertemplate": "trial %{x}<br><b>%{y:.2f}%</b><extra></extra>",
            },
            {
                "type": "scatter", "mode": "lines", "name": "Best so far",
                "x": [0, 1, 2, 3], "y": [2.0, 2.0, 2.0, 5.0],
                "line": {"color": "--ink", "width": 2, "shape": "hv"},
                "hovertemplate": "best up to trial %{x}<br><b>%{y:.2f}%</b><extra></extra>",
            },
        ],
        "layout": {
            "height": 340,
            "xaxis": {"title": {"text": "Trial"}},
            "yaxis": {"title": {"text": "Return on risk, %"}, "zeroline": True},
            "legend": {"orientation": "h", "y": 1.12},
        },
    }  # fmt: skip


def test_what_a_parameter_explains_is_told_in_whole_percents(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bars = {"x": [0.004, 0.005, 0.0051, 0.426, 0.56], "y": ["stretch_threshold", *"abcd"]}
    made = go.Figure(go.Bar(bars))
    monkeypatch.setattr(optuna.visualization, "plot_param_importances", lambda _: made)
    assert importances_figure(study_of([])) == {
        "data": [
            {
                "type": "bar", "x": bars["x"], "y": ["Stretch from VWAP", *"abcd"],
                "text": ["<1%", "<1%", "1%", "43%", "56%"], "textfont": {"color": "--ink"},
                "marker": {"color": "--blue"},
                "hovertemplate": "%{y}<br><b>%{x:.0%}</b><extra></extra>",
            }
        ],
        "layout": {
            "height": 230,  # 34 pixels for each of five bars, and 60 for the axis
            "xaxis": {
                "title": {"text": "Share of what the parameters explain"},
                "tickformat": ".0%",
                "range": [0, pytest.approx(0.6272)],
            },
        },
    }  # fmt: skip


def test_the_words_beside_a_bar_reach_over_the_axis() -> None:
    (bars,) = importances_figure(study_of(many(3)))["data"]
    assert sorted(bars["y"]) == ["x", "y"]
    assert (bars["textposition"], bars["cliponaxis"]) == ("outside", False)


def test_the_axes_of_the_lines_have_titles_and_units() -> None:
    """Only of what the trials do not agree on."""
    made = [trial(-2.0), trial(None), trial(3.0, "otm", 0.002)]
    layout = parallel_figure(study_of(made))["layout"]
    notes: Any = [(note["x"], note["y"], note["text"]) for note in layout["annotations"]]
    assert notes == [
        (0, 0, "\u22122"), (0, 0.25, "\u22120.75"), (0, 0.5, "0.5"), (0, 0.75, "1.75"), (0, 1, "3"),
        (1, 0, "in the money"), (1, 1, "out of the money"), (2, 0, "0.1%"), (2, 1, "0.2%"),
    ]  # fmt: skip
    for note in layout["annotations"]:
        assert note["font"] == {"size": 10.5, "color": "--ink"}
        assert note["bgcolor"] == "--paper@0.86"
    assert [(shape["x0"], shape["x1"], shape["line"]) for shape in layout["shapes"]] == [
        (x, x, {"color": "--rule-strong", "width": 1}) for x in (0, 1, 2)
    ]
    axis = layout["xaxis"]
    assert axis["ticktext"] == ["Return<br>on risk, %", "Moneyness", "Stretch<br>from VWAP"]
    assert (axis["tickvals"], axis["tickangle"]) == ([0, 1, 2], 0)
    assert (layout["height"], layout["margin"]) == (440, {"b": 64, "l": 56, "r": 24, "t": 12})
    assert layout["yaxis"]["visible"] is False
    assert set(layout) == {"annotations", "height", "margin", "shapes", "xaxis", "yaxis"}


@pytest.mark.parametrize(("n", "n_dark"), [(3, 1), (19, 1), (20, 2)])
def test_the_best_tenth_of_the_lines_is_dark_and_drawn_last(n: int, n_dark: int) -> None:
    lines = parallel_figure(study_of(many(n)))["data"]
    assert [line["customdata"][0][1] for line in lines] == [str(value) for value in range(n)]
    looks = [(line["line"], line["opacity"]) for line in lines]
    pale, dark = {"color": "--blue", "width": 1}, {"color": "--ink", "width": 1.6}
    assert looks == [*[(pale, 0.28)] * (n - n_dark), *[(dark, 0.85)] * n_dark]


def test_of_many_trials_the_best_400_are_drawn() -> None:
    lines = parallel_figure(study_of(many(402)))["data"]
    values = [line["customdata"][0][1] for line in lines]
    assert (len(values), values[0], values[-1]) == (400, "2", "401")
