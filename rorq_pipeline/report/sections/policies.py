"""Every way of choosing, on the months that followed: how long to look back, what is kept."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from optimize.choice.policies import DEFAULT_POLICY, FORMER_POLICY, LOOKBACKS_MONTHS, Policy
from optimize.choice.policy_record import PolicyFigures
from optimize.choice.rules import RULES
from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.formats import count, number, percent, share, signed, usd
from rorq_pipeline.report.risk import annual_sharpe
from rorq_pipeline.report.section import Section
from rorq_pipeline.results.models import PolicyCurve, WalkForwardMatrixRecord

_TITLE = "How to choose"
_CURVES = {  # name -> (words, colour, dash)
    "default": (f"Default: {DEFAULT_POLICY.label}", "--blue", "solid"),
    "nested": ("Best so far, chosen anew each month", "--green", "dash"),
    "former": (f"As before: {FORMER_POLICY.label}", "--purple", "dot"),
}


def policies_section(data: ReportData) -> Section:
    """Figures of each policy, heatmaps, equity and the ageing of choices."""
    found = data.matrix
    if found is None or found.absent:
        reason = f"Not known: {found.absent}." if found else "It was not made for this range."
        return Section(id="policies", title=_TITLE, absent=reason, printed=False)
    figures = {one.policy: one for one in found.figures}
    best = max(found.figures, key=lambda one: one.usd_a_month or 0.0)
    named = [one for one in (figures.get(DEFAULT_POLICY), figures.get(FORMER_POLICY), best) if one]
    return Section(
        id="policies",
        title=_TITLE,
        printed=False,
        context={
            "lead": _lead(found, figures),
            "warning": f"The best cell of these tables, picked afterwards, is the best of "
            f"{count(len(found.figures))} and promises too much; the policy chosen anew each "
            "month is what an adaptive user would have had.",
            "rows": [
                _row(figures[policy], found) for policy in dict.fromkeys(o.policy for o in named)
            ],
            "nested": next((_curve_row(c) for c in found.curves if c.name == "nested"), None),
            "heats": [
                ("Return on risk, %", _heat(figures, "return_on_risk_percent")),
                ("USD a month", _heat(figures, "usd_a_month")),
            ],
            "lookbacks": LOOKBACKS_MONTHS,
            "trades": DEFAULT_POLICY.min_trades_in_21_sessions,
            "ageing": [one for one in found.default_ageing if one.n_choices],
        },
        figures={"policies": _equity(found.curves)},
    )  # fmt: skip


def _lead(found: WalkForwardMatrixRecord, figures: dict[Policy, PolicyFigures]) -> str:
    default = figures.get(DEFAULT_POLICY)
    if default is None:
        return "The default policy has no month yet."
    same = [
        one for policy, one in figures.items()
        if policy.rule == DEFAULT_POLICY.rule
        and policy.min_trades_in_21_sessions == DEFAULT_POLICY.min_trades_in_21_sessions
    ]  # fmt: skip
    longest = max(same, key=lambda one: one.usd_a_month or 0.0).policy.lookback_months
    kept = (
        f"kept {share(default.kept_fraction)} of its promise"
        if default.kept_fraction is not None
        else "had no promise above zero to keep"
    )
    inside = found.comparison and DEFAULT_POLICY in found.comparison.confidence_set
    advice = (
        "The record does not tell it from the best policy: stay with three months."
        if inside
        else "Whether another lookback is better is not known from this record."
        if found.comparison is None
        else "The record speaks against it."
    )
    return (
        f"Looking back {DEFAULT_POLICY.lookback_months} months, the default {kept} over "
        f"{count(default.n_months)} months: {percent(default.promised_percent)} promised, "
        f"{percent(default.return_on_risk_percent)} came, {usd(default.usd_a_month, 0)} a month. "
        f"{advice} Of its rule, a lookback of {longest} month{'' if longest == 1 else 's'} "
        "earned most."
    )


def _row(one: PolicyFigures, found: WalkForwardMatrixRecord) -> dict[str, Any]:
    sets = found.comparison
    return {
        "name": one.policy.label,
        "note": {DEFAULT_POLICY: "default", FORMER_POLICY: "as before"}.get(
            one.policy, "best afterwards"
        ),
        "months": one.n_months,
        "above": share(one.months_above_zero_fraction),
        "value": percent(one.return_on_risk_percent),
        "interval": _interval(one.return_on_risk_low_percent, one.return_on_risk_high_percent, 1),
        "promised": percent(one.promised_percent),
        "kept": share(one.kept_fraction),
        "usd": usd(one.usd_a_month, 0),
        "usd_interval": _interval(one.usd_a_month_low, one.usd_a_month_high, 0),
        "sharpe": _sharpe(one.daily_sharpe),
        "in_set": _yes(sets and one.policy in sets.confidence_set),
        "superior": _yes(sets and one.policy in sets.better_than_not_trading),
    }


def _curve_row(curve: PolicyCurve) -> dict[str, Any] | None:
    risk, n = sum(curve.risk_usd), len(curve.months)
    if not n:
        return None
    return {
        "months": n,
        "above": share(sum(value > 0 for value in curve.net_pnl_usd) / n),
        "value": percent(100 * sum(curve.net_pnl_usd) / risk if risk else None),
        "usd": usd(sum(curve.net_pnl_usd) / n, 0),
        "sharpe": _sharpe(curve.daily_sharpe),
    }


def _heat(
    figures: dict[Policy, PolicyFigures], name: str
) -> list[tuple[str, list[tuple[str, int]]]]:
    """By rule the text of each lookback, and its share of the largest figure in percent."""
    rate = DEFAULT_POLICY.min_trades_in_21_sessions
    rows = {}
    for rule in RULES:
        policies = [
            Policy(rule=rule, lookback_months=back, min_trades_in_21_sessions=rate)
            for back in LOOKBACKS_MONTHS
        ]
        rows[rule] = [getattr(figures[p], name) if p in figures else None for p in policies]
    top = max((abs(v) for row in rows.values() for v in row if v is not None), default=0.0) or 1.0
    form = usd if name == "usd_a_month" else percent
    return [
        (rule, [(signed(form(v, 0)), round(55 * (v or 0.0) / top)) for v in row])
        for rule, row in rows.items()
    ]


def _equity(curves: Sequence[PolicyCurve]) -> dict[str, Any]:
    lines = [
        {
            "type": "scatter", "mode": "lines+markers", "name": _CURVES[curve.name][0],
            "x": list(curve.months), "y": list(accumulate(curve.net_pnl_usd)),
            "line": {"color": _CURVES[curve.name][1], "width": 2, "dash": _CURVES[curve.name][2]},
            "marker": {"color": _CURVES[curve.name][1], "size": 5},
            "hovertemplate": "%{x}<br><b>%{y:$,.0f}</b><extra></extra>",
        }
        for curve in curves
    ]  # fmt: skip
    return {
        "data": lines,
        "layout": {
            "height": 340,
            "legend": {"orientation": "h", "x": 0, "y": 1.3},
            "xaxis": {"type": "category", "nticks": 8, "categoryorder": "category ascending"},
            "yaxis": {"title": {"text": "Net P&L, USD"}, "tickformat": "$,~f", "zeroline": True},
        },
    }


def _sharpe(daily: float | None) -> str:
    return number(annual_sharpe(daily))


def _interval(low: float | None, high: float | None, digits: int) -> str:
    if low is None or high is None:
        return ""
    form = usd if digits == 0 else percent
    return f"{form(low, digits)} to {form(high, digits)}"


def _yes(value: object) -> str:
    return "" if value is None else "yes" if value else "no"
