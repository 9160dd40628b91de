"""From a study to published parameters: every figure against one that is worked out apart."""

from collections import defaultdict
from dataclasses import asdict, replace
from datetime import date
from typing import Any

import pytest

from rorq_pipeline.checks.results import judge
from rorq_pipeline.project.config import ResultCheckConfig
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.models import Optimization
from rorq_pipeline.results.published import publish
from strategy.backtest import run_backtest
from strategy.errors import StudyError, StudyMismatchError
from strategy.market_data import read_session_frames
from strategy.reference import reference_backtest
from strategy.space import strategy_params
from tests.rorq_pipeline.results.conftest import CHOICES, FIRST, FIXED, Published


@pytest.fixture(scope="module")
def trades(published: Published) -> list[dict[str, Any]]:
    """The choice's trades by the reference engine, which shares no code with the one in use."""
    params = strategy_params(CHOICES[FIRST], FIXED)
    frames = [read_session_frames(published.cache, "SPY", day) for day in FIRST.sessions]
    return list(reference_backtest(params, frames).trades)


def test_figures_are_those_of_the_trades(
    published: Published, trades: list[dict[str, Any]]
) -> None:
    best = published.best[FIRST]
    pnl = [trade["net_pnl_usd"] for trade in trades]
    gains = [value for value in pnl if value > 0]
    by_day: dict[date, float] = defaultdict(float)
    for trade in trades:
        by_day[trade["session_date"]] += trade["net_pnl_usd"]
    day_gains = [value for value in by_day.values() if value > 0]
    assert best.metrics.total_trades == len(trades) > 10
    assert best.metrics.net_pnl_usd == pytest.approx(sum(pnl))
    assert best.metrics.return_on_risk_percent == pytest.approx(
        100 * sum(pnl) / sum(trade["risk_usd"] for trade in trades)
    )
    assert best.metrics.win_rate_percent == pytest.approx(100 * len(gains) / len(trades))
    shares = best.profit_shares
    assert shares.largest_trade_fraction == pytest.approx(max(gains) / sum(gains))
    assert shares.largest_day_fraction == pytest.approx(max(day_gains) / sum(day_gains))
    assert 0 < max(day_gains) / sum(day_gains) < 1


def test_counts_and_names_are_those_of_the_study(published: Published) -> None:
    best = published.best[FIRST]
    assert best.n_complete_trials == 3  # as the study was made
    assert (best.date_range, best.ticker, best.source) == (FIRST.key, "SPY", "synthetic")
    assert (best.study_name, best.trial_number, best.selection) == ("study", 7, "study_best")
    assert best.trial_params == CHOICES[FIRST]
    assert best.strategy_params == strategy_params(CHOICES[FIRST], FIXED)
    assert best.n_sessions == 9
    assert best.is_synthetic
    assert best.promised_percent == best.metrics.return_on_risk_percent
    assert best.fixed_params["contracts_per_trade"] == 1
    assert not best.fixed_params.keys() & CHOICES[FIRST].keys()


def test_regret_and_selections_are_those_of_every_combination(published: Published) -> None:
    made, best = published.optimization[FIRST], published.best[FIRST]
    frames = [read_session_frames(published.cache, "SPY", day) for day in FIRST.sessions]
    exact = best.selections["exact_best"]
    assert best.regret is not None
    assert best.metrics.return_on_risk_percent is not None
    assert best.regret.exact_best_percent == pytest.approx(exact.metrics.return_on_risk_percent)
    assert best.regret.study_best_percent == pytest.approx(best.metrics.return_on_risk_percent)
    assert best.regret.regret_percent_points == pytest.approx(
        exact.candidate.return_on_risk_percent - best.metrics.return_on_risk_percent
    )
    assert best.regret.n_complete_trials == 3
    replayed = reference_backtest(exact.strategy_params, frames).metrics
    assert asdict(exact.metrics) == pytest.approx(replayed)
    assert exact.strategy_params == strategy_params(exact.candidate.combination, FIXED)
    assert best.selections["study_best"].candidate.rank == best.regret.rank
    assert {one.candidate.n_valid for one in best.selections.values()} == {best.regret.n_valid}
    values = values_of_every_combination(published, min_trades=5)  # the study's least
    assert best.regret.n_valid == len(values)
    for one in best.selections.values():
        better = sum(value > one.metrics.return_on_risk_percent + 1e-9 for value in values)
        assert one.candidate.rank == better + 1
    assert best.selections["study_best"].metrics == best.metrics
    assert made.settings.min_trade_threshold <= exact.candidate.total_trades


def values_of_every_combination(published: Published, min_trades: int) -> list[float]:
    """Return on risk of each combination with the trades, by single backtests."""
    space, sessions = published.optimization[FIRST].search_space, published.market_data.load(FIRST)
    made = [
        run_backtest(space.strategy_params(space.combination(index), FIXED), sessions).metrics
        for index in range(space.size)
    ]
    return [
        one.return_on_risk_percent
        for one in made
        if one.total_trades >= min_trades and one.return_on_risk_percent is not None
    ]


def test_the_checks_look_at_the_published_figures(published: Published) -> None:
    best = published.best[FIRST]
    found = {result.check_name: result for result in judge(best, ResultCheckConfig())}
    trials, day = found["enough_complete_trials"], found["not_one_day"]
    assert (trials.passed, trials.metadata["value"].value) == (False, 3)
    assert day.metadata["value"].value == best.profit_shares.largest_day_fraction
    assert found["not_one_trade"].metadata["value"].value == (
        best.profit_shares.largest_trade_fraction
    )


@pytest.mark.parametrize("selection", ["exact_best", "plateau", "lower_bound"])
def test_another_selection_can_be_published(published: Published, selection: Any) -> None:
    made = published.optimization[FIRST]
    best = publish(
        optimization=made, market_data=published.market_data, date_range=FIRST, selection=selection
    )
    assert set(best.selections) == {"study_best", "exact_best", "plateau", "lower_bound", "smooth"}
    chosen = best.selections[selection]
    assert (best.selection, best.instead_of, best.trial_number) == (selection, None, None)
    assert best.promised_percent == chosen.candidate.promised_percent
    assert best.trial_params == chosen.candidate.combination
    assert best.metrics == chosen.metrics
    assert best.strategy_params == chosen.strategy_params


def changed(made: Optimization, **study: Any) -> Optimization:
    return made.model_copy(update={"study": replace(made.study, **study)})


def test_a_value_that_the_trades_do_not_give_is_refused(published: Published) -> None:
    made = published.optimization[FIRST]
    value = made.study.best_value
    assert value is not None
    other = changed(made, best_value=value * (1 + 1e-8))
    with pytest.raises(StudyMismatchError, match=r"when traded again; expected .* enable_persist"):
        publish(other, published.market_data, FIRST)
    publish(changed(made, best_value=value * (1 + 1e-10)), published.market_data, FIRST)
    without_trades = changed(made, best_params=CHOICES[FIRST] | {"stretch_threshold": 0.9})
    with pytest.raises(StudyMismatchError, match="the best trial gives None% when traded again"):
        publish(without_trades, published.market_data, FIRST)


@pytest.mark.parametrize("digit", ["0", "f"])
def test_other_data_than_the_studys_is_refused(published: Published, digit: str) -> None:
    made = published.optimization[FIRST].model_copy(update={"data_fingerprint": digit * 64})
    said = rf"fingerprint [0-9a-f]{{12}}; expected {digit * 12}, on which the study was made; start"
    with pytest.raises(StudyMismatchError, match=said):
        publish(made, published.market_data, FIRST)


def test_a_study_without_a_value_publishes_what_the_surface_has(published: Published) -> None:
    made = changed(
        published.optimization[FIRST], best_value=None, best_trial_number=None, best_params={}
    )
    with pytest.raises(StudyError, match="has no complete trial"):
        publish(made, MarketData(folder="nowhere"), FIRST, selection="study_best")  # at once
    with pytest.raises(StudyError, match="has no complete trial"):  # in the place of a rule
        publish(
            made, published.market_data, FIRST, selection="smooth", min_trades_per_session=10_000
        )
    best = publish(made, published.market_data, FIRST, selection="exact_best")
    assert best.regret is None
    assert set(best.selections) == {"exact_best", "plateau", "lower_bound", "smooth"}


def test_where_a_rule_can_choose_nothing_the_studys_best_is_published_and_told(
    published: Published,
) -> None:
    made = published.optimization[FIRST]
    best = publish(
        made, published.market_data, FIRST, selection="exact_best", min_trades_per_session=10_000
    )
    assert (best.selection, best.instead_of) == ("study_best", "exact_best")
    assert best.trial_params == made.study.best_params
    assert best.promised_percent == pytest.approx(made.study.best_value)
