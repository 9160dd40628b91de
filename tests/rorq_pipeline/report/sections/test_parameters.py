"""The ways of choosing by money and by ratio, in units that are worked out here."""

from dataclasses import replace

import pytest

from rorq_pipeline.report.build import build_report
from rorq_pipeline.report.sections.parameters import parameters_section
from tests.rorq_pipeline.report.fixtures import complete_data


def test_money_stands_beside_the_ratio() -> None:
    data = complete_data()
    section = parameters_section(data)
    for column, money in zip(section.context["columns"], section.context["money"], strict=True):
        metrics = column["metrics"]
        assert money["usd_a_month"] == pytest.approx(
            21 * metrics.net_pnl_usd / data.best.n_sessions
        )
        if metrics.daily_sharpe is not None:
            assert money["sharpe"] == pytest.approx(metrics.daily_sharpe * 15.8745, rel=1e-4)
    assert len(section.context["money"]) > 1
    assert section.context["maximised"].startswith("The published choice has the highest return")


def test_a_fallback_says_why() -> None:
    data = complete_data()
    assert parameters_section(data).context["fallback"] == ""
    fell = data.best.model_copy(update={"instead_of": "smooth", "selection": "study_best"})
    page = build_report(replace(data, best=fell))
    assert "No combination has the trades that smooth wants: the study&#39;s best is" in page
    asked = {"instead_of": "plateau", "regret": None}
    without = replace(data, best=fell.model_copy(update=asked))
    told = parameters_section(without).context["fallback"]
    assert told.startswith("the search space is too large for the exact surface that plateau needs")


def test_without_the_surface_the_trials_that_were_compared_are_counted() -> None:
    data = complete_data()
    smooth = data.best.selections["exact_best"]
    place = replace(smooth.candidate, rank=None, neighbours_mean_percent=None, n_valid=4)
    selections = {"smooth": smooth.model_copy(update={"candidate": place})}
    without = data.best.model_copy(
        update={"regret": None, "selection": "smooth", "selections": selections}
    )
    page = build_report(replace(data, best=without))
    assert "too large for the exact surface: smooth chose among the study&#39;s 4 best" in page
    assert "Promised by this way of choosing" in page
    assert "Rank among those" not in page
