"""Figures of the page's groups and curves, against sums that are made here from the trades."""

from datetime import date

import numpy as np
import pytest

from rorq_pipeline.report.figures.sample import sessions_figure
from rorq_pipeline.report.figures.surface import distribution_figure, profile_figure
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


def test_the_curve_out_of_sample_goes_on_where_the_range_ended() -> None:
    inside = {date(2023, 1, 3): 10.0, date(2023, 1, 4): -4.0}
    before, after = sessions_figure(inside, [date(2023, 1, 5)], [5.0])["data"]
    assert before["y"] == [10.0, 6.0]
    assert after["y"] == [6.0, 11.0]
    assert after["x"] == ["4 Jan 23", "5 Jan 23"]


def test_the_published_choice_is_marked() -> None:
    surface = complete_data().surface
    assert surface is not None
    name = next(iter(surface.chosen_index))
    assert len(profile_figure(surface, name)["data"]) == 4  # three lines and the mark
    edges = surface.histogram_edges_percent
    middle = float(np.mean(edges[[0, -1]]))
    line = distribution_figure(surface, middle)["layout"]["shapes"][0]
    assert (line["x0"], line["x1"]) == (middle, middle)
    beyond = distribution_figure(surface, float(edges[-1]) + 50)["layout"]["shapes"][0]
    assert edges[0] <= beyond["x0"] <= edges[-1]


def test_the_mark_of_the_choice_is_named_beside_its_line() -> None:
    surface = complete_data().surface
    assert surface is not None
    low, high = (float(surface.histogram_edges_percent[at]) for at in (0, -1))
    middle = (low + high) / 2
    for at, words, side, shift in (
        (low, "chosen", "left", 6),
        (middle, "chosen", "left", 6),
        (high, "chosen", "right", -6),
        (high + 1000, "chosen, beyond the scale at 1,0", "right", -6),
        (low - 1000, "chosen, beyond the scale at \u2212", "left", 6),
    ):
        (note,) = distribution_figure(surface, at)["layout"]["annotations"]
        assert note["text"].startswith(words)
        assert (note["text"] == "chosen") is (words == "chosen")
        assert (note["xanchor"], note["xshift"]) == (side, shift)
    assert "shapes" not in distribution_figure(surface, None)["layout"]
