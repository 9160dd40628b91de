"""Every way of choosing, on the months that followed: how long to look back, what is kept."""

from collections.abc import Callable, Collection, Sequence
from itertools import accumulate
from typing import Any

from optimize.choice.policies import DEFAULT_POLICY, FORMER_POLICY, LOOKBACKS_MONTHS, Policy
from optimize.choice.policy_comparison import MIN_MONTHS, Comparison
from optimize.choice.policy_record import PolicyFigures
from optimize.choice.rules import RULES
from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.formats import (
    MISSING,
    count,
    kept_words,
    number,
    percent,
    share,
    signed,
    usd,
)
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
        return Section(id="policies", title=_TITLE, absent=reason)
    figures = {one.policy: one for one in found.figures}
    curves = {one.name: one for one in found.curves}
    best = _best_afterwards(found)
    named = [one for one in (figures.get(DEFAULT_POLICY), figures.get(FORMER_POLICY), best) if one]
    return Section(
        id="policies",
        title=_TITLE,
        context={
            "lead": _lead(found, figures),
            "warning": f"The best cell of these tables, picked afterwards, is the best of "
            f"{count(len(found.figures))} and promises too much; the policy chosen anew each "
            "month is what an adaptive user would have had.",
            "rows": [
                _row(figures[policy], found) for policy in dict.fromkeys(o.policy for o in named)
            ],
            "nested": _curve_row(curves.get("nested")),
            "heats": [
                ("Return on risk, %", _heat(figures, "return_on_risk_percent", percent)),
                ("USD a month", _heat(figures, "usd_a_month", usd)),
            ],
            "lookbacks": LOOKBACKS_MONTHS,
            "trades": DEFAULT_POLICY.min_trades_in_21_sessions,
            "ageing": [one for one in found.default_ageing if one.n_choices],
        },
        figures={"policies": _equity(found.curves)},
    )  # fmt: skip


def _lead(found: WalkForwardMatrixRecord, figures: dict[Policy, PolicyFigures]) -> str:
    """How long to look back, and how much of a promise is kept."""
    default = figures.get(DEFAULT_POLICY)
    if default is None:
        return "The default policy has no month yet."
    months = DEFAULT_POLICY.lookback_months
    known = _comparison_with(DEFAULT_POLICY, found)
    if known is None:
        advice = (
            f"Look back {months} months, the default: this record is too short to tell it from "
            "other ways of choosing."
        )
    elif DEFAULT_POLICY in known.confidence_set and not known.better_than_not_trading:
        advice = (
            "Do not trade by this record: no way of choosing beat not trading in it beyond luck, "
            f"nor did any beat the default, which looks back {months} months."
        )
    elif DEFAULT_POLICY in known.confidence_set:
        advice = f"Look back {months} months: nothing in this record was better beyond luck."
        if DEFAULT_POLICY not in known.better_than_not_trading:
            advice += " That it beats not trading is not shown either."
    else:
        others = _lookbacks(known.confidence_set)
        advice = (
            f"This record speaks against looking back {months} months, the default: what cannot be "
            f"told from the best looks back {others}."
        )
    promised, came = percent(default.promised_percent), percent(default.return_on_risk_percent)
    money = f"{_whole_usd(default.usd_a_month)} a month"
    n_months = f"{count(default.n_months)} months"
    if default.kept_fraction is None:
        what = "nothing" if default.promised_percent is None else promised
        return f"{advice} It promised {what} over {n_months}, and {came} came, {money}."
    kept = kept_words(default.kept_fraction)
    return f"{advice} Over {n_months} {kept}: {promised} promised, {came} came, {money}."


def _lookbacks(policies: Collection[Policy]) -> str:
    """How far some policies look back, in order."""
    numbers = sorted({p.lookback_months for p in policies if p.lookback_months != "all"})
    texts = [f"{n} month{'s' * (n > 1)}" for n in numbers]
    if any(policy.lookback_months == "all" for policy in policies):
        texts.append("on all months")
    return " or ".join(texts)


def _best_afterwards(found: WalkForwardMatrixRecord) -> PolicyFigures | None:
    """The policy that earned most, of those with enough months."""
    known = [one for one in found.figures if one.n_months >= MIN_MONTHS]
    return max(known, key=lambda one: one.usd_a_month or 0.0, default=None)


def _comparison_with(policy: Policy, found: WalkForwardMatrixRecord) -> Comparison | None:
    """The comparison of policies, if this one had a part in it."""
    return found.comparison if found.comparison and policy in found.comparison.compared else None


def _row(one: PolicyFigures, found: WalkForwardMatrixRecord) -> dict[str, Any]:
    sets = _comparison_with(one.policy, found)
    return {
        "name": one.policy.label,
        "note": {DEFAULT_POLICY: "default", FORMER_POLICY: "as before"}.get(
            one.policy, "best afterwards"
        ),
        "months": one.n_months,
        "above": share(one.months_above_zero_fraction),
        "value": percent(one.return_on_risk_percent),
        "interval": _interval(
            percent, one.return_on_risk_low_percent, one.return_on_risk_high_percent
        ),
        "promised": percent(one.promised_percent),
        "kept": _kept(one.kept_fraction),
        "usd": _whole_usd(one.usd_a_month),
        "usd_interval": _interval(_whole_usd, one.usd_a_month_low, one.usd_a_month_high),
        "sharpe": _sharpe(one.daily_sharpe),
        "in_set": _yes(sets and one.policy in sets.confidence_set),
        "superior": _yes(sets and one.policy in sets.better_than_not_trading, "not shown"),
    }


def _kept(fraction: float | None) -> str:
    if fraction is None:
        return MISSING
    return "all" if fraction > 1 else "none" if fraction < 0 else share(fraction)


def _curve_row(curve: PolicyCurve | None) -> dict[str, Any] | None:
    if curve is None or not curve.months:
        return None
    risk, n = sum(curve.risk_usd), len(curve.months)
    return {
        "months": n,
        "above": share(sum(value > 0 for value in curve.net_pnl_usd) / n),
        "value": percent(100 * sum(curve.net_pnl_usd) / risk if risk else None),
        "usd": _whole_usd(sum(curve.net_pnl_usd) / n),
        "sharpe": _sharpe(curve.daily_sharpe),
    }


def _heat(
    figures: dict[Policy, PolicyFigures], name: str, form: Callable[[float | None, int], str]
) -> list[tuple[str, list[tuple[str, int]]]]:
    """By rule the text of each lookback, and its share of the largest figure in percent.

    What has too few months to be compared has a share of zero, and its months in the text.
    """
    rate = DEFAULT_POLICY.min_trades_in_21_sessions
    rows = {}
    for rule in RULES:
        policies = [
            Policy(rule=rule, lookback_months=back, min_trades_in_21_sessions=rate)
            for back in LOOKBACKS_MONTHS
        ]
        rows[rule] = [figures.get(policy) for policy in policies]
    known = [one for row in rows.values() for one in row if one and one.n_months >= MIN_MONTHS]
    top = max((abs(value) for one in known if (value := getattr(one, name))), default=1.0)

    def cell(one: PolicyFigures | None) -> tuple[str, int]:
        value = getattr(one, name) if one else None
        if one is None or value is None:
            return MISSING, 0
        if one.n_months < MIN_MONTHS:
            return f"({one.n_months} month{'s' * (one.n_months > 1)})", 0
        return signed(form(value, 0)), round(55 * value / top)

    return [(rule, [cell(one) for one in row]) for rule, row in rows.items()]


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
        if curve.months
    ]  # fmt: skip
    legend = {"legend": {"orientation": "h", "y": 1.3}} if len(lines) > 1 else {}
    return {
        "data": lines,
        "layout": {
            "height": 340,
            **legend,
            "xaxis": {"type": "category", "nticks": 8, "categoryorder": "category ascending"},
            "yaxis": {"title": {"text": "Net P&L, USD"}, "tickformat": "$,~f", "zeroline": True},
        },
    }


def _sharpe(daily: float | None) -> str:
    return number(annual_sharpe(daily))


def _whole_usd(value: float | None) -> str:
    return usd(value, 0)


def _interval(form: Callable[[float | None], str], low: float | None, high: float | None) -> str:
    return "" if low is None else f"{form(low)} to {form(high)}"


def _yes(value: object, no: str = "no") -> str:
    return "" if value is None else "yes" if value else no
