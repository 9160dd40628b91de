"""What the first line says to do, and why, in words that need no statistics."""

from dataclasses import replace
from typing import Any

import pytest

from optimize.statistics import Evidence, VerdictSettings, judge
from rorq_pipeline.report.plain_words import plain_sentence
from rorq_pipeline.results.models import VerdictRecord
from tests.rorq_pipeline.results_made import identity

GOOD = Evidence(
    total_trades=220, return_on_risk_percent=49.3, promised_percent=41.0,
    overfitting_fraction=0.1, loss_fraction=0.1,
    deflated_sharpe_fraction=0.99, superior_ability_p_value=0.01, out_of_sample_traded_sessions=19,
    out_of_sample_return_on_risk_percent=38.9, out_of_sample_gain_p_value=0.02,
    out_of_sample_loss_p_value=1.0, adverse_fills_return_on_risk_percent=35.6, no_look_ahead=True,
    replay_agrees=True, selection_test_p_value=0.0008, sessions_with_holes=0,
)  # fmt: skip
UNKNOWN: dict[str, Any] = {
    f"out_of_sample_{name}": None
    for name in ("return_on_risk_percent", "gain_p_value", "loss_p_value")
}


def recorded(evidence: Evidence, limits: VerdictSettings) -> VerdictRecord:
    return VerdictRecord(
        of=identity(), verdict=judge(evidence, limits), evidence=evidence, limits=limits
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, ("Trade these parameters: luck alone finds a choice as good less than twice in 1,000 "
             "times, and in the sessions that followed they made 38.9% on risk.")),
        (UNKNOWN, ("Trade these parameters: luck alone finds a choice as good less than twice in "
                  "1,000 times.")),
        ({"out_of_sample_return_on_risk_percent": 1.1, "out_of_sample_gain_p_value": 0.96},
         ("Do not trade these parameters yet: the sessions that followed made 1.1% on risk, where "
          "41.0% was promised.")),
        ({"out_of_sample_return_on_risk_percent": -2.0, "out_of_sample_gain_p_value": 0.96},
         ("Do not trade these parameters yet: the sessions that followed lost 2.0% on risk, where "
          "41.0% was promised.")),
        ({"out_of_sample_return_on_risk_percent": -0.04, "out_of_sample_gain_p_value": 0.96},
         ("Do not trade these parameters yet: the sessions that followed lost 0.0% on risk, where "
          "41.0% was promised.")),
        ({"selection_test_p_value": 0.17}, ("Do not trade these parameters yet: luck alone finds a "
                                           "choice as good 17% of the time.")),
        ({"selection_test_p_value": 0.04, "total_trades": 20},
         ("Do not trade these parameters yet: 20 trades are too few, and luck alone finds a choice "
         "as good 40 times in 1,000.")),
        ({"selection_test_p_value": None, "total_trades": 7, "n_sessions": 4},
         "Do not trade these parameters yet: 7 trades in 4 sessions cannot be told from luck."),
        ({"sessions_with_holes": 14, "n_sessions": 62},
         ("Do not trade these parameters yet: the data of 14 of the 62 sessions is missing, has "
          "holes or ends early (see Data, and fetch it again).")),
        ({"promised_percent": None, "out_of_sample_return_on_risk_percent": -2.0,
          "out_of_sample_gain_p_value": 0.96},
         "Do not trade these parameters yet: the sessions that followed lost 2.0% on risk."),
        ({"policy_months": 12, "policy_usd_a_month": 200.0, "policy_p_value": 0.01,
          "policy_loss_p_value": 1.0, "selection_test_p_value": 0.3,
          "out_of_sample_return_on_risk_percent": 1.1, "out_of_sample_gain_p_value": 0.96},
         ("Trade these parameters: choosing this way brought $200 a month over 12 months, but the "
          "sessions that followed made 1.1% on risk, where 41.0% was promised.")),
        ({"has_quotes": True}, ("Do not trade these parameters yet: what they make at the quoted "
                                "prices is not known.")),
        ({"total_trades": 6}, ("Do not trade these parameters: 6 trades are too few to say "
                              "anything.")),
        ({"out_of_sample_return_on_risk_percent": -38.0, "out_of_sample_gain_p_value": 1.0,
          "out_of_sample_loss_p_value": 0.01},
         "Do not trade these parameters: in the sessions that followed they lost 38.0% on risk."),
        ({"policy_months": 12, "policy_usd_a_month": -1234.4, "policy_p_value": 1.0,
          "policy_loss_p_value": 0.01},
         "Do not trade these parameters: choosing this way lost $1,234 a month over 12 months."),
        ({"policy_months": 12, "policy_usd_a_month": 200.0, "policy_p_value": 0.01,
          "policy_loss_p_value": 1.0},
         ("Trade these parameters: luck alone finds a choice as good less than twice in 1,000 "
          "times, and choosing this way brought $200 a month over 12 months.")),
        ({"total_trades": 1},
         "Do not trade these parameters: 1 trade is too few to say anything."),
        ({"total_trades": 0},
         "Do not trade these parameters: 0 trades are too few to say anything."),
        ({"selection_test_p_value": None, "total_trades": 1, "n_sessions": 1},
         ("Do not trade these parameters yet: 1 trade is too few, and 1 trade in 1 session cannot "
          "be told from luck.")),
        ({"selection_test_p_value": None, "total_trades": 0, "n_sessions": 0},
         "Do not trade these parameters yet: 0 trades in 0 sessions cannot be told from luck."),
        ({"selection_test_p_value": 0.17, "sessions_with_holes": 1},  # too few holes to count
         ("Do not trade these parameters yet: luck alone finds a choice as good 17% of the "
          "time.")),
        ({"no_look_ahead": None, "replay_agrees": None, "sessions_with_holes": None},
         ("Do not trade these parameters yet: no look-ahead not checked, and replay not "
          "checked.")),
        ({"no_look_ahead": False, "return_on_risk_percent": -3.0},
         ("Do not trade these parameters: a decision used later data, so that no figure counts, "
         "and they lost money in the very range they were chosen on.")),
    ],
)  # fmt: skip
def test_the_verdict_in_plain_words(changes: dict[str, Any], sentence: str) -> None:
    evidence, limits = replace(GOOD, **changes), VerdictSettings()
    assert plain_sentence(recorded(evidence, limits)) == sentence


@pytest.mark.parametrize(
    ("p_value", "words"),
    [
        (0.001999, "less than twice in 1,000 times"),
        (0.002, "2 times in 1,000"),
        (0.09945, "99 times in 1,000"),
        (0.09955, "100 times in 1,000"),
        (0.1, "10% of the time"),
    ],
)
def test_how_often_luck_alone_finds_a_choice_as_good(p_value: float, words: str) -> None:
    evidence = replace(GOOD, selection_test_p_value=p_value)
    limits = VerdictSettings(selection_test_to_trade=0.0)
    assert plain_sentence(recorded(evidence, limits)) == (
        f"Do not trade these parameters yet: luck alone finds a choice as good {words}."
    )
