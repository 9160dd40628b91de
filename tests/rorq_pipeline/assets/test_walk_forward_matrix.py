from dataclasses import replace
from typing import Any

from optimize.choice.policies import DEFAULT_POLICY, FORMER_POLICY, Policy
from optimize.choice.policy_record import PolicyFigures
from rorq_pipeline.assets.walk_forward_matrix import told
from rorq_pipeline.results.models import PolicyCurve, WalkForwardMatrixRecord
from tests.rorq_pipeline.conftest import plain
from tests.rorq_pipeline.results_made import best_params

FORMER = PolicyFigures(
    policy=FORMER_POLICY, n_months=3, n_months_without_choice=0, total_trades=90,
    return_on_risk_percent=-1.0, return_on_risk_low_percent=None, return_on_risk_high_percent=None,
    usd_a_month=-5.0, usd_a_month_low=None, usd_a_month_high=None, months_above_zero_fraction=0.3,
    daily_sharpe=None, max_drawdown_usd=70.0, promised_percent=44.0, kept_fraction=None,
)  # fmt: skip
DEFAULT = replace(
    FORMER, policy=DEFAULT_POLICY, n_months=2, usd_a_month=42.5, return_on_risk_percent=3.25,
    promised_percent=13.0, kept_fraction=0.25,
)  # fmt: skip
OTHER = replace(
    FORMER, policy=Policy(rule="smooth", lookback_months=6, min_trades_in_21_sessions=30)
)


def curve(name: Any, *net_pnl_usd: float) -> PolicyCurve:
    months = tuple(f"2022-{month:02}" for month in range(1, 1 + len(net_pnl_usd)))
    return PolicyCurve(
        name=name, months=months, net_pnl_usd=net_pnl_usd, risk_usd=net_pnl_usd, daily_sharpe=None
    )


def matrix(**changes: Any) -> WalkForwardMatrixRecord:
    fields: dict[str, Any] = {
        "of": best_params().identity,
        "months": ("2022-01", "2022-02", "2022-03", "2022-04"),
        "figures": (FORMER, DEFAULT, OTHER),
        "comparison": None,
        "curves": (curve("default", 1.0), curve("nested", 30.0, -6.0), curve("former", 9.0)),
        "default_ageing": (),
        "absent": None,
    }
    return WalkForwardMatrixRecord(**fields | changes)


def test_of_the_policies_the_default_and_the_nested_are_told() -> None:
    assert plain(told(matrix())) == {
        "months": 4,
        "policies": 3,
        "default_months": 2,
        "default_usd_a_month": 42.5,
        "default_return_on_risk_percent": 3.25,
        "default_promised_percent": 13.0,
        "default_kept_fraction": 0.25,
        "nested_usd_a_month": 12.0,
        "not_known": "none",
    }


def test_what_traded_no_month_has_no_figures() -> None:
    expected = {"months": 4, "policies": 1, "default_months": 0, "not_known": "none"}
    assert plain(told(matrix(figures=(FORMER,), curves=(curve("nested"),)))) == expected


def test_a_matrix_that_is_not_known_says_why() -> None:
    nothing = matrix(months=(), figures=(), curves=(), absent="0 of at least 4 whole months")
    assert plain(told(nothing)) == {
        "months": 0,
        "policies": 0,
        "default_months": 0,
        "not_known": "0 of at least 4 whole months",
    }
