"""How to choose, from a record that is made by hand: the advice and every figure."""

from collections.abc import Sequence
from typing import Any

import pytest

from optimize.choice.policies import DEFAULT_POLICY, FORMER_POLICY, Lookback, Policy
from optimize.choice.policy_comparison import Comparison
from optimize.choice.policy_record import Ageing, PolicyFigures
from rorq_pipeline.report.formats import MISSING
from rorq_pipeline.report.section import Section
from rorq_pipeline.report.sections.policies import policies_section
from rorq_pipeline.results.models import PolicyCurve, WalkForwardMatrixRecord
from tests.rorq_pipeline.report.small import small_data
from tests.rorq_pipeline.results_made import identity


def smooth(lookback_months: Lookback) -> Policy:
    return Policy(rule="smooth", lookback_months=lookback_months, min_trades_in_21_sessions=30)


def figures(policy: Policy = DEFAULT_POLICY, **changes: Any) -> PolicyFigures:
    fields: dict[str, Any] = {
        "policy": policy, "n_months": 10, "n_months_without_choice": 1, "total_trades": 300,
        "return_on_risk_percent": 12.0, "return_on_risk_low_percent": -3.2,
        "return_on_risk_high_percent": 27.0, "usd_a_month": 120.4, "usd_a_month_low": -30.0,
        "usd_a_month_high": 270.0, "months_above_zero_fraction": 0.6, "daily_sharpe": 0.1,
        "max_drawdown_usd": 310.0, "promised_percent": 30.0, "kept_fraction": 0.4,
    }  # fmt: skip
    return PolicyFigures(**(fields | changes))


def curve(name: Any = "nested", *net_pnl_usd: float, risk_usd: float = 400.0) -> PolicyCurve:
    n = len(net_pnl_usd)
    return PolicyCurve(
        name=name,
        months=("2022-11", "2022-12", "2023-01")[:n],
        net_pnl_usd=net_pnl_usd,
        risk_usd=(risk_usd,) * n,
        daily_sharpe=-0.1,
    )


def compared(
    *policies: Policy, alike: Sequence[Policy] = (), better: Sequence[Policy] = ()
) -> Comparison:
    return Comparison(
        months=("2022-12",),
        compared=policies,
        confidence_set=tuple(alike),
        better_than_not_trading=tuple(better),
    )


def section(*known: PolicyFigures, **changes: Any) -> Section:
    fields: dict[str, Any] = {
        "of": identity(), "months": (), "figures": known, "comparison": None, "curves": (),
        "default_ageing": (), "absent": None,
    }  # fmt: skip
    return policies_section(small_data(matrix=WalkForwardMatrixRecord(**(fields | changes))))


RESULT = "Over 10 months 40% of the promise was kept: 30.0% promised, 12.0% came, $120 a month."
TOO_SHORT = (
    "Look back 3 months, the default: this record is too short to tell it from other ways of "
    "choosing."
)
DO_NOT_TRADE = (
    "Do not trade by this record: no way of choosing beat not trading in it beyond luck, nor did "
    "any beat the default, which looks back 3 months."
)
SPEAKS_AGAINST = (
    "This record speaks against looking back 3 months, the default: what cannot be told from the "
    "best looks back"
)
NOT_BETTER = "Look back 3 months: nothing in this record was better beyond luck."


@pytest.mark.parametrize(
    ("comparison", "advice"),
    [
        (None, TOO_SHORT),
        (compared(FORMER_POLICY, alike=[FORMER_POLICY], better=[FORMER_POLICY]), TOO_SHORT),
        (compared(DEFAULT_POLICY, alike=[DEFAULT_POLICY]), DO_NOT_TRADE),
        (compared(DEFAULT_POLICY, alike=[DEFAULT_POLICY], better=[DEFAULT_POLICY]), NOT_BETTER),
        (
            compared(DEFAULT_POLICY, alike=[DEFAULT_POLICY], better=[FORMER_POLICY]),
            f"{NOT_BETTER} That it beats not trading is not shown either.",
        ),
        (
            compared(DEFAULT_POLICY, alike=[smooth(2)], better=[DEFAULT_POLICY]),
            f"{SPEAKS_AGAINST} 2 months.",
        ),
        (
            compared(DEFAULT_POLICY, alike=[smooth("all"), smooth(12), FORMER_POLICY, smooth(1)]),
            f"{SPEAKS_AGAINST} 1 month or 12 months or on all months.",
        ),
    ],
)
def test_the_first_sentence_says_how_long_to_look_back(
    comparison: Comparison | None, advice: str
) -> None:
    shown = section(figures(), comparison=comparison)
    assert shown.context["lead"] == f"{advice} {RESULT}"


@pytest.mark.parametrize(
    ("promised", "kept", "words"),
    [
        (30.0, 2.59, "Over 10 months more came than was promised: 30.0% promised, 12.0% came,"),
        (30.0, -0.4, "Over 10 months none of the promise was kept: 30.0% promised, 12.0% came,"),
        (-1.5, None, "It promised \u22121.5% over 10 months, and 12.0% came,"),
        (None, None, "It promised nothing over 10 months, and 12.0% came,"),
    ],
)
def test_what_was_kept_reads_as_people_say_it(
    promised: float | None, kept: float | None, words: str
) -> None:
    known = figures(promised_percent=promised, kept_fraction=kept)
    assert section(known).context["lead"] == f"{TOO_SHORT} {words} $120 a month."


def test_without_a_month_of_the_default_there_is_no_advice() -> None:
    lead = section(figures(FORMER_POLICY)).context["lead"]
    assert lead == "The default policy has no month yet."


def test_the_default_the_former_and_the_best_have_a_row_each() -> None:
    former = figures(
        FORMER_POLICY, n_months=5, usd_a_month=-20.0, return_on_risk_percent=-2.0,
        return_on_risk_low_percent=None, return_on_risk_high_percent=None, usd_a_month_low=None,
        usd_a_month_high=None, months_above_zero_fraction=None, daily_sharpe=None,
        promised_percent=None, kept_fraction=None,
    )  # fmt: skip
    best = figures(smooth(12), n_months=6, usd_a_month=1200.4)
    context = section(
        figures(), former, best, figures(smooth(6), n_months=5, usd_a_month=9000.0),
        comparison=compared(
            DEFAULT_POLICY, FORMER_POLICY, alike=[FORMER_POLICY], better=[DEFAULT_POLICY]
        ),
    ).context  # fmt: skip
    first = {
        "name": "smooth, 3 months, 30 trades", "note": "default", "months": 10, "above": "60%",
        "value": "12.0%", "interval": "\u22123.2% to 27.0%", "promised": "30.0%", "kept": "40%",
        "usd": "$120", "usd_interval": "\u2212$30 to $270", "sharpe": "1.59", "in_set": "no",
        "superior": "yes",
    }  # fmt: skip
    assert context["rows"] == [
        first,
        {
            "name": "exact_best, 1 month, 10 trades", "note": "as before", "months": 5,
            "above": MISSING, "value": "\u22122.0%", "interval": "", "promised": MISSING,
            "kept": MISSING, "usd": "\u2212$20", "usd_interval": "", "sharpe": MISSING,
            "in_set": "yes", "superior": "not shown",
        },
        first | {
            "name": "smooth, 12 months, 30 trades", "note": "best afterwards", "months": 6,
            "usd": "$1,200", "in_set": "", "superior": "",
        },
    ]  # fmt: skip
    assert context["warning"] == (
        "The best cell of these tables, picked afterwards, is the best of 4 and promises too much; "
        "the policy chosen anew each month is what an adaptive user would have had."
    )


@pytest.mark.parametrize(
    ("fraction", "words"),
    [(1.01, "all"), (1.0, "100%"), (0.5, "50%"), (0.0, "0%"), (-0.01, "none")],
)
def test_more_than_was_promised_is_all_of_it(fraction: float, words: str) -> None:
    assert section(figures(kept_fraction=fraction)).context["rows"][0]["kept"] == words


@pytest.mark.parametrize(
    ("usd_a_month", "best"),
    [((-0.5, 0.0), 12), ((0.5, 0.0), 6)],
)
def test_the_best_afterwards_earned_most(usd_a_month: tuple[float, float], best: int) -> None:
    known = [
        figures(smooth(back), usd_a_month=usd)
        for back, usd in zip((6, 12), usd_a_month, strict=True)
    ]
    (row,) = section(*known).context["rows"]
    assert row["name"] == f"smooth, {best} months, 30 trades"


def test_a_choice_that_is_made_anew_each_month_has_its_own_row() -> None:
    curves = (curve("default", 900.0), curve("nested", 100.0, -60.0, 0.5), curve("former"))
    assert section(figures(), curves=curves).context["nested"] == {
        "months": 3,
        "above": "67%",
        "value": "3.4%",  # 40.5 of 1,200
        "usd": "$14",
        "sharpe": "\u22121.59",
    }
    nothing = section(figures(), curves=(curve("nested", 0.0, risk_usd=0.0),)).context["nested"]
    assert (nothing["months"], nothing["above"], nothing["value"]) == (1, "0%", MISSING)
    assert section(figures(), curves=(curve("nested"),)).context["nested"] is None
    assert section(figures(), curves=(curve("default", 9.0),)).context["nested"] is None


def test_a_cell_is_as_strong_as_its_share_of_the_largest() -> None:
    """Of those with six months; of fewer only the months are told."""
    context = section(
        figures(smooth(1), return_on_risk_percent=10.4, usd_a_month=-100.0),
        figures(smooth(2), return_on_risk_percent=None, usd_a_month=None),
        figures(smooth(3), return_on_risk_percent=70.0, usd_a_month=500.0, n_months=1),
        figures(smooth(6), return_on_risk_percent=90.0, usd_a_month=900.0, n_months=5),
        figures(smooth(12), return_on_risk_percent=-20.0, usd_a_month=50.0, n_months=6),
        figures(smooth("all"), return_on_risk_percent=0.0, usd_a_month=0.0),
        figures(FORMER_POLICY),
    ).context
    unknown, few = (MISSING, 0), [("(1 month)", 0), ("(5 months)", 0)]
    heats = {
        "Return on risk, %": [("+10%", 29), unknown, *few, ("\u221220%", -55), ("0%", 0)],
        "USD a month": [("\u2212$100", -55), unknown, *few, ("+$50", 28), ("$0", 0)],
    }
    nothing = [(rule, [unknown] * 6) for rule in ("exact_best", "plateau", "lower_bound")]
    assert context["heats"] == [
        (title, [*nothing, ("smooth", cells)]) for title, cells in heats.items()
    ]
    assert context["lookbacks"] == (1, 2, 3, 6, 12, "all")
    assert context["trades"] == 30


def test_cells_of_nothing_have_no_colour() -> None:
    context = section(figures(return_on_risk_percent=0.0, usd_a_month=0.0)).context
    assert [dict(rows)["smooth"][2] for _, rows in context["heats"]] == [("0%", 0), ("$0", 0)]


def test_one_curve_alone_needs_no_legend_and_one_of_no_month_is_not_drawn() -> None:
    figure = section(figures(), curves=(curve("default", 100.0), curve("former"))).figures[
        "policies"
    ]
    assert [line["x"] for line in figure["data"]] == [["2022-11"]]
    assert "legend" not in figure["layout"]


def test_the_curves_add_up_their_months() -> None:
    curves = (curve("default", 100.0, -60.0, 0.5), curve("former", -20.0))
    hover = "%{x}<br><b>%{y:$,.0f}</b><extra></extra>"
    assert section(figures(), curves=curves).figures == {
        "policies": {
            "data": [
                {
                    "type": "scatter", "mode": "lines+markers",
                    "name": "Default: smooth, 3 months, 30 trades",
                    "x": ["2022-11", "2022-12", "2023-01"], "y": [100.0, 40.0, 40.5],
                    "line": {"color": "--blue", "width": 2, "dash": "solid"},
                    "marker": {"color": "--blue", "size": 5}, "hovertemplate": hover,
                },
                {
                    "type": "scatter", "mode": "lines+markers",
                    "name": "As before: exact_best, 1 month, 10 trades",
                    "x": ["2022-11"], "y": [-20.0],
                    "line": {"color": "--purple", "width": 2, "dash": "dot"},
                    "marker": {"color": "--purple", "size": 5}, "hovertemplate": hover,
                },
            ],
            "layout": {
                "height": 340,
                "legend": {"orientation": "h", "y": 1.3},
                "xaxis": {"type": "category", "nticks": 8, "categoryorder": "category ascending"},
                "yaxis": {
                    "title": {"text": "Net P&L, USD"}, "tickformat": "$,~f", "zeroline": True,
                },
            },
        }
    }  # fmt: skip


def test_ages_without_a_choice_are_left_out() -> None:
    ages = tuple(
        Ageing(age_months=age, n_choices=n, return_on_risk_percent=None, usd_a_month=None)
        for age, n in ((1, 0), (2, 1), (3, 4))
    )
    assert section(figures(), default_ageing=ages).context["ageing"] == [*ages[1:]]


def test_without_a_matrix_it_says_so() -> None:
    assert policies_section(small_data()).absent == "It was not made for this range."
    absent = section(absent="the range is not of whole months").absent
    assert absent == "Not known: the range is not of whole months."
