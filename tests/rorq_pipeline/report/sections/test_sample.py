"""In sample beside out of sample, by figures that are all different."""

from dataclasses import replace
from typing import Any

import pytest

from optimize.statistics import OutOfSample
from optimize.statistics import out_of_sample as traded_after
from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.report import ReportData
from rorq_pipeline.report.sections.sample import sample_section
from strategy.params import StrategyParams
from tests.rorq_pipeline.report.fixtures import out_of_sample, verdict
from tests.rorq_pipeline.report.small import small_data, trade
from tests.rorq_pipeline.results_made import METRICS, best_params

TRADED = out_of_sample(best_params()).traded


def data(traded: OutOfSample, *, status: str = "", **changes: Any) -> ReportData:
    followed = out_of_sample(best_params()).model_copy(update={"traded": traded, "status": status})
    trades = [trade(3, 30.0), trade(4, -42.0)]
    return small_data(trades, out_of_sample=followed, **changes)


def test_every_metric_stands_beside_what_came() -> None:
    came = replace(
        METRICS, total_trades=9, win_rate_percent=55.5, expectancy_usd=23.8,
        avg_risk_per_trade_usd=390.0, return_on_risk_percent=6.1, net_pnl_usd=214.5,
        daily_sharpe=0.6, profit_factor=6.4, max_drawdown_usd=40.0,
    )  # fmt: skip
    section = sample_section(data(replace(TRADED, metrics=came)))
    assert section.context["rows"] == [
        ("return_on_risk_percent", 12.0, 6.1, TRADED.intervals["return_on_risk_percent"]),
        ("net_pnl_usd", 90.0, 214.5, TRADED.intervals["net_pnl_usd"]),
        ("total_trades", 12, 9, None),
        ("win_rate_percent", 58.3, 55.5, None),
        ("expectancy_usd", 7.5, 23.8, None),
        ("avg_risk_per_trade_usd", 62.5, 390.0, None),
        ("profit_factor", 1.6, 6.4, None),
        ("daily_sharpe", 0.4, 0.6, None),
        ("max_drawdown_usd", 31.0, 40.0, None),
    ]
    assert section.context["confidence_fraction"] == 0.9
    assert section.context["traded"].metrics == came
    before, after = section.figures["sample"]["data"]
    assert before["y"] == [30.0, -12.0, -12.0, -12.0]
    assert after["y"] == [-12.0, 69.5, 49.5, 29.5, 129.5, 162.5, 202.5]
    assert after["x"][:2] == ["6 Jan 23", "23 Jan 23"]


def test_without_intervals_there_is_no_confidence() -> None:
    context = sample_section(data(replace(TRADED, intervals={}))).context
    assert context["confidence_fraction"] is None


@pytest.mark.parametrize(
    ("promised", "words"),
    [
        (12.2, "50% of the promise was kept: 12.2% promised, 6.1% came"),
        (6.0, "More came than was promised: 6.0% promised, 6.1% came"),
        (-1.0, ""),
        (None, ""),
    ],
)
def test_what_was_kept_of_the_promise(promised: float | None, words: str) -> None:
    best = {"promised_percent": promised}
    assert sample_section(data(TRADED, best=best)).context["kept"] == words


def test_what_says_nothing_has_its_reason() -> None:
    assert sample_section(small_data()).absent == (
        "The sessions after this range were not traded for this report."
    )
    nothing = traded_after(StrategyParams(), [], n_wanted=4)
    assert sample_section(data(nothing, status="none is cached")).absent == (
        "Nothing is out of sample so far: none is cached."
    )
    limits = VerdictSettings(out_of_sample_sessions=7)
    record = verdict(best_params()).model_copy(update={"limits": limits})
    assert sample_section(data(TRADED, verdict=record)).absent == (
        "9 trades in 6 sessions, too few to say anything of these parameters."
    )
