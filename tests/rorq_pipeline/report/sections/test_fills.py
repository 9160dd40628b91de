"""What the band of fills, the shares of the profit and the waiting are drawn from."""

from dataclasses import replace

import pytest

from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.sections.fills import fills_section
from strategy.proofs.fill_scenarios import FillScenario
from tests.rorq_pipeline.report.fixtures import proofs
from tests.rorq_pipeline.report.small import small_data
from tests.rorq_pipeline.results_made import METRICS, best_params


def data(return_on_risk_percent: float) -> ReportData:
    """Other fills make 3.1 and 1.1 points more, and a loss of 2.4 with adverse ones."""
    metrics = {"metrics": replace(METRICS, return_on_risk_percent=return_on_risk_percent)}
    return small_data(best=metrics, proofs=proofs(best_params(**metrics)))


def scenarios_of(*returns_on_risk_percent: float | None) -> ReportData:
    made = data(12.0)
    assert made.proofs is not None
    scenarios = tuple(
        FillScenario(
            name="", description="", metrics=replace(METRICS, return_on_risk_percent=value)
        )
        for value in returns_on_risk_percent
    )
    fills = replace(made.proofs.fills, scenarios=scenarios)
    return replace(made, proofs=made.proofs.model_copy(update={"fills": fills}))


@pytest.mark.parametrize(
    ("base", "low", "high", "scale"), [(12.0, -2.4, 15.1, 15.1), (-30.0, -30.0, -2.4, 30.0)]
)
def test_bars_are_on_the_scale_of_the_farthest(
    base: float, low: float, high: float, scale: float
) -> None:
    context = fills_section(data(base)).context
    assert (context["low"], context["high"]) == (low, high)
    assert context["scale"] == scale
    assert [one.name for one in context["scenarios"]] == [
        "optimistic", "base", "adverse", "latest_bar",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "band"),
    [
        ((None, 0.5, None), (0.5, 0.5, 0.5)),
        ((None, None), (None, None, 1.0)),
        ((0.0, 0.0), (0.0, 0.0, 1.0)),
    ],
)
def test_values_that_are_not_known_have_no_bar(
    values: tuple[float | None, ...], band: tuple[float | None, ...]
) -> None:
    context = fills_section(scenarios_of(*values)).context
    assert (context["low"], context["high"], context["scale"]) == band


def test_shares_and_waiting_are_told_beside_what_is_admitted() -> None:
    made = replace(data(12.0), max_trade_share_fraction=0.25, max_day_share_fraction=0.5)
    context = fills_section(made).context
    assert context["shares"] == [
        ("from bars of one or two trades", 0.3, None),
        ("from stale prices", 0.1, None),
        ("from the best trade", 0.2, 0.25),
        ("from the best day", 0.4, 0.5),
    ]
    assert context["waiting"] == [
        ("Entries without a bar within the wait", "2"),
        ("Exits without a bar after their decision", "1"),
        ("Wait of an entry, mean and longest", "1.4 s, 9 s"),
        ("Wait of an exit, mean and longest", "2.6 s, 48 s"),
        ("Net P&L at the latest bar less that at the next", "$37.50"),
    ]
    assert context["quotes"] == ""


def test_where_nothing_waited_no_seconds_stand() -> None:
    made = data(12.0)
    assert made.proofs is not None
    waiting = replace(
        made.proofs.fills.waiting, mean_exit_wait_seconds=None, longest_exit_wait_seconds=None
    )
    fills = replace(made.proofs.fills, waiting=waiting)
    without = replace(made, proofs=made.proofs.model_copy(update={"fills": fills}))
    told = [words for _, words in fills_section(without).context["waiting"]]
    assert told == ["2", "1", "1.4 s, 9 s", "", "$37.50"]


def test_without_proofs_it_says_so() -> None:
    absent = fills_section(small_data()).absent
    assert absent == "Other assumptions about fills were not tried for this range."
