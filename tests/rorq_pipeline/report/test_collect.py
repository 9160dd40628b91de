"""What the report gathers of a real chain, against the sessions, the files and the study."""

import json
import shlex
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimize.database.connect import resolve_settings
from rorq_pipeline.project.config import ResultCheckConfig
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.report import ReportData
from rorq_pipeline.report.collect import gather_report
from rorq_pipeline.results.models import (
    BestParams,
    Optimization,
    OutOfSampleEvidence,
    Proofs,
    SelectionEvidence,
    VerdictRecord,
    WalkForwardMatrixRecord,
)
from strategy.backtest_range import BacktestRange
from strategy.surface.store import read_surface
from tests.rorq_pipeline.chain_made import FIRST, SECOND, Chain, by_combination
from tests.rorq_pipeline.conftest import SMALL_SPACE
from tests.spaces import space_of

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("in_chain")]
LIMITS = ResultCheckConfig(max_trade_share_fraction=0.11, max_day_share_fraction=0.22)


def gathered(chain: Chain, of: BacktestRange = FIRST, **parts: Any) -> ReportData:
    return gather_report(
        of,
        BestParams.read(of.key),
        Optimization.read(of.key),
        MarketData(),
        resolve_settings(chain.paths.root),
        **parts,
    )


def everything(chain: Chain, of: BacktestRange) -> dict[str, Any]:
    """All parts as they are kept of one range."""
    folder = chain.paths.artifacts
    return {
        "manifest": pd.read_parquet(folder / "validated_cache" / f"{of.key}.parquet"),
        "surface": read_surface(folder / "parameter_surface" / f"{of.key}.parquet"),
        "out_of_sample": OutOfSampleEvidence.read(of.key),
        "selection_statistics": SelectionEvidence.read(of.key),
        "matrix": WalkForwardMatrixRecord.read(of.key),
        "proofs": Proofs.read(of.key),
        "verdict": VerdictRecord.read(of.key),
        "limits": LIMITS,
    }


def test_everything_that_is_kept_of_the_result_is_shown(chain: Chain) -> None:
    parts = everything(chain, FIRST)
    data = gathered(chain, **parts)
    for name in ("out_of_sample", "selection_statistics", "matrix", "proofs", "verdict"):
        assert getattr(data, name) is parts[name]
    assert data.trades.equals(chain.traded().trades)
    assert [one.trade for one in data.pictures] == list(range(len(data.trades)))
    assert sorted(trial.number for trial in data.trials) == list(range(10))
    assert (data.max_trade_share_fraction, data.max_day_share_fraction) == (0.11, 0.22)
    assert list(data.publications) == [1]
    assert data.publications[1].best == data.best
    assert data.versions["rorq-pipeline"] == "0.1.0"
    assert data.made_at is not None
    assert data.made_at.microsecond == 0


def test_evidence_of_another_range_is_not_shown(chain: Chain) -> None:
    data = gathered(chain, **everything(chain, SECOND))
    for name in ("out_of_sample", "selection_statistics", "matrix", "proofs", "verdict"):
        assert getattr(data, name) is None
    assert not {"replay", "no_look_ahead"} & {check.name for check in data.checks}


def test_sessions_are_told_with_their_bars_and_findings(chain: Chain) -> None:
    data = gathered(chain, **everything(chain, FIRST))
    for told, session in zip(data.sessions, chain.traded().sessions, strict=True):
        folder = chain.paths.cache / "SPY" / str(session.date)
        assert (told.session, told.source) == (session.date, "synthetic")
        assert (told.fingerprint, told.n_contracts) == (session.fingerprint, session.n_contracts)
        assert told.n_underlying_bars == len(pd.read_parquet(folder / "underlying.parquet"))
        assert told.n_option_bars == len(pd.read_parquet(folder / "options.parquet"))
        (finding,) = told.findings
        assert "vwap_outside_bar" in finding
    (rule,) = data.broken_rules
    assert (rule.name, rule.is_error, rule.n_sessions) == ("vwap_outside_bar", False, 2)
    assert rule.n_hits > 2
    without = gathered(chain)
    assert [one.session for one in without.sessions] == list(FIRST.sessions)
    assert {one.n_option_bars for one in without.sessions} == {None}
    assert without.broken_rules == []


def test_the_checks_are_those_of_the_data_the_result_and_the_proofs(chain: Chain) -> None:
    data = gathered(chain, **everything(chain, FIRST))
    checks = {check.name: check for check in data.checks}
    assert {name for name, check in checks.items() if check.is_about_data} == {
        name
        for name, check in chain.checks[FIRST].items()
        if check.asset_key.to_user_string() == "validated_cache" and name != "cache_is_recent"
    }  # fmt: skip  the data's age is that of a day, and the page stays
    assert (checks["files"].passed, checks["files"].blocking) == (True, False)
    assert (checks["prices"].passed, checks["prices"].blocking) == (False, False)
    assert checks["prices"].sentence == "Found: vwap outside bar."
    day = chain.traded().largest_day_fraction
    assert checks["not_one_day"].sentence == (
        f"the best session made {100 * day:.3g}% of the profit; expected at most 22%"
    )
    assert checks["not_one_day"].passed == (day <= 0.22)
    assert not checks["not_one_day"].blocking
    trades = len(chain.traded().trades)
    assert checks["replay"].sentence.startswith(f"the replay gives the same {trades} trades")
    assert checks["no_look_ahead"].passed
    assert {check.name for check in gathered(chain).checks} == {
        "enough_complete_trials", "not_one_trade", "not_one_day", "stale_fills", "entries_lost"
    }  # fmt: skip


def test_the_surface_is_shown_with_the_chosen_point(chain: Chain) -> None:
    made = by_combination(space_of(**SMALL_SPACE), chain.traded().sessions)
    chosen = chain.kept("best_params")["trial_params"]
    for parts in ({}, everything(chain, FIRST)):  # made anew, or as it is kept
        view = gathered(chain, **parts).surface
        assert view is not None
        for name, at in view.chosen_index.items():
            assert view.dimensions[name][at] == chosen[name]
        best = max(float(np.nanmax(one)) for one in view.best_by_dimension.values())
        assert best == pytest.approx(made[0][1])
        assert int(np.sum(view.histogram_counts)) == len(made)


def test_the_command_repeats_the_search_the_choice_and_the_limits(chain: Chain) -> None:
    words = shlex.split(gathered(chain, **everything(chain, FIRST)).command)
    assert words[:4] == ["rorq", "materialize", FIRST.key, "--config-json"]
    ops = {name: one["config"] for name, one in json.loads(words[4])["ops"].items()}
    kept = chain.kept("optimization")
    assert ops["optimization"]["search_space"] == kept["search_space"]
    assert ops["optimization"]["seed"] == kept["settings"]["seed"]
    assert ops["best_params"]["selection"] == "smooth"
    assert ops["result_checks"]["max_day_share_fraction"] == 0.22
    assert ops["verdict"] == ops["selection_checks"] == chain.kept("verdict")["limits"]
    without = json.loads(shlex.split(gathered(chain, limits=LIMITS).command)[4])["ops"]
    assert not {"verdict", "selection_checks"} & set(without)


def test_the_index_leads_to_both_ranges_with_the_walk_forward_on_top(chain: Chain) -> None:
    page = chain.page("index")
    assert page.index(f'href="./{SECOND.key}.html"') < page.index(f'href="./{FIRST.key}.html"')
    later = chain.traded(SECOND)
    assert f"{later.return_on_risk_percent:.1f}%" in page
    entry = chain.kept("report")
    assert entry["equity_usd"] == pytest.approx(
        chain.traded().trades.sort_values("exit_time")["net_pnl_usd"].cumsum().tolist(), abs=0.006
    )
    assert entry["out_of_sample_return_on_risk_percent"] is None  # five sessions are needed
    too_few = f"{len(later.trades)} trades in 2 sessions, too few"
    assert entry["out_of_sample_too_few"] == too_few
    assert too_few in page


def test_the_page_shows_the_figures_of_the_trades(chain: Chain) -> None:
    page, traded = chain.page(), chain.traded()
    assert f"${traded.net_pnl_usd:,.2f}" in page
    for price in traded.trades["entry_price"]:
        assert f"{price:.2f}" in page
    assert chain.kept("best_params")["study_name"] in page
