"""The statistics of the choice in words and figures, each in its own card."""

import re
from dataclasses import replace
from typing import Any

import pytest

from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.report import ReportData
from rorq_pipeline.report.sections.overfitting import overfitting_section
from tests.rorq_pipeline.report.fixtures import selection_statistics, verdict
from tests.rorq_pipeline.report.small import small_data
from tests.rorq_pipeline.results_made import best_params

EVIDENCE = selection_statistics(best_params())


def data(**changes: Any) -> ReportData:
    return small_data(selection_statistics=EVIDENCE.model_copy(update=changes))


def test_every_statistic_has_its_value_its_scale_and_its_note() -> None:
    names = ("title", "value", "fraction", "low", "high", "mark_fraction", "note")
    cards = overfitting_section(data()).context["cards"]
    assert [tuple(card[name] for name in names) for card in cards] == [
        ("Selection test", "p = 0.080", 0.08, None, None, 0.025, "of the value itself p = 0.21"),
        (
            "Probability of overfitting", "34%", 0.34, 0.12, 0.61, 0.5,
            "95% interval 12% to 61%",
        ),
        ("The same after costs", "47%", 0.47, None, None, 0.63, ""),
        ("Winners that then lost", "40%", 0.4, None, None, None, ""),
        ("Deflated Sharpe ratio", "81%", 0.81, None, None, None, "undeflated 97%"),
        ("Test against not trading", "p = 0.12", 0.12, None, None, None, ""),
    ]  # fmt: skip


def test_every_sentence_has_its_figures() -> None:
    cards = overfitting_section(data()).context["cards"]
    assert [re.findall(r"\d[\d,]*(?:\.\d+)?%?", card["sentence"]) for card in cards] == [
        ["812", "1,000", "13", "24.0%", "19.0%", "0.025", "0.030"],
        ["34%", "252", "50%"],
        ["47%", "63%"],
        ["40%", "31.0%", "4.5%"],
        ["38", "0.31", "0.42", "10"],
        ["812"],
    ]


def test_the_mark_is_the_limit_that_the_verdict_was_held_to() -> None:
    judged = verdict(best_params()).model_copy(
        update={"limits": VerdictSettings(selection_test_to_trade=0.05)}
    )
    first = overfitting_section(replace(data(), verdict=judged)).context["cards"][0]
    assert first["mark_fraction"] == 0.05
    assert "It carries the verdict up to 0.05, the mark." in first["sentence"]


@pytest.mark.parametrize(
    ("part", "unknown", "titles"),
    [
        ("overfitting", "probability_fraction", {"Probability of overfitting"}),
        ("overfitting", "after_costs_fraction", {"The same after costs"}),
        ("overfitting", "loss_fraction", {"Winners that then lost"}),
        ("deflated_sharpe", "probability_fraction", {"Deflated Sharpe ratio"}),
    ],
)
def test_what_is_not_known_has_no_card(part: str, unknown: str, titles: set[str]) -> None:
    statistics = EVIDENCE.statistics
    without = replace(statistics, **{part: replace(getattr(statistics, part), **{unknown: None})})
    assert missing(data(statistics=without)) == titles


def test_without_a_surface_there_are_no_tests_of_the_choice() -> None:
    test = EVIDENCE.selection_test
    assert test is not None
    tests = {"Selection test", "Test against not trading"}
    assert missing(data(selection_test=None)) == tests
    few = replace(test, t_p_value_fraction=None)
    assert missing(data(selection_test=few)) == {"Selection test"}
    none = replace(test, superior_ability_p_value_fraction=None)
    assert missing(data(selection_test=none)) == {"Test against not trading"}


def missing(changed: ReportData) -> set[str]:
    """The titles of the cards that are not there."""
    whole, left = (overfitting_section(one).context["cards"] for one in (data(), changed))
    return {card["title"] for card in whole} - {card["title"] for card in left}


def test_a_probability_without_an_interval_stands_alone() -> None:
    pbo = replace(
        EVIDENCE.statistics.overfitting, interval_low_fraction=None, interval_high_fraction=None
    )
    alone = data(statistics=replace(EVIDENCE.statistics, overfitting=pbo))
    card = overfitting_section(alone).context["cards"][1]
    assert (card["value"], card["note"]) == ("34%", "")


def test_without_statistics_the_reason_stands_there() -> None:
    absent = overfitting_section(small_data()).absent
    assert absent == "The selection statistics were not computed for this range."
    assert overfitting_section(data(absent="The space is too large.")).absent == (
        "The space is too large."
    )
