from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from optimize.statistics.verdict import Evidence, judge
from optimize.verdict_settings import VerdictSettings
from strategy.errors import ParameterError

GOOD = Evidence(
    total_trades=60,
    return_on_risk_percent=12.0,
    promised_percent=10.0,
    overfitting_fraction=0.05,
    loss_fraction=0.1,
    deflated_sharpe_fraction=0.97,
    superior_ability_p_value=0.01,
    out_of_sample_traded_sessions=21,
    out_of_sample_return_on_risk_percent=8.0,
    out_of_sample_gain_p_value=0.2,
    out_of_sample_loss_p_value=1.0,
    adverse_fills_return_on_risk_percent=3.0,
    no_look_ahead=True,
    replay_agrees=True,
    selection_test_p_value=0.012,
    sessions_with_holes=0,
)
DECIDING = [
    "return_on_risk_percent",
    "adverse_fills_return_on_risk_percent",
    "selection_test_p_value",
    "no_look_ahead",
    "replay_agrees",
]
HISTORY = {  # of the policy, as luck would have it
    "policy_months": 9,
    "policy_usd_a_month": 120.0,
    "policy_p_value": 0.2,
    "policy_loss_p_value": 0.82,
}
INFORMING = [
    "overfitting_fraction",
    "loss_fraction",
    "deflated_sharpe_fraction",
    "superior_ability_p_value",
]
OUTSIDE = [
    "out_of_sample_return_on_risk_percent",
    "out_of_sample_gain_p_value",
    "out_of_sample_loss_p_value",
]  # where they are not known


def test_all_good_is_trade_and_the_line_has_the_figures():
    verdict = judge(GOOD)
    assert verdict.decision == "trade"
    assert verdict.line.startswith("trade: ")
    for figure in ("60 trades", "+12.0%", "0.012", "+3.0% under adverse fills"):
        assert figure in verdict.line
    assert "\n" not in verdict.line


@pytest.mark.parametrize(
    ("change", "decision", "reason"),
    [
        ({"no_look_ahead": False}, "reject", "not: no decision sees later data"),
        ({"replay_agrees": False}, "reject", "not: the reference engine"),
        ({"return_on_risk_percent": -1.0}, "reject", "return on risk -1.0% in-sample"),
        ({"total_trades": 9}, "reject", "9 trades"),
        ({"total_trades": 29}, "watch", "29 trades (trade needs at least 30)"),
        ({"total_trades": 6}, "reject", "6 trades (rejected below 10)"),
        ({"selection_test_p_value": 0.025}, "trade", "0.025 where nothing pays"),
        ({"selection_test_p_value": 0.026}, "watch", "0.026 where nothing pays (trade needs"),
        ({"selection_test_p_value": 1.0}, "watch", "1.000 where nothing pays"),
        (
            {
                "out_of_sample_return_on_risk_percent": -9.0,
                "out_of_sample_gain_p_value": 1.0,
                "out_of_sample_loss_p_value": 0.05,
            },
            "reject",
            "out of sample in 21 sessions with trades, as little has a probability of 0.050 where",
        ),
        ({"adverse_fills_return_on_risk_percent": -4.0}, "watch", "-4.0% under adverse fills"),
        (
            {"has_quotes": True, "at_quotes_return_on_risk_percent": -1.5},
            "watch",
            "-1.5% at quotes",
        ),
        ({"has_quotes": True}, "watch", "return on risk at quotes not known"),
        (
            {"has_quotes": True, "at_quotes_return_on_risk_percent": 1.5},
            "trade",
            "return on risk +1.5% at quotes",
        ),
        ({}, "trade", "no quotes: whether fills at ask and bid earn is not known"),
    ],
)
def test_each_figure_decides(change, decision, reason):
    verdict = judge(replace(GOOD, **change))
    assert verdict.decision == decision
    assert reason in verdict.line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in INFORMING for value in (None, 0.0, 1.0)),
        *((name, None) for name in OUTSIDE),
    ],
)
def test_what_informs_has_no_vote(name, value):
    verdict = judge(replace(GOOD, **{name: value}))
    assert verdict.decision == "trade"
    assert verdict.line == judge(GOOD).line


@pytest.mark.parametrize(
    ("selection_p", "policy_p", "loss_p", "decision"),
    [  # either leg carries, none forbids the other, and a history that loses rejects
        (0.9, 0.025, 0.99, "trade"),
        (0.9, 0.026, 0.99, "watch"),
        (None, 0.01, 0.99, "trade"),
        (0.01, 0.2, 0.82, "trade"),
        (0.01, 0.9, 0.101, "trade"),
        (0.01, 0.99, 0.1, "reject"),
        (0.9, 0.99, 0.01, "reject"),
        (0.01, None, None, "trade"),
        (0.9, None, None, "watch"),
        (None, None, None, "watch"),
    ],
)
def test_either_leg_carries_trade(selection_p, policy_p, loss_p, decision):
    history = {**HISTORY, "policy_p_value": policy_p, "policy_loss_p_value": loss_p}
    verdict = judge(replace(GOOD, selection_test_p_value=selection_p, **history))
    assert verdict.decision == decision


def test_the_policys_history_is_told_with_its_figures():
    verdict = judge(replace(GOOD, selection_test_p_value=0.3, **HISTORY))
    assert (
        "the policy brought +$120 a month in 9 months, as much has a probability of 0.200 where "
        "it earns nothing (trade needs at most 0.025)"
    ) in verdict.line
    unknown = judge(replace(GOOD, selection_test_p_value=0.3))
    assert "policy's history not known (no month was traded)" in unknown.line
    unread = judge(replace(GOOD, selection_test_p_value=0.3, policy_absent="SPY/2022-05-16 is cut"))
    assert "policy's history not known (SPY/2022-05-16 is cut)" in unread.line


def test_a_history_that_lost_money_never_carries():
    """Its sessions may have earned on average where those with the most at stake lost."""
    lost = HISTORY | {"policy_p_value": 0.001, "policy_usd_a_month": -1.0}
    verdict = judge(replace(GOOD, selection_test_p_value=0.3, **lost))
    assert verdict.decision == "watch"


@pytest.mark.parametrize(
    "missing", ["no_look_ahead", "replay_agrees", "adverse_fills_return_on_risk_percent"]
)
def test_a_good_history_does_not_do_without_the_proofs(missing):
    good = replace(GOOD, **HISTORY | {"policy_p_value": 0.001})
    assert judge(replace(good, **{missing: None})).decision == "watch"
    assert judge(replace(good, total_trades=29)).decision == "watch"


def test_a_loss_out_of_sample_rejects_beyond_luck_alone():
    lost = replace(
        GOOD,
        out_of_sample_return_on_risk_percent=-9.0,
        out_of_sample_gain_p_value=1.0,
        out_of_sample_loss_p_value=0.051,
    )
    assert judge(lost).decision == "watch"
    assert judge(lost, VerdictSettings(out_of_sample_to_reject=0.051)).decision == "reject"
    lost = replace(lost, out_of_sample_loss_p_value=0.01)
    assert judge(replace(lost, out_of_sample_traded_sessions=5)).decision == "reject"
    verdict = judge(replace(lost, out_of_sample_traded_sessions=4))
    assert verdict.decision == "trade"
    texts = [finding.text for finding in verdict.findings]
    assert "out of sample not known (trades in 4 sessions, 5 are needed)" in texts


@pytest.mark.parametrize(
    ("came", "gain_p_value", "decision"),
    [
        (2.5, 0.9, "trade"),  # a quarter of the promise
        (2.4, 0.9, "watch"),
        (2.4, 0.05, "trade"),  # little, and earned beyond luck
        (0.0, 0.9, "watch"),
        (-1.0, 0.9, "watch"),
    ],
)
def test_what_came_has_to_keep_some_of_the_promise(came, gain_p_value, decision):
    after = replace(
        GOOD, out_of_sample_return_on_risk_percent=came, out_of_sample_gain_p_value=gain_p_value
    )
    assert judge(after).decision == decision
    assert judge(replace(after, out_of_sample_traded_sessions=9)).decision == "trade"
    for nothing in (None, 0.0, -5.0):  # is promised: then it must not lose
        found = judge(replace(after, promised_percent=nothing))
        assert found.decision == ("watch" if came < 0 else "trade")
    carried = replace(after, **HISTORY | {"policy_p_value": 0.025})
    assert judge(carried).decision == "trade"
    uncarried = judge(replace(after, selection_test_p_value=0.2))
    assert "a choice as good has a probability of 0.200" in uncarried.line
    assert "of the promise" not in uncarried.line
    assert judge(after, VerdictSettings(promise_kept_to_trade=0.0)).decision == (
        "watch" if came < 0 else "trade"
    )


def test_what_was_kept_is_told_with_its_limit():
    little = replace(GOOD, out_of_sample_return_on_risk_percent=0.5)
    assert judge(little).line == (
        "watch: return on risk +0.5% out of sample in 21 sessions with trades, 5.0% of the promise "
        "(trade needs at least 25%)"
    )
    lost = replace(GOOD, out_of_sample_return_on_risk_percent=-0.5)
    assert "none of the promise (trade needs at least 25%)" in judge(lost).line


@pytest.mark.parametrize(
    ("holed", "decision", "level"),
    [(None, "watch", "unknown"), (0, "trade", "good"), (3, "trade", "doubtful"),
     (4, "watch", "doubtful")],
)  # fmt: skip
def test_sessions_that_were_not_seen_whole_forbid_trade(holed, decision, level):
    verdict = judge(replace(GOOD, sessions_with_holes=holed, n_sessions=60, total_trades=99))
    assert verdict.decision == decision
    assert next(one.level for one in verdict.findings if one.name == "data") == level
    if holed == 4:
        assert verdict.line == (
            "watch: 4 of 60 sessions are missing, end early or have holes (trade needs at most 5%)"
        )


@pytest.mark.parametrize("name", DECIDING)
def test_what_is_not_known_never_speaks_for_trading(name):
    verdict = judge(replace(GOOD, **{name: None}))
    assert verdict.decision == "watch"
    assert "not" in verdict.line


def test_synthetic_data_is_called_so():
    assert judge(replace(GOOD, synthetic=True)).line.startswith("trade [synthetic data]: ")


def test_limits_are_configuration():
    strict = VerdictSettings(selection_test_to_trade=0.01)
    assert judge(GOOD, strict).decision == "watch"
    with pytest.raises(ParameterError, match="overfitting_to_trade is 2"):
        VerdictSettings(overfitting_to_trade=2)
    with pytest.raises(ParameterError, match="unknown verdict limit 'unknown'"):
        VerdictSettings(unknown=1)
    with pytest.raises(ValidationError, match="frozen"):
        VerdictSettings().trades_to_trade = 5


@pytest.mark.parametrize(
    ("limits", "change", "decision"),
    [  # either limit of a pair may be moved up to the other; both bounds belong to the better side
        ({"trades_to_trade": 10}, {"total_trades": 10}, "trade"),
        ({"trades_to_trade": 10}, {"total_trades": 9}, "reject"),
        ({"trades_to_reject": 30}, {"total_trades": 29}, "reject"),
    ],
)
def test_equal_limits_leave_nothing_in_between(limits, change, decision):
    assert judge(replace(GOOD, **change), VerdictSettings(**limits)).decision == decision


@pytest.mark.parametrize(
    ("n_sessions", "trades", "decision"),
    [(63, 90, "trade"), (63, 89, "watch"), (63, 30, "watch"), (63, 29, "reject"), (7, 10, "trade")],
)
def test_trades_are_wanted_at_a_rate(n_sessions, trades, decision):
    """30 in 21 sessions are 90 in 63; a third of them is too few to say anything."""
    judged = judge(replace(GOOD, total_trades=trades, n_sessions=n_sessions))
    assert judged.decision == decision


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"trades_to_trade": 9}, "trades_to_trade 9 is below trades_to_reject 10"),
        (
            {"overfitting_to_trade": 0.9, "overfitting_to_reject": 0.5},
            "overfitting_to_trade 0.9 is above overfitting_to_reject 0.5; expected a limit for",
        ),
        ({"deflated_sharpe_to_trade": 0.05}, "is below deflated_sharpe_to_reject 0.1"),
    ],
)
def test_limits_in_the_wrong_order_are_refused(limits, message):
    with pytest.raises(ParameterError, match=message):
        VerdictSettings(**limits)


@given(
    st.fixed_dictionaries(
        {name: st.none() | st.floats(-1, 1) for name in DECIDING[:3] + INFORMING + OUTSIDE},
        optional={"total_trades": st.integers(0, 100), "no_look_ahead": st.none() | st.booleans()},
    )
)
def test_decision_follows_from_the_findings_that_decide(changes):
    verdict = judge(replace(GOOD, **changes))
    levels = [finding.level for finding in verdict.findings if finding.decides]
    levels = [level for level in levels if level != "absent"]
    assert (verdict.decision == "reject") == ("bad" in levels)
    assert (verdict.decision == "trade") == (set(levels) - {"absent"} == {"good"})
    assert (verdict.decision == "trade") == (set(levels) == {"good"})
    assert len(verdict.findings) == len({finding.name for finding in verdict.findings}) == 14
    assert verdict.sentence.lower() == f"{verdict.line.partition(': ')[2].lower()}."


def test_the_documentation_tells_every_limit_with_its_default():
    text = Path(__file__).parents[3].joinpath("docs", "honesty.md").read_text(encoding="utf-8")
    rows = [row for row in text.splitlines() if row.startswith("|")]
    for name, field in VerdictSettings.model_fields.items():
        (row,) = [row for row in rows if f"`{name}`" in row]
        before = row.split(f"(`{name}`)")[0]
        assert f"{field.default:g}" in before.split("|")[-1], name
