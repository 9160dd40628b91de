"""How likely it is that the best is the best by luck, in words and figures."""

from typing import Any

from rorq_pipeline.report.data import Overfitting, ReportData
from rorq_pipeline.report.formats import count, number, percent, share
from rorq_pipeline.report.section import Section


def overfitting_section(data: ReportData) -> Section:
    """One card a statistic: its value, what it says here, and what it rests on."""
    title = "Overfitting"
    statistics = data.overfitting
    if statistics is None:
        reason = data.absent.get(
            "overfitting", "The selection statistics were not computed for this range."
        )
        return Section(id="overfitting", title=title, absent=reason)
    cards = [_probability(statistics), _splits(statistics), _sharpe(statistics), _spa(statistics)]
    return Section(
        id="overfitting",
        title=title,
        context={"cards": [card for card in cards if card], "caveat": statistics.caveat},
    )


def _probability(s: Overfitting) -> dict[str, Any] | None:
    if s.pbo_fraction is None:
        return None
    interval = ""
    if s.pbo_low_fraction is not None and s.pbo_high_fraction is not None:
        interval = f"95% interval {share(s.pbo_low_fraction)} to {share(s.pbo_high_fraction)}"
    return {
        "title": "Probability of overfitting",
        "value": share(s.pbo_fraction),
        "fraction": s.pbo_fraction,
        "low": s.pbo_low_fraction,
        "high": s.pbo_high_fraction,
        "mark_fraction": 0.5,
        "note": interval,
        "sentence": f"In {share(s.pbo_fraction)} of {count(s.n_splits)} splits of the sessions "
        "into two halves, the best combination of one half ranked at or below the median in the "
        "other, by return on risk before costs. A search through pure noise gives about 50%, the "
        f"mark on the scale.{_after_costs(s)}",
    }


def _after_costs(s: Overfitting) -> str:
    """Costs weigh most on what risks little, so that ranks after them are no mark of luck."""
    if s.after_costs_fraction is None:
        return ""
    after = share(s.after_costs_fraction)
    return f" With costs in the ranks it is {after}; noise then gives over 50%."


def _splits(s: Overfitting) -> dict[str, Any] | None:
    if s.loss_fraction is None:
        return None
    return {
        "title": "Winners that then lost",
        "value": share(s.loss_fraction),
        "fraction": s.loss_fraction,
        "low": None,
        "high": None,
        "mark_fraction": None,
        "note": "",
        "sentence": f"In {share(s.loss_fraction)} of the splits whose winner traded in both halves "
        "it lost money in the other one. The median winner fell from "
        f"{percent(s.median_in_sample_percent)} return on risk to "
        f"{percent(s.median_out_of_sample_percent)}.",
    }


def _sharpe(s: Overfitting) -> dict[str, Any] | None:
    if s.deflated_sharpe_fraction is None:
        return None
    return {
        "title": "Deflated Sharpe ratio",
        "value": share(s.deflated_sharpe_fraction),
        "fraction": s.deflated_sharpe_fraction,
        "low": None,
        "high": None,
        "mark_fraction": None,
        "note": f"undeflated {share(s.undeflated_sharpe_fraction)}"
        if s.undeflated_sharpe_fraction is not None
        else "",
        "sentence": "The probability that the true Sharpe ratio is above zero once the search is "
        f"paid for: {count(s.effective_trials)} independent tries without any skill would show "
        f"a best daily Sharpe of {number(s.expected_max_sharpe)}; "
        f"this one is {number(s.daily_sharpe)}.",
    }


def _spa(s: Overfitting) -> dict[str, Any] | None:
    if s.spa_p_value_fraction is None:
        return None
    low, high = s.spa_p_value_low_fraction, s.spa_p_value_high_fraction
    bounds = (
        "" if low is None or high is None else f"liberal {number(low)}, conservative {number(high)}"
    )
    drawn = "" if s.spa_n_tested is None else f"{count(s.spa_n_tested)} "
    return {
        "title": "Test against not trading",
        "value": f"p = {number(s.spa_p_value_fraction)}",
        "fraction": s.spa_p_value_fraction,
        "low": s.spa_p_value_low_fraction,
        "high": s.spa_p_value_high_fraction,
        "mark_fraction": None,
        "note": bounds,
        "sentence": f"Hansen's test of superior predictive ability, on {drawn}combinations drawn "
        "at random: how often the best of them would look at least this good if none earned "
        "anything. Small values speak for an edge.",
    }
