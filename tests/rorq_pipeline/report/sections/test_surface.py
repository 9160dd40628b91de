"""Where the choice lies among all combinations, on a surface of eighteen."""

import re
from typing import Any

import numpy as np
import pytest

from optimize.choice.candidates import Candidate
from rorq_pipeline.report import ReportData, build_report
from rorq_pipeline.report.sections.surface import surface_section
from rorq_pipeline.report.surface_view import SurfaceView, surface_view
from rorq_pipeline.results.models import ComparedSelection
from strategy.params import StrategyParams
from tests.rorq_pipeline.report.small import small_data
from tests.rorq_pipeline.results_made import METRICS

DIMENSIONS = {
    "option_selection_mode": ("itm", "otm"),
    "take_profit_percent": (25, 50, 75),
    "stop_loss_percent": (-75, -50, -25),
}
CHOSEN = {"option_selection_mode": "otm", "take_profit_percent": 50, "stop_loss_percent": -25}


def view(dimensions: dict[str, Any] = DIMENSIONS, n_trades: int = 5) -> SurfaceView:
    shape = tuple(len(values) for values in dimensions.values())
    value = np.linspace(-20, 40, int(np.prod(shape))).reshape(shape)
    return surface_view(dimensions, value, np.full(shape, n_trades), min_trades=5, chosen=CHOSEN)


def placed(rank: int | None, n_valid: int, selection: str = "smooth") -> ReportData:
    """The published choice is this good among those with enough trades."""
    candidate = Candidate(
        selection="smooth", combination=CHOSEN, promised_percent=9.0, return_on_risk_percent=8.0,
        total_trades=12, rank=rank, n_valid=n_valid, neighbours_mean_percent=7.0,
        neighbours_worst_percent=-1.0,
    )  # fmt: skip
    one = ComparedSelection(candidate=candidate, strategy_params=StrategyParams(), metrics=METRICS)
    best = {"selection": selection, "selections": {"smooth": one}}
    return small_data(best=best, surface=view())


def test_every_dimension_has_its_profile_and_the_pair_that_tells_most_is_shown_first() -> None:
    section = surface_section(small_data(surface=view()))
    assert list(section.figures) == [
        "distribution", "profile-option_selection_mode", "profile-take_profit_percent",
        "profile-stop_loss_percent",
    ]  # fmt: skip
    assert section.context["first_pair"] == ("take_profit_percent", "stop_loss_percent")
    (line,) = section.figures["distribution"]["layout"]["shapes"]
    assert line["x0"] == 12.0  # what the published parameters made
    assert len(section.values["surface"]["pairs"]) == 3
    page = build_report(small_data(surface=view()))
    options = re.findall(r'<option value="(\d)"( selected|)>[^<]* \u00d7 [^<]*<', page)
    assert options == [("0", ""), ("1", ""), ("2", " selected")]


def test_one_dimension_has_no_pair() -> None:
    section = surface_section(small_data(surface=view({"take_profit_percent": (25, 50)})))
    assert section.context["first_pair"] is None
    assert list(section.figures) == ["distribution", "profile-take_profit_percent"]


@pytest.mark.parametrize(
    ("rank", "words"),
    [(1, "hundredth of a percent"), (2, "0.01%"), (250, "1.25%"), (None, "")],
)
def test_the_place_on_the_surface_is_told_in_percent(rank: int | None, words: str) -> None:
    data = placed(rank, 20_000)
    context = surface_section(data).context
    assert context["better"] == words
    assert context["place"] == data.best.selections["smooth"].candidate


def test_what_was_not_compared_has_no_place() -> None:
    context = surface_section(placed(1, 2, selection="study_best")).context
    assert (context["place"], context["better"]) == (None, "")


def test_without_a_valid_surface_the_reason_stands_there() -> None:
    assert surface_section(small_data()).absent == (
        "The exact surface of all combinations was not computed for this range."
    )
    assert surface_section(small_data(surface=view(n_trades=4))).absent == (
        "No combination made the 5 trades that make it valid."
    )
