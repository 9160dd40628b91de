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


def test_the_published_column_is_first_and_what_differs_from_it_is_marked() -> None:
    data = complete_data()
    best = data.best.model_copy(update={"selection": "plateau"})
    context = parameters_section(replace(data, best=best)).context
    first, *others = context["columns"]
    assert "plateau" in first["title"].lower()
    assert [first["is_published"], *(one["is_published"] for one in others)] == [
        True, *[False] * len(others),
    ]  # fmt: skip
    for row in context["rows"]:
        values = [column["combination"][row["name"]] for column in (first, *others)]
        assert [cell["value"] for cell in row["cells"]] == values
        assert [cell["differs"] for cell in row["cells"]] == [v != values[0] for v in values]


def test_ways_that_chose_the_same_share_a_column() -> None:
    data = complete_data()
    one = data.best.selections["exact_best"]
    same = {
        name: one.model_copy(
            update={"candidate": replace(one.candidate, promised_percent=promised)}
        )
        for name, promised in (("exact_best", 8.0), ("smooth", 6.5))
    }
    best = data.best.model_copy(update={"selection": "smooth", "selections": same})
    (column,) = parameters_section(replace(data, best=best)).context["columns"]
    assert column["title"] == "Exact best, smooth"
    assert column["meaning"] == (
        "best of those with enough trades; best together with its neighbours"
    )
    assert column["promised"] == [8.0, 6.5]
    assert column["is_published"]


def test_without_comparison_the_published_parameters_stand_alone() -> None:
    data = complete_data()
    metrics = replace(data.best.metrics, daily_sharpe=None, net_pnl_usd=130.0)
    changes = {"selections": {}, "metrics": metrics, "n_sessions": 13, "regret": None}
    context = parameters_section(replace(data, best=data.best.model_copy(update=changes))).context
    (column,) = context["columns"]
    assert column["combination"] == data.best.trial_params
    assert column["promised"] == []
    assert context["money"] == [{"usd_a_month": 210.0, "sharpe": None}]
    assert not context["has_promises"]
    assert not context["has_places"]
    assert context["rule_min_trades"] == 19  # 30 a month of 21 sessions, of 13
