"""What the first screen says of findings and of the promise."""

import re
from dataclasses import replace

import pytest

from optimize.statistics import out_of_sample
from optimize.statistics.verdict import Finding, Verdict
from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.report import CheckOutcome
from rorq_pipeline.report.sections.verdict import verdict_section
from tests.rorq_pipeline.report.fixtures import complete_data, minimal_data


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


def test_of_checks_that_failed_a_warning_about_the_data_stands_elsewhere() -> None:
    """Passed, blocking, about the data: what of it leads to the first screen."""
    checks = [
        CheckOutcome(name=f"{passed} {blocking} {about}", passed=passed, blocking=blocking,
                     is_about_data=about)
        for passed in (True, False) for blocking in (True, False) for about in (True, False)
    ]  # fmt: skip
    shown = verdict_section(complete_data(checks=checks)).context["failed_checks"]
    assert [check.name for check in shown] == [
        "False True True", "False True False", "False False False",
    ]  # fmt: skip


def test_what_came_is_told_with_its_interval() -> None:
    context = verdict_section(complete_data()).context
    assert context["promise"]["title"] == f"Promised by {len(complete_data().sessions)} sessions"
    assert context["result"] == {
        "title": "Came in the 6 sessions after",
        "value": "6.1%",
        "note": "9 trades, $214.50, 90% interval \u22129.5% to 21.4%",
    }


def test_one_trade_and_one_session_are_no_plural() -> None:
    data = complete_data()
    assert data.verdict is not None
    limits = VerdictSettings(trades_to_reject=1)
    record = data.verdict.model_copy(update={"limits": limits})
    metrics = replace(data.best.metrics, total_trades=1, net_pnl_usd=5.0)
    best = data.best.model_copy(update={"metrics": metrics, "selection": "exact_best"})
    data = replace(data, best=best, verdict=record)
    promise = verdict_section(data).context["promise"]
    assert promise["note"] == "in sample, 1 trade, $5.00"
    promise = verdict_section(replace(data, sessions=data.sessions[:1])).context["promise"]
    assert promise == {
        "title": "Promised by 1 session", "value": "", "note": "1 trade in 1 session, too few",
    }  # fmt: skip


def test_without_sessions_that_follow_the_reason_stands_there() -> None:
    not_made = verdict_section(minimal_data()).context["result"]
    assert (not_made["value"], not_made["note"]) == ("", "not traded for this report")
    data = complete_data()
    assert data.out_of_sample is not None
    nothing = out_of_sample(data.best.strategy_params, [], n_wanted=13)
    not_yet = data.out_of_sample.model_copy(update={"traded": nothing, "status": "none is cached"})
    told = verdict_section(replace(data, out_of_sample=not_yet)).context["result"]
    assert (told["value"], told["note"]) == ("", "none is cached")


def test_the_curve_goes_on_through_the_sessions_that_followed() -> None:
    data = complete_data()
    inside = data.trades["net_pnl_usd"].sum()
    shown = str(verdict_section(data).context["curve"])
    after = 81.5 - 20 - 20 + 100 + 33 + 40  # as `out_of_sample` of the fixtures has it
    assert f"3\u201330 January 2023, ends at ${inside + after:,.2f}" in shown
    assert re.findall(r"<text[^>]*>(\d+ \w+ \d+)<", shown) == ["20 Jan 23", "3 Jan 23", "30 Jan 23"]
    alone = str(verdict_section(minimal_data()).context["curve"])
    assert f"3\u201320 January 2023, ends at ${inside:,.2f}" in alone
    assert re.findall(r"<text[^>]*>(\d+ \w+ \d+)<", alone) == ["3 Jan 23", "20 Jan 23"]
    assert verdict_section(replace(data, trades=data.trades[:0])).context["curve"] == ""
