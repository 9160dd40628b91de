from dataclasses import replace

from optimize.choice.policies import DEFAULT_POLICY
from optimize.choice.policy_history import PolicyHistory
from rorq_pipeline.assets.selection_statistics import told
from tests.rorq_pipeline.conftest import plain
from tests.rorq_pipeline.report import fixtures
from tests.rorq_pipeline.results_made import best_params

FOUND = fixtures.selection_statistics(best_params())


def test_every_statistic_is_told_under_its_name() -> None:
    history = PolicyHistory(
        policy=DEFAULT_POLICY, months=("2022-11", "2022-12"), net_pnl_usd=(20.0, 5.0),
        account_usd=1.4, p_value_fraction=0.31, loss_p_value_fraction=0.9,
    )  # fmt: skip
    found = FOUND.model_copy(update={"policy_history": history, "absent": "Rough."})
    assert plain(told(found)) == {
        "caveat": "Rough.",
        "policy_not_known": "none",
        "overfitting_fraction": 0.34,
        "overfitting_standard_error": 0.11,
        "overfitting_after_costs_fraction": 0.47,
        "loss_fraction": 0.4,
        "deflated_sharpe_fraction": 0.81,
        "effective_trials": 38.0,
        "superior_ability_p_value": 0.12,
        "selection_test_p_value": 0.08,
        "policy_history_p_value": 0.31,
        "policy_months": 2,
        "policy_usd_a_month": 12.5,
        "distinct_trials": 812,
    }


def test_without_a_surface_neither_test_nor_history_is_told() -> None:
    statistics = replace(
        FOUND.statistics,
        overfitting=replace(FOUND.statistics.overfitting, probability_fraction=None),
    )
    found = FOUND.model_copy(
        update={"statistics": statistics, "selection_test": None, "absent": "too large"}
    )
    assert plain(told(found)) == {
        "caveat": "too large",
        "policy_not_known": "none",
        "overfitting_standard_error": 0.11,
        "overfitting_after_costs_fraction": 0.47,
        "loss_fraction": 0.4,
        "deflated_sharpe_fraction": 0.81,
        "effective_trials": 38.0,
        "policy_months": 0,
        "distinct_trials": 812,
    }


def test_a_history_that_is_not_known_says_why() -> None:
    history = PolicyHistory(
        policy=None,
        months=(),
        net_pnl_usd=(),
        account_usd=None,
        p_value_fraction=None,
        loss_p_value_fraction=None,
        absent="not of whole months",
    )
    values = plain(told(FOUND.model_copy(update={"policy_history": history})))
    assert values["policy_not_known"] == "not of whole months"
    assert values["policy_months"] == 0
    assert not {"policy_history_p_value", "policy_usd_a_month"} & set(values)
