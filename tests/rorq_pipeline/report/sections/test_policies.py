"""How to choose: the figures follow from the months, and what is absent says why."""

from dataclasses import replace
from typing import Any

import pytest

from optimize.choice.policies import DEFAULT_POLICY, FORMER_POLICY, all_policies
from rorq_pipeline.report.formats import MISSING
from rorq_pipeline.report.section import Section
from rorq_pipeline.report.sections.policies import policies_section
from tests.rorq_pipeline.report.fixtures import complete_data, minimal_data


def test_the_first_sentence_says_how_long_and_what_is_kept() -> None:
    data = complete_data()
    assert data.matrix is not None
    section = policies_section(data)
    curve = next(one for one in data.matrix.curves if one.name == "default")
    assert len(curve.months) == 10  # twelve traded, the first after three
    came = 100 * sum(curve.net_pnl_usd) / 10_000
    lead = section.context["lead"]
    advice = "Look back 3 months: nothing in this record was better beyond luck. "
    shown = replaced(better_than_not_trading=(DEFAULT_POLICY,)).context["lead"]
    assert shown.startswith(f"{advice}Over 10 months")
    other = replaced(better_than_not_trading=(FORMER_POLICY,)).context["lead"]
    assert other.startswith(f"{advice}That it beats not trading is not shown either. Over 10")
    none = replaced(better_than_not_trading=()).context["lead"]
    assert none.startswith("Do not trade by this record: no way of choosing beat not trading in it")
    assert f"Over 10 months {100 * came / 30:.0f}% of the promise was kept: 30.0% promised" in lead
    assert f"{came:.1f}% came, ${sum(curve.net_pnl_usd) / 10:.0f} a month." in lead
    assert "the best of" in section.context["warning"]
    first = section.context["rows"][0]
    assert first["name"] == DEFAULT_POLICY.label
    assert float(first["usd"].strip("$")) == pytest.approx(sum(curve.net_pnl_usd) / 10, abs=0.5)
    lines = section.figures["policies"]["data"]
    assert [line["y"][-1] for line in lines] == pytest.approx(
        [sum(one.net_pnl_usd) for one in data.matrix.curves]
    )


def replaced(**changes: Any) -> Section:
    """The section of a record with the default's figures, or the comparison, changed."""
    data = complete_data()
    assert data.matrix is not None
    comparison = data.matrix.comparison
    assert comparison is not None
    sets = {name: changes.pop(name) for name in list(changes) if hasattr(comparison, name)}
    figures = tuple(
        replace(one, **changes) if one.policy == DEFAULT_POLICY else one
        for one in data.matrix.figures
    )
    matrix = data.matrix.model_copy(
        update={"figures": figures, "comparison": replace(comparison, **sets)}
    )
    return policies_section(replace(data, matrix=matrix))


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (2.59, "Over 10 months more came than was promised:"),
        (-0.4, "Over 10 months none of the promise was kept:"),
        (0.25, "Over 10 months 25% of the promise was kept:"),
        (None, "It promised 30.0% over 10 months, and"),
    ],
)
def test_what_was_kept_reads_as_people_say_it(kept: float | None, words: str) -> None:
    section = replaced(kept_fraction=kept)
    assert words in section.context["lead"]
    nothing = replaced(kept_fraction=None, promised_percent=None).context["lead"]
    assert "It promised nothing over 10 months, and" in nothing
    told = {2.59: "all", -0.4: "none", 0.25: "25%", None: MISSING}[kept]
    assert section.context["rows"][0]["kept"] == told


def test_a_default_that_was_not_compared_is_not_called_worse() -> None:
    compared = tuple(one for one in all_policies() if one != DEFAULT_POLICY)
    section = replaced(compared=compared, confidence_set=compared[:3])
    assert "this record is too short to tell it from other" in section.context["lead"]
    first = section.context["rows"][0]
    assert (first["name"], first["in_set"], first["superior"]) == (DEFAULT_POLICY.label, "", "")
    against = replaced(confidence_set=compared[:3])
    assert (
        "This record speaks against looking back 3 months, the default: what cannot be told from "
        "the best looks back 1 month. Over" in against.context["lead"]
    )
    assert against.context["rows"][0]["in_set"] == "no"
    mixed = tuple(one for one in compared if one.lookback_months in (12, 6, "all"))
    told = replaced(confidence_set=mixed[::-1]).context["lead"]
    assert "looks back 6 months or 12 months or on all months. Over" in told


def test_a_cell_of_few_months_has_no_figure_and_no_colour() -> None:
    columns = {"return_on_risk_percent": 20.0, "usd_a_month": 50.0}
    for n_months, texts in ((6, ["+20%", "+$50"]), (5, ["(5 months)"] * 2), (1, ["(1 month)"] * 2)):
        heats = replaced(n_months=n_months, **columns).context["heats"]
        cells = [dict(rows)["smooth"][2] for _, rows in heats]  # three months looked back on
        assert [text for text, _ in cells] == texts
        assert [strength > 0 for _, strength in cells] == [n_months == 6] * 2


def test_what_is_not_shown_is_not_denied() -> None:
    first = replaced(better_than_not_trading=()).context["rows"][0]
    assert first["superior"] == "not shown"


def test_the_best_afterwards_has_at_least_six_months() -> None:
    few = replaced(usd_a_month=1e6, n_months=5).context["rows"]
    assert [row["note"] for row in few] == ["default", "as before", "best afterwards"]
    enough = replaced(usd_a_month=1e6, n_months=6).context["rows"]
    assert [row["note"] for row in enough] == ["default", "as before"]  # the default is the best


def test_without_a_matrix_it_says_so() -> None:
    assert policies_section(minimal_data()).absent == "It was not made for this range."
