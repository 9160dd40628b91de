"""Figures of the page's groups and curves, against sums that are made here from the trades."""

import pytest

from rorq_pipeline.report.sections.outcomes import outcomes_section
from rorq_pipeline.report.sections.policies import policies_section
from tests.rorq_pipeline.report.fixtures import complete_data


def test_every_grouping_adds_up_to_the_trades() -> None:
    data = complete_data()
    pnl = data.trades["net_pnl_usd"].tolist()
    for table in outcomes_section(data).context["tables"]:
        rows = table["rows"]
        assert sum(row["n"] for row in rows) == len(pnl)
        assert sum(row["net_pnl_usd"] for row in rows) == pytest.approx(sum(pnl))
        won = sum(row["win_rate_percent"] * row["n"] / 100 for row in rows)
        assert won == pytest.approx(sum(value > 0 for value in pnl))
        for row in rows:
            assert row["mean_usd"] == pytest.approx(row["net_pnl_usd"] / row["n"])


def test_the_months_of_the_matrix_make_the_policies() -> None:
    data = complete_data()
    assert data.matrix is not None
    section = policies_section(data)
    curve = next(one for one in data.matrix.curves if one.name == "default")
    assert len(curve.months) == 10  # twelve traded, the first after three
    came_percent = 100 * sum(curve.net_pnl_usd) / 10_000
    lead = section.context["lead"]
    assert f"{came_percent:.1f}% came, ${sum(curve.net_pnl_usd) / 10:.0f} a month." in lead
    lines = section.figures["policies"]["data"]
    assert [line["y"][-1] for line in lines] == pytest.approx(
        [sum(one.net_pnl_usd) for one in data.matrix.curves]
    )
