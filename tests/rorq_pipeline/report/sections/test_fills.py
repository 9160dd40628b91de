"""What the band of fills, the shares of the profit and the waiting are drawn from."""

from dataclasses import replace

import pytest

from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.sections.fills import fills_section
from tests.rorq_pipeline.report.fixtures import complete_data
from tests.rorq_pipeline.results_made import METRICS


def data(return_on_risk_percent: float) -> ReportData:
    """Other fills make 3.1 and 1.1 points more, and a loss of 2.4 with adverse ones."""
    metrics = replace(METRICS, return_on_risk_percent=return_on_risk_percent)
    return complete_data(best={"metrics": metrics})


@pytest.mark.parametrize(
    ("base", "low", "high", "scale"), [(12.0, -2.4, 15.1, 15.1), (-30.0, -30.0, -2.4, 30.0)]
)
def test_bars_are_on_the_scale_of_the_farthest(
    base: float, low: float, high: float, scale: float
) -> None:
    context = fills_section(data(base)).context
    assert (context["low"], context["high"]) == (low, high)
    assert context["scale"] == scale


def test_values_that_are_not_known_have_no_bar() -> None:
    made = data(12.0)
    assert made.proofs is not None
    unknown = tuple(
        replace(one, metrics=replace(one.metrics, return_on_risk_percent=None))
        for one in made.proofs.fills.scenarios
    )
    fills = replace(made.proofs.fills, scenarios=unknown)
    proofs = made.proofs.model_copy(update={"fills": fills})
    context = fills_section(replace(made, proofs=proofs)).context
    assert (context["low"], context["high"], context["scale"]) == (None, None, 1.0)


def test_shares_and_waiting_are_told_beside_what_is_admitted() -> None:
    context = fills_section(data(12.0)).context
    assert [figures for _, *figures in context["shares"]] == [
        [0.42, None], [0.05, None], [0.16, 0.25], [0.31, 0.5],
    ]  # fmt: skip
    assert [figure for _, figure in context["waiting"]] == [
        "2", "1", "1.4 s, 9 s", "2.6 s, 48 s", "$37.50",
    ]  # fmt: skip
    assert context["quotes"] == ""
