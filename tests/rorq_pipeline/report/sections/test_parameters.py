"""The ways of choosing side by side, with figures that are worked out here."""

from dataclasses import replace
from typing import Any

import pytest

from optimize.choice.candidates import Candidate, Regret
from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.report.build import build_report
from rorq_pipeline.report.sections.parameters import parameters_section
from rorq_pipeline.results.models import ComparedSelection
from strategy.params import StrategyParams
from tests.rorq_pipeline.report.fixtures import out_of_sample, verdict
from tests.rorq_pipeline.report.small import small_data
from tests.rorq_pipeline.results_made import METRICS, best_params

REGRET = Regret(
    regret_percent_points=3.5, study_best_percent=12.0, exact_best_percent=15.5, rank=3,
    n_valid=900, n_complete_trials=60,
)  # fmt: skip
LONG, SHORT, OTHER = {"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}, {"a": 5, "b": 2.0}


def compared(combination: dict[str, Any], promised: float, **metrics: Any) -> ComparedSelection:
    return ComparedSelection(
        candidate=Candidate(
            selection="smooth", combination=combination, promised_percent=promised,
            return_on_risk_percent=1.0, total_trades=2, rank=None, n_valid=4,
            neighbours_mean_percent=None, neighbours_worst_percent=None,
        ),
        strategy_params=StrategyParams(),
        metrics=replace(METRICS, **metrics),
    )  # fmt: skip


SELECTIONS = {
    "study_best": compared(LONG, 8.0, net_pnl_usd=40.0, daily_sharpe=0.1),
    "exact_best": compared(SHORT, 15.5, net_pnl_usd=-20.0, daily_sharpe=None),
    "plateau": compared(dict(LONG), 6.5),
    "smooth": compared(OTHER, 9.0),
}
BEST = {"selection": "smooth", "selections": SELECTIONS, "regret": REGRET}


def test_what_chose_the_same_shares_a_column_and_the_published_is_first() -> None:
    context = parameters_section(small_data(best=BEST)).context
    names = ("title", "meaning", "is_published", "combination", "promised", "outside")
    assert [tuple(column[name] for name in names) for column in context["columns"]] == [
        ("Smooth", "best together with its neighbours", True, OTHER, [9.0], None),
        (
            "Study best, plateau",
            "best trial of the Optuna study; best mean of its neighbours",
            False, LONG, [8.0, 6.5], None,
        ),
        ("Exact best", "best of those with enough trades", False, SHORT, [15.5], None),
    ]  # fmt: skip
    assert [column["place"] for column in context["columns"]] == [
        SELECTIONS[name].candidate for name in ("smooth", "study_best", "exact_best")
    ]
    assert [column["metrics"].net_pnl_usd for column in context["columns"]] == [90.0, 40.0, -20.0]
    assert (context["has_promises"], context["has_places"]) == (True, True)
    assert not context["has_outside"]
    shared = parameters_section(small_data(best=BEST | {"selection": "plateau"})).context
    assert [column["is_published"] for column in shared["columns"]] == [True, False, False]
    assert shared["columns"][0]["title"] == "Study best, plateau"


def test_what_differs_from_the_published_is_marked() -> None:
    rows = parameters_section(small_data(best=BEST)).context["rows"]
    assert {
        row["name"]: [(cell["value"], cell["differs"]) for cell in row["cells"]] for row in rows
    } == {
        "a": [(5, False), (1, True), (1, True)],
        "b": [(2, False), (2, False), (3, True)],
        "c": [(None, False), (None, False), (4, True)],
    }


def test_money_stands_beside_the_ratio() -> None:
    """Of four sessions, in 21; a Sharpe ratio of a year is 15.8745 times that of a day."""
    context = parameters_section(small_data(best=BEST)).context
    assert context["money"] == [
        {"usd_a_month": 472.5, "sharpe": pytest.approx(6.3498, abs=1e-4)},
        {"usd_a_month": 210.0, "sharpe": pytest.approx(1.58745, abs=1e-5)},
        {"usd_a_month": -105.0, "sharpe": None},
    ]
    assert context["maximised"] == (
        "The published choice has the highest return on risk together with its neighbours"
    )
    assert context["rule_min_trades"] == 6  # 30 in 21 sessions, of 4
    assert context["min_trades"] == 5


def test_what_the_others_made_out_of_sample_stands_there_if_it_says_something() -> None:
    outside = {"smooth": replace(METRICS, total_trades=3), "exact_best": None}
    best = best_params(**BEST)
    followed = out_of_sample(best).model_copy(update={"selections": outside})
    data = small_data(best=BEST, out_of_sample=followed)
    context = parameters_section(data).context
    assert [column["outside"] for column in context["columns"]] == [outside["smooth"], None, None]
    assert context["has_outside"]
    limits = VerdictSettings(out_of_sample_sessions=7)
    judged = verdict(best).model_copy(update={"limits": limits})
    few = parameters_section(replace(data, verdict=judged)).context
    assert not few["has_outside"]


def test_without_comparison_the_published_parameters_stand_alone() -> None:
    context = parameters_section(small_data()).context
    (column,) = context["columns"]
    assert column["combination"] == {"take_profit_percent": 50}
    assert (column["place"], column["promised"], column["is_published"]) == (None, [], True)
    assert (context["has_promises"], context["has_places"]) == (False, False)
    assert context["fallback"] == ""


def test_a_fallback_says_why() -> None:
    fell: dict[str, Any] = BEST | {"instead_of": "smooth", "selection": "study_best"}
    page = build_report(small_data(best=fell))
    assert "No combination has the trades that smooth wants: the study&#39;s best is" in page
    asked = fell | {"instead_of": "plateau", "regret": None}
    told = parameters_section(small_data(best=asked)).context["fallback"]
    assert told.startswith("the search space is too large for the exact surface that plateau needs")


def test_without_the_surface_the_trials_that_were_compared_are_counted() -> None:
    page = build_report(small_data(best=BEST | {"regret": None}))
    assert "too large for the exact surface: smooth chose among the study&#39;s 4 best" in page
    assert "Promised by this way of choosing" in page
    assert "Rank among those" not in page
