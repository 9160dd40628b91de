"""The index, the Markdown summary, the small pictures, and figures on their way to the page."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimize.statistics import (
    SessionSums,
    Verdict,
    VerdictSettings,
    out_of_sample,
    selection_statistics,
    trial_blocks,
)
from optimize.statistics import walk_forward as walk_forward_of
from optimize.statistics.verdict import Decision
from rorq_pipeline.report import (
    ReportData,
    build_index,
    build_report,
    report_entry,
    summary_markdown,
)
from rorq_pipeline.report.contracts import depth_usd, short_contract
from rorq_pipeline.report.figures.equity import daily_pnl_usd, drawdown_usd
from rorq_pipeline.report.figures.outcomes import pnl_figure
from rorq_pipeline.report.formats import percent
from rorq_pipeline.report.index import _thinned
from rorq_pipeline.report.sections.overfitting import overfitting_section
from rorq_pipeline.report.sections.reproduce import reproduce_section
from rorq_pipeline.report.sections.sample import sample_section
from rorq_pipeline.report.summary import escape_markdown
from rorq_pipeline.results.models import ReportEntry
from strategy.backtest_range import BacktestRange
from tests.rorq_pipeline.report.fixtures import (
    complete_data,
    fabricated_session,
    index_entries,
    minimal_data,
    walk_forward,
)
from tests.rorq_pipeline.results_made import METRICS


def test_the_index_leads_to_every_range_newest_first() -> None:
    entries = index_entries()
    page = build_index(
        entries, {"SPY": walk_forward()}, telling=[one.date_range for one in entries]
    )
    assert '<a href="./2023-03/report.html#policies">SPY</a>' in page  # of the latest range
    hrefs = re.findall(r'<a href="([^#"]*)"', page)
    assert hrefs == [f"./2023-0{m}/report.html" for m in (3, 2, 1)]
    assert page.index("Walk-forward") < page.index("Newest first")
    assert len(re.findall(r'class="sparkline"', page)) == 3
    assert page.count(">synthetic<") == 1


def test_how_to_choose_is_linked_where_a_report_tells_it() -> None:
    entries = index_entries()
    page = build_index(entries, telling=[one.date_range for one in entries[:2]])
    assert '<a href="./2023-02/report.html#policies">SPY</a>' in page  # March tells nothing
    assert "How to choose" not in build_index(entries)


def test_of_two_ranges_the_one_that_ends_later_is_newer() -> None:
    march = index_entries()[2]
    key = "2023-02-01_2023-04-28"
    longer = march.model_copy(update={"date_range": key, "href": f"{key}.html"})
    page = build_index([march, longer])
    assert page.index(f"./{key}.html") < page.index("./2023-03/report.html")


def test_an_index_without_ranges_says_so() -> None:
    assert "No range has a report yet." in build_index([])


def index_entry(month: int = 1, decision: Decision | None = None, **changes: Any) -> ReportEntry:
    """Of a month of 2023, with nothing but what every report has."""
    fields: dict[str, Any] = {
        "date_range": BacktestRange.of_month(date(2023, month, 1)).key, "ticker": "SPY",
        "source": "polygon", "href": f"{month}.html", "metrics": METRICS, "selection": "study_best",
        "promised_percent": None, "trial_params": {"take_profit_percent": 25 * month},
        "equity_usd": (), "sentence": "", "made_at": None, "out_of_sample_too_few": "",
        "out_of_sample_return_on_risk_percent": None,
        "verdict": Verdict(decision=decision, line="", findings=()) if decision else None,
        **changes,
    }  # fmt: skip
    return ReportEntry(**fields)


@pytest.mark.parametrize(
    ("decisions", "judged", "by_chance"),
    [
        (["trade", "watch"], "2 ranges were judged and 1 of them says trade", "0.1"),
        (["trade", "watch", "trade", "reject", None],
         "4 ranges were judged and 2 of them say trade", "0.2"),
        (["watch"] * 6, "6 ranges were judged and 0 of them say trade", "0.3"),
    ],
)  # fmt: skip
def test_the_index_counts_what_was_tried(
    decisions: list[Decision | None], judged: str, by_chance: str
) -> None:
    page = build_index([index_entry(month, one) for month, one in enumerate(decisions, 1)])
    assert (
        f'<p class="note">{judged}. Without any edge up to 5% would, here {by_chance}: of many '
        "ranges, the best verdict is the luckiest.</p>"
    ) in page


def test_of_one_range_that_was_judged_luck_is_not_told() -> None:
    assert "judged" not in build_index([index_entry(1, "trade"), index_entry(2)])


@pytest.mark.parametrize(
    ("sources", "is_told"),
    [(["synthetic", "polygon"], True), (["polygon", "another"], False), (["thetadata"], False)],
)
def test_synthetic_data_is_called_so_on_top_of_the_index(sources: list[str], is_told: bool) -> None:
    page = build_index([index_entry(n, source=one) for n, one in enumerate(sources, 1)])
    assert ("<strong>Synthetic data</strong> stands behind" in page) == is_told


def test_two_ranges_are_compared_by_verdict_promise_result_metrics_and_parameters() -> None:
    few = "5 trades in 4 sessions, too few"
    traded = index_entry(2, "trade", promised_percent=20.0, out_of_sample_too_few=few)
    other = {"selection": "exact_best", "out_of_sample_return_on_risk_percent": -3.25}
    page = build_index([index_entry(1, ticker="QQQ", **other), traded])
    (compared,) = re.findall(r'id="ranges-data">(.*)</script>', page)
    metrics = [
        ["Return on risk, in sample", "12.0%"], ["Net P&L, in sample", "$90.00"],
        ["Trades, in sample", "12"], ["Win rate, in sample", "58.3%"],
        ["Expectancy per trade, in sample", "$7.50"],
        ["Average risk per trade, in sample", "$62.50"], ["Profit factor, in sample", "1.60"],
        ["Daily Sharpe, in sample", "0.40"], ["Largest drawdown, in sample", "$31.00"],
    ]  # fmt: skip
    assert json.loads(compared) == [
        {"title": "SPY, 1\u201328 February 2023",
         "values": [["Verdict", "trade"], ["Promised", "20.0%"],
                    ["In the sessions that followed", few], *metrics,
                    ["Way of choosing", "study best"], ["Take profit", "50%"]]},
        {"title": "QQQ, 3\u201331 January 2023",
         "values": [["Verdict", "none"], ["Promised", "\u2013"],
                    ["In the sessions that followed", "\u22123.2%"], *metrics,
                    ["Way of choosing", "exact best"], ["Take profit", "25%"]]},
    ]  # fmt: skip


@pytest.mark.parametrize("n_ranges", [0, 1])
def test_a_range_alone_is_not_compared(n_ranges: int) -> None:
    assert "<h3" not in build_index([index_entry()] * n_ranges)


def test_each_curve_of_the_index_tells_its_end() -> None:
    page = build_index([index_entry(1, equity_usd=(3.0, -1.0, 2.5)), index_entry(2)])
    assert re.findall('aria-label="(Equity by trade.*?)"', page) == [
        "Equity by trade, ends at $2.50"
    ]
    assert page.count("<td>\u2013</td>") == 1  # of the range without a trade


def test_hostile_entries_are_text_and_their_address_is_no_script() -> None:
    hostile = {"ticker": "<script>", "href": 'javascript:alert("1")'}
    entry = index_entries()[0].model_copy(update=hostile)
    page = build_index([entry])
    assert "<script>, " not in page
    assert 'href="./javascript:' in page


BEST = {"metrics": METRICS, "trial_params": {"take_profit_percent": 50, "strikes_depth": 1}}
PARAMETER_TABLE = """\
| Parameter | Value |
| --- | ---: |
| Take profit | 50% |
| Strikes deep | 1 |
"""
IN_SAMPLE_TABLE = """\
| Metric | In sample |
| --- | ---: |
| Return on risk | 12.0% |
| Net P&L | $90.00 |
| Trades | 12 |
| Win rate | 58.3% |
| Expectancy per trade | $7.50 |
| Average risk per trade | $62.50 |
| Profit factor | 1.60 |
| Daily Sharpe | 0.40 |
| Largest drawdown | $31.00 |
"""


def test_the_summary_tells_verdict_metrics_and_parameters() -> None:
    assert summary_markdown(complete_data(best=BEST)) == (
        "## SPY, 3\u201320 January 2023\n\n"
        "**Synthetic data:** generated sessions, nothing about a market.\n\n"
        "**Watch.** Do not trade these parameters yet: 159 trades in 21 sessions cannot be told "
        "from luck, and bad fills would make them lose\\.\n\n"
        "| Metric | In sample | Out of sample |\n"
        "| --- | ---: | ---: |\n"
        "| Return on risk | 12.0% | 6.1% |\n"
        "| Net P&L | $90.00 | $214.50 |\n"
        "| Trades | 12 | 9 |\n"
        "| Win rate | 58.3% | 58.3% |\n"
        "| Expectancy per trade | $7.50 | $7.50 |\n"
        "| Average risk per trade | $62.50 | $62.50 |\n"
        "| Profit factor | 1.60 | 1.60 |\n"
        "| Daily Sharpe | 0.40 | 0.40 |\n"
        "| Largest drawdown | $31.00 | $31.00 |\n\n"
        f"{PARAMETER_TABLE}"
    )


def test_the_least_summary_has_metrics_and_parameters() -> None:
    data = minimal_data(best={**BEST, "ticker": "QQQ", "source": "polygon"})
    assert summary_markdown(data) == (
        f"## QQQ, 3\u201320 January 2023\n\n{IN_SAMPLE_TABLE}\n{PARAMETER_TABLE}"
    )


def test_the_summary_tells_where_too_little_followed() -> None:
    data = few_outside(complete_data(best={**BEST, "source": "polygon"}, verdict=None))
    assert summary_markdown(data) == (
        f"## SPY, 3\u201320 January 2023\n\n{IN_SAMPLE_TABLE}\n"
        f"Out of sample: 5 trades in 3 sessions, too few.\n\n{PARAMETER_TABLE}"
    )


def few_outside(data: ReportData) -> ReportData:
    """The same with nothing but the first three of the following sessions."""
    assert data.out_of_sample is not None
    traded = data.out_of_sample.traded
    sums = traded.sessions
    cut = SessionSums(
        dates=sums.dates[:3], trades=sums.trades[:3], winners=sums.winners[:3],
        net_pnl_usd=sums.net_pnl_usd[:3], risk_usd=sums.risk_usd[:3],
    )  # fmt: skip
    kept = data.out_of_sample.model_copy(update={"traded": replace(traded, sessions=cut)})
    return replace(data, out_of_sample=kept)


def test_too_few_sessions_out_of_sample_are_told_and_give_no_ratio() -> None:
    data = few_outside(complete_data(matrix=None))
    page, text = build_report(data), summary_markdown(data)
    for shown in (page, text):
        assert "5 trades in 3 sessions, too few" in shown
        assert "6.1%" not in shown.partition("<script")[0]
    assert "21.4%" not in page.partition("<script")[0]  # the end of its interval
    assert "Return on risk out of sample" not in page
    entry = report_entry(data, "2023-01.html")
    assert entry.out_of_sample_return_on_risk_percent is None
    assert entry.out_of_sample_too_few == "5 trades in 3 sessions, too few"
    assert "5 trades in 3 sessions, too few" in build_index([entry])
    # as many sessions as the verdict asks for, and it counts
    assert data.verdict is not None
    limits = VerdictSettings(out_of_sample_sessions=3)
    enough = replace(data, verdict=data.verdict.model_copy(update={"limits": limits}))
    assert "6.1%" in build_report(enough)


def test_a_range_of_too_few_sessions_promises_nothing() -> None:
    data = complete_data()
    n, n_sessions = data.best.metrics.total_trades, len(data.session_dates)
    assert data.verdict is not None
    limits = VerdictSettings(out_of_sample_sessions=n_sessions + 1)
    few = replace(data, verdict=data.verdict.model_copy(update={"limits": limits}))
    told = f"{n} trades in {n_sessions} sessions, too few"
    assert (data.too_few_inside, few.too_few_inside) == ("", told)
    assert told in re.sub("<[^>]*>", "", build_report(few).partition("What led to")[0])
    assert report_entry(few, "2023-01.html").promised_percent is None
    assert report_entry(data, "2023-01.html").promised_percent == data.best.promised_percent


def test_a_walk_forward_of_few_sessions_has_no_ratio() -> None:
    kept = walk_forward()
    (first, *_) = kept.record.steps
    record = walk_forward_of([first], [{"stretch_threshold": 0.002}])  # four sessions with trades
    page = build_index(
        index_entries(),
        {"SPY": kept.model_copy(update={"record": record, "identities": kept.identities[:1]})},
    )
    assert "40 trades in 4 sessions, too few" in page
    assert "that the choices had in sample" not in page


def test_markdown_reads_as_itself() -> None:
    assert escape_markdown("a|b\n# <i>") == "a\\|b \\# \\<i\\>"
    hostile = summary_markdown(minimal_data(best={"ticker": "x|y\n## z <script>"}))
    assert "\n## z" not in hostile
    assert "<script>" not in hostile


def test_a_long_curve_keeps_its_end_and_every_so_many_before_it() -> None:
    values = [1.004 * i for i in range(400)]
    kept = _thinned(values)
    assert kept == [round(1.004 * i, 2) for i in range(0, 400, 3)]
    assert kept[-1] == 400.6
    assert len(_thinned(values[:160])) == 160
    assert _thinned(values[:161]) == [round(1.004 * i, 2) for i in range(0, 161, 2)]
    assert _thinned([]) == []


def test_drawdown_counts_from_zero() -> None:
    assert drawdown_usd(np.array([-3.0, 2.0, 1.0, 5.0, 4.0])).tolist() == [-3, 0, -1, 0, -1]


def test_the_largest_drawdown_of_the_curve_is_the_metric() -> None:
    from rorq_pipeline.report.figures.equity import equity_usd

    data = complete_data()
    assert -drawdown_usd(equity_usd(data.trades)).min() == pytest.approx(
        data.best.metrics.max_drawdown_usd
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
        ("O:SPY230103C00384000", float("nan"), "384 call", None),
    ],
)
def test_contracts_are_read(
    contract: str, underlying: float | None, text: str, depth: float | None
) -> None:
    assert short_contract(contract) == text
    assert depth_usd(contract, underlying) == depth


def test_the_verdict_is_told_without_its_label() -> None:
    told = Verdict(
        decision="watch", line="watch [synthetic data]: few trades; no luck", findings=()
    )
    assert told.sentence == "Few trades; no luck."


def test_the_limits_of_the_verdict_are_told() -> None:
    data = complete_data()
    assert data.verdict is not None
    limits = VerdictSettings(trades_to_trade=77)
    data = replace(data, verdict=data.verdict.model_copy(update={"limits": limits}))
    groups = dict(reproduce_section(data).context["groups"])
    assert groups["Verdict limits"]["trades_to_trade"] == 77


def test_out_of_sample_is_shown_as_it_was_measured() -> None:
    data = complete_data()
    later = [fabricated_session(date(2023, 1, day), day) for day in (23, 24, 25, 26, 27, 30)]
    traded = out_of_sample(
        data.best.strategy_params, later, n_wanted=13,
        n_missing=1,
    )  # fmt: skip
    assert data.out_of_sample is not None
    evidence = data.out_of_sample.model_copy(update={"traded": traded})
    page = build_report(replace(data, out_of_sample=evidence))
    assert "traded on the 6 sessions after the range, from 23 January 2023 on, of up to 13" in page
    assert "1 session in between is missing from the cache" in page
    assert "90% interval" in page
    section = sample_section(replace(data, out_of_sample=evidence))
    (name, inside, outside, interval), *_ = section.context["rows"]
    assert name == "return_on_risk_percent"
    assert (inside, outside) == (
        data.best.metrics.return_on_risk_percent,
        pytest.approx(100 * sum(traded.sessions.net_pnl_usd) / sum(traded.sessions.risk_usd)),
    )
    assert interval.low <= outside <= interval.high
    for promised, kept in ((4 * outside, "25% of the promise was kept"),
                           (outside / 2, "More came than was promised"),
                           (-1.0, None)):  # fmt: skip
        best = data.best.model_copy(update={"promised_percent": promised})
        told = sample_section(replace(data, best=best, out_of_sample=evidence)).context["kept"]
        came = f": {percent(promised)} promised, {percent(outside)} came"
        assert told == ("" if kept is None else f"{kept}{came}")


def test_what_is_absent_says_why() -> None:
    data = complete_data()
    assert data.selection_statistics is not None
    assert data.out_of_sample is not None
    too_large = data.selection_statistics.model_copy(
        update={"absent": "the search space is too large"}
    )
    nothing = out_of_sample(data.best.strategy_params, [], n_wanted=13)
    not_yet = data.out_of_sample.model_copy(update={"traded": nothing, "status": "none is cached"})
    page = build_report(
        replace(data, selection_statistics=too_large, out_of_sample=not_yet, proofs=None)
    )
    assert "the search space is too large" in page
    assert "Nothing is out of sample so far: none is cached." in page
    assert "Other assumptions about fills were not tried" in page


def test_each_statistic_stands_in_its_own_place() -> None:
    cards = overfitting_section(complete_data()).context["cards"]
    tested, pbo, after_costs, splits, sharpe, spa = cards
    assert (tested["fraction"], tested["mark_fraction"]) == (0.08, 0.025)
    assert (after_costs["fraction"], after_costs["value"]) == (0.47, "47%")
    assert (pbo["fraction"], pbo["low"], pbo["high"]) == (0.34, 0.12, 0.61)
    assert "In 34% of 252 splits" in pbo["sentence"]
    assert splits["fraction"] == 0.4
    assert "from 31.0% return on risk to 4.5%" in splits["sentence"]
    assert (sharpe["fraction"], sharpe["note"]) == (0.81, "undeflated 97%")
    assert "38 independent tries without any skill" in sharpe["sentence"]
    assert "a best daily Sharpe of 0.31; this one is 0.42" in sharpe["sentence"]
    assert "estimated from 10 blocks" in sharpe["sentence"]
    assert (spa["fraction"], spa["value"]) == (0.12, "p = 0.12")
    assert "over all 812 combinations" in spa["sentence"]


def test_statistics_that_are_not_known_are_left_out() -> None:
    data = complete_data()
    assert data.selection_statistics is not None
    nothing = np.zeros((8, 0))
    blocks = trial_blocks(
        nothing, nothing, nothing, min_trades=10, sessions_per_block=np.full(8, 2)
    )
    unknown = data.selection_statistics.model_copy(
        update={"statistics": selection_statistics(blocks, []), "selection_test": None}
    )
    data = replace(data, selection_statistics=unknown)
    assert overfitting_section(data).context["cards"] == []
    assert "too few sessions or trades" in build_report(data)


def test_a_step_that_traded_nothing_has_no_curve_and_names_its_range() -> None:
    kept = walk_forward()
    nothing = replace(
        kept.record.steps[0], chosen_in="a former range", traded_in="2023-02",
        sessions=SessionSums.empty(),
    )  # fmt: skip
    record = walk_forward_of([nothing], [{"stretch_threshold": 0.002}])
    update = {"record": record, "identities": kept.identities[:1]}
    page = build_index([index_entry()], {"SPY": kept.model_copy(update=update)})
    assert '<tr><th scope="row">a former range</th><td>1\u201328 February 2023</td>' in page
    assert "<svg" not in page


def test_an_entry_without_evidence_has_nothing_in_its_place() -> None:
    pnl = pd.DataFrame({
        "net_pnl_usd": [4.0, 10.0, -2.346],
        "exit_time": pd.to_datetime(["2023-01-05 10:00", "2023-01-03 10:00", "2023-01-04 10:00"]),
    })  # fmt: skip
    data = minimal_data(best=BEST, trades=pnl)
    assert report_entry(data, "a.html") == index_entry(
        date_range="2023-01-03_2023-01-20", source="synthetic", href="a.html",
        promised_percent=data.best.promised_percent, trial_params=BEST["trial_params"],
        equity_usd=(10.0, 7.65, 11.65),
    )  # fmt: skip


def test_an_index_entry_tells_what_the_report_shows(tmp_path: Path) -> None:
    data = complete_data()
    entry = report_entry(data, "2023-01.html")
    entry.write_file(tmp_path / "report.json")
    assert ReportEntry.read_file(tmp_path / "report.json") == entry
    assert entry.verdict is not None
    assert entry.verdict.decision == "watch"
    assert entry.out_of_sample_return_on_risk_percent == 6.1
    assert len(entry.equity_usd) <= 160
    assert entry.equity_usd[-1] == pytest.approx(data.best.metrics.net_pnl_usd)


def test_walk_forward_stands_on_the_index() -> None:
    record = walk_forward()
    page = build_index(index_entries(), {"SPY": record})
    # 53 + 81 USD on 7 sessions of 400 USD at risk each
    assert "<b>5.8%</b> return on risk there" in page
    assert "<b>32%</b> of the return on risk that the choices had in sample" in page
    assert "100% of the steps earned money" in page
    assert "Largest drawdown <b>$42.00</b>" in page
    assert "1\u201328 February 2023" in page
    assert 'aria-label="Walk-forward equity by session, ends at $162.00"' in page
    assert re.findall(r"<text[^>]*>(\d.*?)</text>", page) == ["1 Feb 23", "3 Mar 23"]
    partial = record.model_copy(update={"left_out": ("2022-11: <damaged>",)})
    assert "Left out: 2022-11: &lt;damaged&gt;." in build_index(index_entries(), {"SPY": partial})
    assert "Left out: not &lt;readable&gt;." in build_index(
        index_entries(), {"SPY": "not <readable>"}
    )
