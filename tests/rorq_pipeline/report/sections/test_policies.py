"""How to choose: the figures follow from the months, and what is absent says why."""

import pytest

from optimize.choice.policies import DEFAULT_POLICY
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
    assert f"kept {100 * came / 30:.0f}% of its promise over 10 months" in lead
    assert f"30.0% promised, {came:.1f}% came" in lead
    assert "the best of" in section.context["warning"]
    first = section.context["rows"][0]
    assert first["name"] == DEFAULT_POLICY.label
    assert float(first["usd"].strip("$")) == pytest.approx(sum(curve.net_pnl_usd) / 10, abs=0.5)
    lines = section.figures["policies"]["data"]
    assert [line["y"][-1] for line in lines] == pytest.approx(
        [sum(one.net_pnl_usd) for one in data.matrix.curves]
    )


def test_without_a_matrix_it_says_so() -> None:
    assert policies_section(minimal_data()).absent == "It was not made for this range."
