"""The index, the Markdown summary, the small pictures and the adapters."""

import json
import re
from datetime import date
from html import unescape

import numpy as np
import pytest

from optimize.statistics.block_sums import trial_blocks
from optimize.statistics.out_of_sample import out_of_sample
from optimize.statistics.selection import selection_statistics
from optimize.statistics.session_sums import session_sums
from optimize.statistics.walk_forward import WalkForwardStep as Step
from optimize.statistics.walk_forward import walk_forward as stitch
from rorq_pipeline.report import (
    Overfitting,
    build_index,
    build_report,
    entry_from_json,
    entry_to_json,
    evidence_fields,
    fills_view,
    index_entry,
    out_of_sample_view,
    overfitting_view,
    proof_checks,
    summary_markdown,
    verdict_view,
    walk_forward_view,
)
from rorq_pipeline.report.contracts import depth_usd, short_contract
from rorq_pipeline.report.figures.equity import daily_pnl_usd, drawdown_usd
from rorq_pipeline.report.figures.outcomes import pnl_figure
from rorq_pipeline.report.sections.overfitting import overfitting_section
from rorq_pipeline.report.sections.reproduce import reproduce_section
from rorq_pipeline.report.summary import escape_markdown
from rorq_pipeline.report.svg import equity_chart, sparkline
from strategy.proofs.fill_scenarios import fills_band
from tests.rorq_pipeline.report.fixtures import (
    complete_data,
    fabricated_session,
    fabricated_sessions,
    index_entries,
    minimal_data,
    walk_forward,
)


def test_the_index_leads_to_every_range_newest_first() -> None:
    page = build_index(index_entries(), {"SPY": walk_forward()})
    hrefs = re.findall(r'<a href="([^#"]*)"', page)
    assert hrefs == [f"./2023-0{m}/report.html" for m in (3, 2, 1)]
    assert page.index("Walk-forward") < page.index("Newest first")
    assert len(re.findall(r'class="sparkline"', page)) == 3
    assert page.count(">synthetic<") == 1


def test_an_index_without_ranges_says_so() -> None:
    assert "No range has a report yet." in build_index([])


def test_hostile_entries_are_text_and_their_address_is_no_script() -> None:
    from dataclasses import replace

    entry = replace(
        index_entries()[0], ticker="<script>", href='javascript:alert("1")', verdict_sentence='">'
    )
    page = build_index([entry])
    assert "<script>, " not in page
    assert 'href="./javascript:' in page


def test_the_summary_tells_verdict_metrics_and_parameters() -> None:
    data = complete_data()
    text = summary_markdown(data)
    assert "**Watch.**" in text
    assert "Synthetic data" in text
    assert f"| Net P&L | ${data.metrics['net_pnl_usd']:,.2f} | $214.50 |" in text
    assert "| Take profit |" in text
    assert "Out of sample" not in summary_markdown(minimal_data())


def test_markdown_reads_as_itself() -> None:
    assert escape_markdown("a|b\n# <i>") == "a\\|b \\# \\<i\\>"
    hostile = summary_markdown(minimal_data(ticker="x|y\n## z <script>"))
    assert "\n## z" not in hostile
    assert "<script>" not in hostile


def test_small_pictures_scale_and_escape() -> None:
    line = str(sparkline([10, -5, 20], label='<"&'))
    assert "&lt;&#34;&amp;" in line
    assert len(re.findall(r"[ML][\d.]+ [\d.]+", line.split('class="line"')[1])) == 4
    assert str(sparkline([], label="none")) == ""
    still = unescape(str(equity_chart([100.0, -50.0], label="x")))
    assert "$100" in still
    assert "\u2212$50" in still


def test_drawdown_counts_from_zero() -> None:
    assert drawdown_usd(np.array([-3.0, 2.0, 1.0, 5.0, 4.0])).tolist() == [-3, 0, -1, 0, -1]


def test_the_largest_drawdown_of_the_curve_is_the_metric() -> None:
    from rorq_pipeline.report.figures.equity import equity_usd

    data = complete_data()
    assert -drawdown_usd(equity_usd(data.trades)).min() == pytest.approx(
        data.metrics["max_drawdown_usd"]
    )


def test_days_without_trades_are_days_at_zero() -> None:
    data = complete_data()
    daily = daily_pnl_usd(data.trades.iloc[:1], data.session_dates)
    assert list(daily) == list(data.date_range.sessions)
    assert sum(v != 0 for v in daily.values()) == 1


def test_no_bin_mixes_gains_and_losses() -> None:
    trades = complete_data().trades
    bars = pnl_figure(trades)["data"][0]
    gains = sum(n for x, n in zip(bars["x"], bars["y"], strict=True) if x > 0)
    assert gains == int((trades["net_pnl_usd"] >= 0).sum())
    assert sum(bars["y"]) == len(trades)


@pytest.mark.parametrize(
    ("contract", "underlying", "text", "depth"),
    [
        ("O:SPY230103C00384000", 385.5, "384 call", 1.5),
        ("SPY230103P00384500", 385.5, "384.5 put", -1.0),
        ("O:SPY230103P00384000", 384.0, "384 put", 0.0),
        ("<script>", 385.5, "<script>", None),
        ("O:SPY230103C00384000", None, "384 call", None),
    ],
)
def test_contracts_are_read(
    contract: str, underlying: float | None, text: str, depth: float | None
) -> None:
    assert short_contract(contract) == text
    assert depth_usd(contract, underlying) == depth


def test_the_verdict_is_told_without_its_label() -> None:
    view = verdict_view(
        {"decision": "watch", "line": "watch [synthetic data]: few trades; no luck", "findings": [
            {"name": "trades", "level": "doubtful", "text": "few trades"}]}
    )  # fmt: skip
    assert view.sentence == "Few trades; no luck."
    assert view.findings[0].level == "doubtful"
    assert view.limits == {}


def test_the_limits_of_the_verdict_are_told() -> None:
    judged = {"decision": "watch", "line": "watch: few", "findings": [], "limits": {"trades": 7}}
    groups = reproduce_section(complete_data(verdict=verdict_view(judged))).context["groups"]
    assert ("Verdict limits", {"trades": 7}) in groups


def test_out_of_sample_is_read_from_its_json() -> None:
    data = complete_data()
    later = [fabricated_session(date(2023, 1, day), day) for day in (23, 24, 25, 26)]
    result = out_of_sample(
        data.params, later, in_sample_return_on_risk_percent=5.0, n_wanted=13, n_missing=1
    )
    view = out_of_sample_view(result.to_json_dict())
    assert view.sessions == [s.date for s in later]
    assert view.n_sessions_missing == 1
    assert sum(view.daily_pnl_usd) == pytest.approx(view.metrics["net_pnl_usd"])
    low, high = view.intervals["return_on_risk_percent"]
    assert low <= view.metrics["return_on_risk_percent"] <= high


def test_the_fills_band_is_read_from_its_json() -> None:
    data = complete_data()
    band = fills_band(data.params, fabricated_sessions())
    view = fills_view(band.as_dict())
    assert [s.name for s in view.scenarios][-1] == "Without stale entries"
    assert view.scenarios[1].metrics == data.metrics
    assert view.profit_shares_fraction == band.profit_shares.described()


def test_the_evidence_is_gathered_as_far_as_there_is_any() -> None:
    assert evidence_fields() == {"absent": {}}
    too_large = {"absent": "the search space is too large"}
    page = build_report(complete_data(
        overfitting=None, **evidence_fields(selection_statistics=too_large)
    ))  # fmt: skip
    assert "the search space is too large" in page


def test_proofs_are_checks() -> None:
    proofs = {
        "look_ahead": {"passed": True, "summary": "184 moments"},
        "replay": {"passed": False, "summary": "trade 3 differs"},
    }
    assert [(c.name, c.passed, c.sentence) for c in proof_checks(proofs)] == [
        ("look_ahead", True, "184 moments"),
        ("replay", False, "trade 3 differs"),
    ]


def test_an_index_entry_survives_its_json() -> None:
    entry = index_entry(complete_data(), "2023-01.html")
    again = entry_from_json(json.loads(json.dumps(entry_to_json(entry))))
    assert again == entry
    assert again.verdict == "watch"
    assert len(entry.equity_usd) <= 160
    assert entry.equity_usd[-1] == pytest.approx(complete_data().metrics["net_pnl_usd"])


def test_no_session_afterwards_is_read_too() -> None:
    result = out_of_sample(
        complete_data().params, [], in_sample_return_on_risk_percent=None, n_wanted=13
    )
    view = out_of_sample_view(result.to_json_dict())
    assert not view.sessions
    assert view.metrics == {}


def test_selection_statistics_are_read_from_their_json() -> None:
    rng = np.random.default_rng(4)
    net_pnl = rng.normal(1, 20, (8, 30))
    blocks = trial_blocks(
        np.full((8, 30), 6), net_pnl, np.full((8, 30), 100.0), min_trades=10,
        sessions_per_block=np.full(8, 2),
    )  # fmt: skip
    statistics = selection_statistics(blocks, net_pnl[:, 0])
    view = overfitting_view(statistics.to_json_dict())
    assert view.pbo_fraction == statistics.overfitting.probability_fraction
    assert view.n_splits == 70
    assert view.caveat == statistics.caveat
    section = overfitting_section(complete_data(overfitting=view))
    assert len(section.context["cards"]) == 4
    probability, _, _, spa = (card["sentence"] for card in section.context["cards"])
    assert f"With costs in the ranks it is {view.after_costs_fraction:.0%}" in probability
    assert "on 30 combinations drawn at random" in spa


def test_statistics_that_are_not_known_are_left_out() -> None:
    section = overfitting_section(complete_data(overfitting=Overfitting(caveat="Too few.")))
    assert section.context["cards"] == []
    assert "too few sessions or trades" in build_report(
        complete_data(overfitting=Overfitting(caveat="Too few."))
    )


def test_walk_forward_is_read_from_its_json() -> None:
    data = complete_data()
    dates = [s.date for s in fabricated_sessions()]
    step = Step(
        chosen_in="2022-12-01_2022-12-31", traded_in=data.date_range.key,
        params=data.trial_params, in_sample_return_on_risk_percent=9.0,
        sessions=session_sums(data.trades, dates),
    )  # fmt: skip
    result = stitch([step], [step.params])
    view = walk_forward_view(result.to_json_dict(), result.equity()["equity_usd"])
    assert view.equity_usd[-1] == pytest.approx(data.metrics["net_pnl_usd"])
    assert view.steps[0].total_trades == data.metrics["total_trades"]
    assert "1\u201330 December 2022" in build_index(index_entries(), {"SPY": view})
    partial = {**result.to_json_dict(), "left_out": ["2022-11: <damaged>"]}
    page = build_index(index_entries(), {"SPY": walk_forward_view(partial)})
    assert "Left out: 2022-11: &lt;damaged&gt;." in page
    assert "Largest drawdown" in page
