"""build_report: a pure function of its data, complete, small, and closed to the outside."""

import json
import re
from html import unescape

import numpy as np
import pandas as pd
import pytest
from jinja2 import UndefinedError

from rorq_pipeline.report import build_report
from rorq_pipeline.report.build import environment, script_json
from strategy.metrics import compute_metrics
from tests.rorq_pipeline.report.fixtures import complete_data, minimal_data, study_trials


@pytest.fixture(scope="module")
def page() -> str:
    return build_report(complete_data())


def own_part(page: str) -> str:
    """The page without plotly's code, which names addresses that it never asks for."""
    return re.sub(r"<script>/\*\*?[^<]*plotly.*?</script>", "", page, count=1, flags=re.DOTALL)


def test_the_same_data_gives_the_same_page(page: str) -> None:
    assert build_report(complete_data()) == page


def test_the_page_stays_below_eight_megabytes(page: str) -> None:
    assert len(page.encode()) < 8_000_000


def test_a_year_of_trades_stays_below_eight_megabytes_too() -> None:
    data = complete_data()
    year = complete_data(
        trades=pd.concat([data.trades] * 60, ignore_index=True),
        sessions=list(data.sessions) * 20,
        trials=study_trials(1000),
    )
    page = build_report(year)
    assert len(page.encode()) < 8_000_000
    assert "The first 8,000 of" in page


def test_the_page_names_no_address(page: str) -> None:
    own = own_part(page)
    assert len(own) < len(page) - 4_000_000
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#|data:)[^"']*""", own)
    assert "http://" not in own.replace("http://www.w3.org", "")
    assert "https://" not in own


def test_long_lists_are_left_out_on_paper(page: str) -> None:
    found = re.findall(r'<section id="(\w+)"[^>]* class="part( screen-only)?"', page)
    assert [(name, bool(on_screen_only)) for name, on_screen_only in found] == [
        ("verdict", False), ("parameters", False), ("sample", False), ("equity", False),
        ("surface", False), ("policies", True), ("overfitting", False), ("fills", False),
        ("study", True), ("outcomes", True), ("trades", True), ("provenance", False),
        ("reproduce", False),
    ]  # fmt: skip


def test_every_metric_stands_on_the_page_with_its_unit(page: str) -> None:
    data = complete_data()
    assert f"{data.best.metrics.return_on_risk_percent:.1f}%" in page
    assert f"${data.best.metrics.net_pnl_usd:,.2f}" in page
    assert str(data.best.metrics.total_trades) in page


def test_synthetic_data_is_called_so_on_top(page: str) -> None:
    text = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert text.index("Synthetic data.") < text.index("<h1>")
    real = build_report(minimal_data(best={"source": "polygon"}))
    assert "Synthetic data" not in real


def test_the_least_data_gives_a_page_that_says_what_is_absent() -> None:
    page = build_report(minimal_data(trials=[]))
    assert "The trials of the study are not part of this report." in page
    assert "No verdict" in page


def test_a_range_without_trades_has_a_page() -> None:
    empty = minimal_data().trades.iloc[:0]
    nothing = compute_metrics(np.zeros(0), np.zeros(0), np.zeros(0, int), np.zeros(0, int), 13)
    page = build_report(minimal_data(trades=empty, best={"metrics": nothing}, trials=[]))
    assert "These parameters made no trade in this range." in page


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "'" * 300,
        "🦉" * 50,
        "</style><b>",
    ],
)
def test_hostile_names_are_text(text: str) -> None:
    page = build_report(minimal_data(best={"ticker": text, "study_name": text}, command=text))
    assert text in unescape(re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)[1])
    if "<" in text:
        assert text not in page


def test_json_cannot_end_its_script_nor_break_a_line() -> None:
    hostile = "</script><!-- \u2028\u2029 &"
    made = str(script_json({"a": hostile}))
    assert not set("<>&\u2028\u2029") & set(made)
    assert json.loads(made) == {"a": hostile}


def test_values_that_json_does_not_know_are_null() -> None:
    assert json.loads(script_json([float("nan"), float("inf"), 1.0])) == [None, None, 1]


def test_numbers_are_written_short() -> None:
    values = [2.0, -0.5, 1.2345678, 999999999999999.0, 1e15, -1e15, 0.1 + 0.2, True, None, "é"]
    assert script_json({"a": values, 1: (np.float64(3.0), np.array([1, 2.5]))}) == (
        '{"a":[2,-0.5,1.234568,999999999999999,1000000000000000.0,-1000000000000000.0,0.3,true,'
        'null,"é"],"1":[3,[1,2.5]]}'
    )


def test_templates_escape_values_refuse_unknown_names_and_leave_no_line_of_a_tag() -> None:
    lines = "<p>\n  {% if name %}\n  {{ name }}\n  {% endif %}\n</p>"
    made = environment()
    assert made.from_string(lines).render(name="<b>") == "<p>\n  &lt;b&gt;\n</p>"
    with pytest.raises(UndefinedError, match="'name' is undefined"):
        made.from_string(lines).render()
    assert environment() is made  # a template is compiled once
