import shutil
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optimize.choice.policy_history import PolicyHistory
from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.project.cache_scan import scan_cache
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.evidence import (
    following_data,
    measure_out_of_sample,
    measure_selection,
    reach_verdict,
)
from rorq_pipeline.results.identity import of_result
from rorq_pipeline.results.models import BestParams, Proofs
from rorq_pipeline.results.proofs import keep_proofs, kept_proofs, prove, take_up_quotes
from rorq_pipeline.results.published import publish
from rorq_pipeline.results.surfaces import exact_surface
from strategy.backtest import run_backtest
from strategy.backtest_range import BacktestRange
from strategy.errors import StudyMismatchError
from strategy.market_data import write_session
from strategy.market_data.layout import session_folder
from strategy.market_data.sample.generate import SampleSettings, sample_tables
from strategy.proofs.at_quotes import AtQuotes
from strategy.proofs.lookahead import Violation
from strategy.space import SearchSpace
from strategy.surface import cell_files
from strategy.surface.compute import compute_surface
from tests.rorq_pipeline import results_made
from tests.rorq_pipeline.report import fixtures
from tests.rorq_pipeline.results.conftest import FIRST, SECOND, Published
from tests.rorq_pipeline.results_made import best_params


def with_metrics(best: BestParams, **changes: Any) -> BestParams:
    return best.model_copy(update={"metrics": replace(best.metrics, **changes)})


def test_out_of_sample_trades_the_sessions_after_the_range(published: Published) -> None:
    best = published.best[FIRST]
    found = measure_out_of_sample(best, published.market_data, FIRST)
    expected = run_backtest(best.strategy_params, published.market_data.load(SECOND)).metrics
    traded = found.traded
    assert traded.metrics == expected
    assert (len(traded.sessions), traded.n_wanted, found.n_to_come) == (6, 9, 3)
    assert traded.sessions.dates == SECOND.sessions
    scan = scan_cache(published.cache, "SPY").signatures
    assert found.looked_at == {day.isoformat(): scan[day] for day in SECOND.sessions}
    assert found.selections["study_best"] == expected
    other = best.selections["exact_best"].strategy_params
    assert found.selections["exact_best"] == (
        run_backtest(other, published.market_data.load(SECOND)).metrics
    )


def test_out_of_sample_of_the_last_range_is_not_yet(published: Published) -> None:
    found = measure_out_of_sample(published.best[SECOND], published.market_data, SECOND)
    assert found.status == "no following session is cached yet"
    assert (len(found.traded.sessions), found.n_to_come, found.traded.metrics) == (0, 6, None)


def test_synthetic_sessions_do_not_continue_real_ones(published: Published) -> None:
    real = published.best[FIRST].model_copy(update={"source": "polygon"})
    found = measure_out_of_sample(real, published.market_data, FIRST)
    assert len(found.traded.sessions) == 0


@pytest.mark.parametrize(
    ("source", "days"),
    [("synthetic", ()), ("polygon", (date(2023, 1, 4),)), ("legacy", (date(2023, 1, 4),))],
)
def test_a_real_session_continues_real_ones_alone(
    project: ProjectPaths, source: str, days: tuple[date, ...]
) -> None:
    one = BacktestRange(date(2023, 1, 3), date(2023, 1, 3))
    for day in (date(2023, 1, 3), date(2023, 1, 4)):
        tables = sample_tables(day, SampleSettings())
        write_session(project.cache, "SPY", day, tables, source="polygon")
    following, sessions, problem = following_data(best_params(source=source), MarketData(), one)
    assert following.cached == days
    assert [session.date for session in sessions] == [*days]
    assert problem is None


def test_a_damaged_following_session_does_not_stop_the_range(
    published: Published, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    shutil.copytree(published.cache, cache)
    damaged = session_folder(cache, "SPY", SECOND.sessions[1]) / "options.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    found = measure_out_of_sample(published.best[FIRST], MarketData(folder=str(cache)), FIRST)
    assert found.status.startswith("a following session cannot be read: ")
    assert "options.parquet" in found.status
    assert len(found.traded.sessions) == 0


def test_selection_statistics_are_those_of_the_studys_space(published: Published) -> None:
    found = measure_selection(
        published.best[FIRST], published.optimization[FIRST], published.market_data, FIRST
    )
    assert found.absent is None
    pbo, sharpe = found.statistics.overfitting, found.statistics.deflated_sharpe
    assert pbo.n_sessions == 9
    assert pbo.n_blocks == 8
    assert 2 <= pbo.n_trials <= 192
    assert pbo.probability_fraction is not None
    assert 0 <= pbo.probability_fraction <= 1
    assert sharpe.n_sessions == 9
    trades = run_backtest(
        published.best[FIRST].strategy_params, published.market_data.load(FIRST)
    ).trades
    daily = [trades.loc[trades["session_date"] == d, "net_pnl_usd"].sum() for d in FIRST.sessions]
    mean = sum(daily) / 9
    deviation = (sum((pnl - mean) ** 2 for pnl in daily) / 8) ** 0.5
    assert sharpe.sharpe == pytest.approx(mean / deviation)


def test_no_session_is_evaluated_twice(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, market_data = published.optimization[FIRST], published.market_data
    exact = publish(made, market_data, FIRST)

    def again(*_: object) -> None:
        raise AssertionError("evaluated again")

    monkeypatch.setattr(cell_files, "make_session_cell", again)
    assert publish(made, market_data, FIRST) == exact
    assert measure_selection(exact, made, market_data, FIRST).absent is None
    surface = exact_surface(
        made.search_space, made.fixed_params, market_data.load(FIRST), market_data.cache_of("SPY")
    )
    monkeypatch.undo()
    direct = compute_surface(made.search_space, made.fixed_params, market_data.load(FIRST))
    assert surface.block_of_session == direct.block_of_session
    assert surface.data_fingerprint == direct.data_fingerprint
    np.testing.assert_array_equal(surface.total_trades, direct.total_trades)
    np.testing.assert_allclose(surface.net_pnl_usd, direct.net_pnl_usd, atol=1e-6)


def test_statistics_of_another_study_are_refused(published: Published) -> None:
    made = published.optimization[FIRST]
    other = made.model_copy(update={"study": replace(made.study, study_name="another")})
    with pytest.raises(StudyMismatchError, match="is another; expected study, from which"):
        measure_selection(published.best[FIRST], other, published.market_data, FIRST)


def test_a_space_too_large_for_the_surface_leaves_figures_unknown(published: Published) -> None:
    made = published.optimization[FIRST]
    large = made.search_space.replacing(
        stretch_threshold=[i / 1e6 for i in range(1, 40_000)],
        take_profit_percent=list(range(1, 200)),
    )
    assert isinstance(large, SearchSpace)
    found = measure_selection(
        published.best[FIRST],
        made.model_copy(update={"search_space": large}),
        published.market_data,
        FIRST,
    )
    assert found.absent is not None
    assert "GiB" in found.absent
    assert found.caveat == found.absent
    assert found.statistics.overfitting.probability_fraction is None
    assert found.selection_test is None


def test_a_rule_that_is_not_linear_is_not_tested_as_another(published: Published) -> None:
    best = published.best[FIRST].model_copy(update={"selection": "plateau"})
    found = measure_selection(best, published.optimization[FIRST], published.market_data, FIRST)
    assert found.selection_test is None
    assert found.absent is None
    assert found.statistics.overfitting.probability_fraction is not None


def test_proofs_pass_on_an_honest_result_and_are_kept_for_it_alone(
    published: Published, first_proofs: Proofs, artifacts: Path
) -> None:
    best, made = published.best[FIRST], first_proofs
    assert kept_proofs(best, FIRST) is None
    assert made.look_ahead.passed, made.look_ahead.summary()
    assert made.replay.matches, made.replay.summary()
    assert [one.name for one in made.fills.scenarios][:3] == ["optimistic", "base", "adverse"]
    assert made.fills["base"] == best.metrics
    keep_proofs(made, FIRST)
    assert kept_proofs(best, FIRST) == made
    assert kept_proofs(with_metrics(best, net_pnl_usd=1.0), FIRST) is None
    keep_proofs(made.model_copy(update={"fills": replace(made.fills, quotes=None)}), FIRST)
    assert take_up_quotes(best, published.market_data, FIRST) == made.fills
    assert kept_proofs(best, FIRST) == made


def test_a_published_figure_that_is_not_so_fails_the_replay(published: Published) -> None:
    better = with_metrics(published.best[FIRST], return_on_risk_percent=99.0)
    made = prove(better, published.market_data, FIRST)
    assert not made.replay.matches
    assert "return_on_risk_percent" in made.replay.summary()


def test_proofs_refuse_other_data(published: Published) -> None:
    other = published.best[FIRST].model_copy(update={"data_fingerprint": "0" * 64})
    with pytest.raises(StudyMismatchError):
        prove(other, published.market_data, FIRST)


def test_the_verdict_rests_on_all_of_it(published: Published, first_proofs: Proofs) -> None:
    best = published.best[FIRST]
    outside = measure_out_of_sample(best, published.market_data, FIRST)
    statistics = measure_selection(
        best, published.optimization[FIRST], published.market_data, FIRST
    )
    limits = VerdictSettings(trades_to_trade=77)
    found = reach_verdict(best, statistics, outside, first_proofs, limits, sessions_with_holes=3)
    assert found.verdict.decision in ("trade", "watch", "reject")
    assert "[synthetic data]" in found.verdict.line
    trades = run_backtest(best.strategy_params, published.market_data.load(SECOND)).trades
    pbo = statistics.statistics.overfitting
    evidence = found.evidence
    assert evidence.total_trades == best.metrics.total_trades
    assert evidence.return_on_risk_percent == best.metrics.return_on_risk_percent
    assert evidence.overfitting_fraction == pbo.probability_fraction
    assert evidence.loss_fraction == pbo.loss_fraction
    assert evidence.deflated_sharpe_fraction == (
        statistics.statistics.deflated_sharpe.probability_fraction
    )
    tested = statistics.selection_test
    assert tested is not None
    assert evidence.selection_test_p_value == tested.t_p_value_fraction
    assert evidence.superior_ability_p_value == tested.superior_ability_p_value_fraction
    assert evidence.out_of_sample_traded_sessions == trades["session_date"].nunique() == 5  # of six
    assert evidence.out_of_sample_return_on_risk_percent == pytest.approx(
        100 * trades["net_pnl_usd"].sum() / trades["risk_usd"].sum()
    )
    by_session = trades.groupby("session_date")[["net_pnl_usd", "risk_usd"]].sum()
    stop = abs(best.strategy_params.stop_loss_percent) / 100
    returns = (by_session["net_pnl_usd"] * stop / by_session["risk_usd"]).to_numpy()
    accounts = [np.prod(1 + stake * returns) for stake in (0.25, 0.5, 0.75, 0.95)]
    against = [np.prod(1 - stake * returns) for stake in (0.125, 0.25, 0.375, 0.475)]
    assert evidence.out_of_sample_gain_p_value == pytest.approx(min(1, 1 / np.mean(accounts)))
    assert evidence.out_of_sample_loss_p_value == pytest.approx(min(1, 1 / np.mean(against)))
    assert evidence.adverse_fills_return_on_risk_percent == (
        first_proofs.fills["adverse"].return_on_risk_percent
    )
    assert evidence.promised_percent == best.promised_percent
    assert evidence.sessions_with_holes == 3
    assert evidence.no_look_ahead is True
    assert evidence.replay_agrees is True
    assert evidence.synthetic is True
    assert found.limits == limits
    seen = Violation(session_date=FIRST.start_date, moment="", decision="x", before="1", after="2")
    cheat = first_proofs.model_copy(
        update={"look_ahead": replace(first_proofs.look_ahead, violations=(seen,))}
    )
    assert reach_verdict(best, statistics, outside, cheat, limits).verdict.decision == "reject"


def test_each_figure_of_the_evidence_stands_in_its_own_place() -> None:
    """Records of figures that are all different, made by hand."""
    best = results_made.best_params(promised_percent=11.5, n_sessions=13)
    records = fixtures.selection_statistics(best), fixtures.out_of_sample(best)
    proofs = fixtures.proofs(best)
    limits = VerdictSettings()
    known = {
        "total_trades": 12, "return_on_risk_percent": 12.0, "promised_percent": 11.5,
        "overfitting_fraction": 0.34, "loss_fraction": 0.4, "deflated_sharpe_fraction": 0.81,
        "superior_ability_p_value": 0.12, "out_of_sample_traded_sessions": 6,
        "out_of_sample_return_on_risk_percent": 6.1, "out_of_sample_gain_p_value": 0.61,
        "out_of_sample_loss_p_value": 1.0, "adverse_fills_return_on_risk_percent": -2.4,
        "no_look_ahead": True, "replay_agrees": True, "at_quotes_return_on_risk_percent": None,
        "has_quotes": False, "selection_test_p_value": 0.08, "policy_months": 0,
        "policy_absent": None, "policy_usd_a_month": None, "policy_p_value": None,
        "policy_loss_p_value": None, "synthetic": False, "n_sessions": 13,
        "sessions_with_holes": None,
    }  # fmt: skip
    assert asdict(reach_verdict(best, *records, proofs, limits).evidence) == known
    history = PolicyHistory(
        policy=None, months=("2022-11", "2022-12"), net_pnl_usd=(30.0, -4.0), account_usd=1.1,
        p_value_fraction=0.7, loss_p_value_fraction=0.9, absent="a reason",
    )  # fmt: skip
    quotes = AtQuotes(
        metrics=replace(best.metrics, return_on_risk_percent=7.7), n_fills=24, n_missing=0,
        n_zero=0, n_crossed=0, n_stale=0, mean_spread_usd=0.03,
    )  # fmt: skip
    selection = records[0].model_copy(
        update={"policy_history": history, "selection_test": None, "absent": "too large"}
    )
    proofs = proofs.model_copy(
        update={
            "fills": replace(proofs.fills, quotes=quotes),
            "replay": replace(proofs.replay, difference="one trade"),
        }
    )
    more = {
        "policy_months": 2, "policy_usd_a_month": 13.0, "policy_p_value": 0.7,
        "policy_loss_p_value": 0.9, "policy_absent": "a reason", "has_quotes": True,
        "at_quotes_return_on_risk_percent": 7.7, "superior_ability_p_value": None,
        "selection_test_p_value": None, "replay_agrees": False,
    }  # fmt: skip
    found = reach_verdict(best, selection, records[1], proofs, limits)
    assert asdict(found.evidence) == {**known, **more}
    selection = selection.model_copy(update={"policy_history": None})
    found = reach_verdict(
        best=best, selection=selection, outside=records[1], proofs=proofs, settings=limits
    )
    assert found.evidence.policy_absent == "too large"


def test_evidence_of_another_result_is_refused(published: Published, first_proofs: Proofs) -> None:
    best = published.best[FIRST]
    outside = measure_out_of_sample(best, published.market_data, FIRST)
    assert of_result(best, outside) is outside
    anew = best.model_copy(update={"strategy_params": published.best[SECOND].strategy_params})
    assert of_result(anew, outside) is None
    assert of_result(best, None) is None
    statistics = measure_selection(
        best, published.optimization[FIRST], published.market_data, FIRST
    )
    with pytest.raises(StudyMismatchError, match="2023-01-13 --select selection_statistics"):
        reach_verdict(anew, statistics, outside, first_proofs, VerdictSettings())
