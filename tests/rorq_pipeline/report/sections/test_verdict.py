"""What the first screen says: the verdict, its findings, what was promised and what came."""

from dataclasses import replace
from typing import Any

import pytest

from optimize.statistics import out_of_sample as traded_after
from optimize.statistics.verdict import Finding, Verdict
from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.report import CheckOutcome, SessionProvenance
from rorq_pipeline.report.sections.verdict import verdict_section
from rorq_pipeline.report.svg import equity_chart
from rorq_pipeline.results.models import OutOfSampleEvidence, VerdictRecord
from strategy.params import StrategyParams
from tests.rorq_pipeline.report.fixtures import out_of_sample, verdict
from tests.rorq_pipeline.report.small import RANGE, small_data, trade
from tests.rorq_pipeline.results_made import METRICS, best_params

BEST = best_params()
TRADES = [trade(3, 30.0), trade(3, -29.5), trade(4, -0.5), trade(6, 0.75)]


def judged(**changes: Any) -> VerdictRecord:
    return verdict(BEST).model_copy(update=changes)


def followed(**changes: Any) -> OutOfSampleEvidence:
    """Six sessions after the range, of which nine trades are told."""
    return out_of_sample(BEST).model_copy(update=changes)


def not_followed() -> OutOfSampleEvidence:
    nothing = traded_after(StrategyParams(), [], n_wanted=4)
    return followed(traded=nothing, status="none is cached")


def test_the_decision_has_its_label_its_mark_and_its_sentence() -> None:
    record = judged()
    context = verdict_section(small_data(verdict=record)).context
    assert (context["label"], context["mark"]) == ("Watch", "◐")
    assert context["sentence"].startswith("Do not trade these parameters yet: ")
    assert context["verdict"] == record.verdict
    without = verdict_section(small_data()).context
    assert [without[name] for name in ("verdict", "label", "mark", "sentence", "findings")] == [
        None, "No verdict", "", "", [],
    ]  # fmt: skip


def test_what_forbids_trade_says_so_and_stands_before_what_only_informs() -> None:
    findings = (
        Finding(name="a", level="good", text=""),
        Finding(name="n", level="absent", text=""),
        Finding(name="u", level="unknown", text=""),
        Finding(name="b", level="doubtful", text="", decides=False),
        Finding(name="c", level="doubtful", text=""),
        Finding(name="d", level="bad", text=""),
    )
    record = judged(verdict=Verdict(decision="reject", line="x: y", findings=findings))
    shown = verdict_section(small_data(verdict=record)).context["findings"]
    assert [(one.name, words, chip) for one, words, chip in shown] == [
        ("d", "✕ against", "fail"),
        ("c", "◐ holds it back", "watch"),
        ("u", "? holds it back", ""),
        ("b", "◐ neither way", "watch"),
        ("n", "∅ not there", ""),
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
    metrics = replace(METRICS, return_on_risk_percent=18.0, total_trades=30, net_pnl_usd=214.5)
    best = {"selection": selection, "metrics": metrics, "promised_percent": 16.25}
    record = judged(limits=VerdictSettings(out_of_sample_sessions=4))
    assert verdict_section(small_data(best=best, verdict=record)).context["promise"] == {
        "title": "Promised by 4 sessions",
        "value": "16.2%",
        "note": note,
    }


def test_of_checks_that_failed_a_warning_about_the_data_stands_elsewhere() -> None:
    """Passed, blocking, about the data: what of it leads to the first screen."""
    checks = [
        CheckOutcome(name=f"{passed} {blocking} {about}", passed=passed, blocking=blocking,
                     is_about_data=about)
        for passed in (True, False) for blocking in (True, False) for about in (True, False)
    ]  # fmt: skip
    shown = verdict_section(small_data(checks=checks)).context["failed_checks"]
    assert [check.name for check in shown] == [
        "False True True", "False True False", "False False False",
    ]  # fmt: skip


def test_what_came_is_told_with_its_interval() -> None:
    assert verdict_section(small_data(out_of_sample=followed())).context["result"] == {
        "title": "Came in the 6 sessions after",
        "value": "6.1%",
        "note": "9 trades, $214.50, 90% interval \u22129.5% to 21.4%",
    }
    without = followed(traded=replace(followed().traded, intervals={}))
    result = verdict_section(small_data(out_of_sample=without)).context["result"]
    assert result["note"] == "9 trades, $214.50"


@pytest.mark.parametrize(("n", "words"), [(0, "0 trades"), (1, "1 trade"), (2, "2 trades")])
def test_one_trade_is_no_plural(n: int, words: str) -> None:
    best = {"metrics": replace(METRICS, total_trades=n), "selection": "exact_best"}
    record = judged(limits=VerdictSettings(trades_to_reject=0, out_of_sample_sessions=4))
    promise = verdict_section(small_data(best=best, verdict=record)).context["promise"]
    assert promise["note"] == f"in sample, {words}, $90.00"


def test_one_session_is_no_plural() -> None:
    data = small_data(best={"metrics": replace(METRICS, total_trades=1)})
    one = SessionProvenance(session=RANGE.sessions[0], source="polygon", fingerprint="")
    promise = verdict_section(replace(data, sessions=[one])).context["promise"]
    assert promise == {
        "title": "Promised by 1 session", "value": "", "note": "1 trade in 1 session, too few",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("after", "note"), [(None, "not traded for this report"), (not_followed(), "none is cached")]
)
def test_without_sessions_that_follow_the_reason_stands_there(
    after: OutOfSampleEvidence | None, note: str
) -> None:
    assert verdict_section(small_data(out_of_sample=after)).context["result"] == {
        "title": "Came in the sessions after", "value": "", "note": note,
    }  # fmt: skip


def test_too_few_sessions_with_a_trade_are_no_result() -> None:
    record = judged(limits=VerdictSettings(out_of_sample_sessions=7))
    data = small_data(verdict=record, out_of_sample=followed())
    assert verdict_section(data).context["result"] == {
        "title": "Came in the sessions after",
        "value": "",
        "note": "9 trades in 6 sessions, too few",
    }


def test_the_curve_goes_on_through_the_sessions_that_followed() -> None:
    data = small_data(TRADES, out_of_sample=followed())
    assert verdict_section(data).context["curve"] == equity_chart(
        [0.5, 0.0, 0.0, 0.75, 82.25, 62.25, 42.25, 142.25, 175.25, 215.25],
        label="Net P&L by session, 3\u201330 January 2023, ends at $215.25; dotted after the range",
        first="3 Jan 23",
        last="30 Jan 23",
        border=(4, "6 Jan 23"),
    )


@pytest.mark.parametrize("after", [None, not_followed()])
def test_the_curve_ends_where_nothing_followed(after: OutOfSampleEvidence | None) -> None:
    assert verdict_section(small_data(TRADES, out_of_sample=after)).context["curve"] == (
        equity_chart(
            [0.5, 0.0, 0.0, 0.75],
            label="Net P&L by session, 3\u20136 January 2023, ends at $0.75; "
            "dotted after the range",
            first="3 Jan 23",
            last="6 Jan 23",
        )
    )


def test_without_a_trade_there_is_no_curve() -> None:
    assert verdict_section(small_data()).context["curve"] == ""
