"""What the first screen says of findings and of the promise."""

from dataclasses import replace

import pytest

from optimize.statistics.verdict import Finding, Verdict
from rorq_pipeline.report.sections.verdict import verdict_section
from tests.rorq_pipeline.report.fixtures import complete_data


def test_what_forbids_trade_says_so_and_stands_before_what_only_informs() -> None:
    data = complete_data()
    assert data.verdict is not None
    findings = (
        Finding(name="a", level="good", text=""),
        Finding(name="u", level="unknown", text=""),
        Finding(name="b", level="doubtful", text="", decides=False),
        Finding(name="c", level="doubtful", text=""),
        Finding(name="d", level="bad", text=""),
    )
    reached = Verdict(decision="reject", line="x: y", findings=findings)
    record = data.verdict.model_copy(update={"verdict": reached})
    shown = verdict_section(replace(data, verdict=record)).context["findings"]
    assert [(one.name, words, chip) for one, words, chip in shown] == [
        ("d", "✕ against", "fail"),
        ("c", "◐ holds it back", "watch"),
        ("u", "? holds it back", ""),
        ("b", "◐ neither way", "watch"),
        ("a", "✓ for trading", "pass"),
    ]


@pytest.mark.parametrize(
    ("selection", "note"),
    [
        ("smooth", "with its neighbours; alone 18.0% in sample, 30 trades, $214.50"),
        ("lower_bound", "at its lower bound; 18.0% in sample, 30 trades, $214.50"),
        ("exact_best", "in sample, 30 trades, $214.50"),
    ],
)
def test_the_promise_says_of_what_it_is(selection: str, note: str) -> None:
    data = complete_data()
    metrics = replace(
        data.best.metrics, return_on_risk_percent=18.0, total_trades=30, net_pnl_usd=214.5
    )
    best = data.best.model_copy(update={"selection": selection, "metrics": metrics})
    assert verdict_section(replace(data, best=best)).context["promise"]["note"] == note
