"""How likely it is that the best is the best by luck, in words and figures."""

from typing import Any

from optimize.choice.selection_test import SelectionTest
from optimize.statistics import DeflatedSharpe, Overfitting
from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.formats import count, number, p_value, percent, share
from rorq_pipeline.report.section import Section


def overfitting_section(data: ReportData) -> Section:
    """One card a statistic: its value, what it says here, and what it rests on."""
    title = "Overfitting"
    evidence = data.selection_statistics
    if evidence is None or evidence.absent:
        reason = "The selection statistics were not computed for this range."
        return Section(
            id="overfitting", title=title, absent=(evidence and evidence.absent) or reason
        )
    statistics = evidence.statistics
    pbo = statistics.overfitting
    limits = data.verdict.limits if data.verdict else VerdictSettings()
    cards = [
        _selection_test(evidence.selection_test, limits.selection_test_to_trade),
        _probability(pbo),
        _after_costs(pbo),
        _splits(pbo),
        _sharpe(statistics.deflated_sharpe, pbo.n_blocks),
        _spa(evidence.selection_test),
    ]
    return Section(
        id="overfitting",
        title=title,
        context={"cards": [card for card in cards if card], "caveat": evidence.caveat},
    )


def _selection_test(s: SelectionTest | None, limit: float) -> dict[str, Any] | None:
    if s is None or s.t_p_value_fraction is None:
        return None
    value = p_value(s.p_value_fraction)
    return {
        "title": "Selection test",
        "value": f"p {p_value(s.t_p_value_fraction)}",
        "fraction": s.t_p_value_fraction,
        "low": None,
        "high": None,
        "mark_fraction": limit,
        "note": f"of the value itself p {value}",
        "sentence": f"The probability of a choice as good, by the same rule over "
        f"{count(s.n_combinations)} combinations, if nothing paid: {count(s.n_draws)} times the "
        f"P&L of each of {count(s.n_blocks)} blocks of sessions kept or changed its sign. The "
        f"best promised {percent(s.best_value_percent)}; the median of the draws promised "
        f"{percent(s.null_median_percent)}. Costs make this careful: without any edge it is near "
        f"one. It carries the verdict up to {limit:g}, the mark. Whether anything is more than "
        "luck before it pays its costs is another question, with p "
        f"{p_value(s.before_costs_p_value_fraction)}.",
    }


def _probability(s: Overfitting) -> dict[str, Any] | None:
    if s.probability_fraction is None:
        return None
    interval = ""
    if s.interval_low_fraction is not None:
        interval = (
            f"95% interval {share(s.interval_low_fraction)} to {share(s.interval_high_fraction)}"
        )
    return {
        "title": "Probability of overfitting",
        "value": share(s.probability_fraction),
        "fraction": s.probability_fraction,
        "low": s.interval_low_fraction,
        "high": s.interval_high_fraction,
        "mark_fraction": 0.5,
        "note": interval,
        "sentence": f"In {share(s.probability_fraction)} of {count(s.n_splits)} splits of the "
        "sessions into two halves, the best combination of one half ranked at or below the median "
        "in the other, by return on risk before costs. A search through pure noise gives about "
        "50%, the mark on the scale.",
    }


def _after_costs(s: Overfitting) -> dict[str, Any] | None:
    """Costs weigh most on what risks little, which wins by noise: a word on the objective."""
    if s.after_costs_fraction is None:
        return None
    return {
        "title": "The same after costs",
        "value": share(s.after_costs_fraction),
        "fraction": s.after_costs_fraction,
        "low": None,
        "high": None,
        "mark_fraction": 0.63,
        "note": "",
        "sentence": f"Ranked by what it was chosen by, net of costs, it is "
        f"{share(s.after_costs_fraction)}; noise gives about 63%, the mark. The return on risk "
        "favours combinations that risk little a trade, and their costs are the largest share of "
        "it: what is above the figure before costs is the price of this objective.",
    }


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


def _sharpe(s: DeflatedSharpe, n_blocks: int) -> dict[str, Any] | None:
    if s.probability_fraction is None:
        return None
    return {
        "title": "Deflated Sharpe ratio",
        "value": share(s.probability_fraction),
        "fraction": s.probability_fraction,
        "low": None,
        "high": None,
        "mark_fraction": None,
        "note": f"undeflated {share(s.undeflated_probability_fraction)}",
        "sentence": "The probability that the true Sharpe ratio is above zero once the search is "
        f"paid for: {count(s.effective_trials)} independent tries without any skill would show "
        f"a best daily Sharpe of {number(s.benchmark_sharpe)}; this one is {number(s.sharpe)}. How "
        f"many tries the grid amounts to is estimated from {count(n_blocks)} blocks of sessions, "
        "and would be another number from more of them.",
    }


def _spa(s: SelectionTest | None) -> dict[str, Any] | None:
    if s is None or s.superior_ability_p_value_fraction is None:
        return None
    return {
        "title": "Test against not trading",
        "value": f"p {p_value(s.superior_ability_p_value_fraction)}",
        "fraction": s.superior_ability_p_value_fraction,
        "low": None,
        "high": None,
        "mark_fraction": None,
        "note": "",
        "sentence": "Hansen's test of superior predictive ability, over all "
        f"{count(s.n_combinations)} combinations with enough trades: how often the best of them "
        "would look at least this good if none earned anything. Small values speak for an edge.",
    }
