"""What the checks say of a real chain, against figures that are worked out from the sessions."""

from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from strategy.backtest import run_backtest
from strategy.params import StrategyParams
from tests.rorq_pipeline.chain_made import FIRST, SECOND, Chain
from tests.rorq_pipeline.checks.conftest import outcome

pytestmark = pytest.mark.timeout(300)  # the chain is made on the way


def said(chain: Chain, name: str, date_range: Any = FIRST) -> dict[str, Any]:
    """A check's outcome with the figures in its metadata."""
    return outcome(chain.checks[date_range][name])


def test_every_check_was_evaluated_for_each_range_on_its_asset(chain: Chain) -> None:
    on = {
        "validated_cache": {"files", "timestamps", "prices", "chain", "movement", "coverage",
                            "range", "quotes", "cache_is_recent"},
        "parameter_surface": {"every_combination_evaluated"},
        "best_params": {"no_look_ahead", "replay", "adverse_fills", "survives_quotes",
                        "enough_complete_trials", "not_one_trade", "not_one_day", "stale_fills",
                        "entries_lost"},
        "out_of_sample": {"earns_out_of_sample"},
        "selection_statistics": {"overfitting", "deflated_sharpe", "superior_ability"},
        "verdict": {"worth_trading"},
    }  # fmt: skip
    for date_range in (FIRST, SECOND):
        made = chain.checks[date_range]
        for asset, names in on.items():
            assert {made[name].asset_key for name in names} == {dg.AssetKey(asset)}
        assert set(made) == set().union(*on.values())
        blocking = {name for name, check in made.items() if check.blocking}
        assert blocking == {*on["validated_cache"], "replay"} - {"cache_is_recent"}


@pytest.mark.parametrize("date_range", [FIRST, SECOND])
def test_shares_of_the_profit_are_held_to_their_limits(chain: Chain, date_range: Any) -> None:
    best = chain.kept("best_params", date_range)
    traded = replace(chain.traded(date_range), params=params(best))
    for name, what, found, limit in (
        ("not_one_trade", "trade", traded.largest_trade_fraction, 0.25),
        ("not_one_day", "session", traded.largest_day_fraction, 0.5),
    ):
        told = said(chain, name, date_range)
        assert told["value"] == pytest.approx(found)
        assert (told["passed"], told["severity"]) == (found <= limit, "WARN")
        words = f"the best {what} made {100 * found:.3g}% of the profit"
        assert told["text"] == f"{words}; expected at most {100 * limit:g}%"
        assert told["expected"] == f"at most {100 * limit:g}%"


def params(best: dict[str, Any]) -> Any:
    return StrategyParams(**best["strategy_params"])


def test_trials_and_lost_entries_are_counted(chain: Chain) -> None:
    trials = said(chain, "enough_complete_trials")
    assert (trials["passed"], trials["value"]) == (False, 10)
    assert trials["text"] == "the study completed 10 trials; expected at least 50"
    counts = run_backtest(params(chain.kept("best_params", SECOND)),
                          chain.traded(SECOND).sessions).counts  # fmt: skip
    lost = said(chain, "entries_lost", SECOND)
    assert lost["value"] == counts.missing_contract_data / counts.valid_entries
    assert said(chain, "stale_fills")["value"] == 0


def test_the_proofs_say_how_much_was_proven(chain: Chain) -> None:
    trades = len(chain.traded().trades)
    replayed = said(chain, "replay")
    value = chain.traded().return_on_risk_percent
    assert (replayed["passed"], replayed["n_trades"]) == (True, trades)
    assert f"same {trades} trades and return_on_risk_percent {value:.4f}%" in replayed["text"]
    ahead = said(chain, "no_look_ahead")
    kept = chain.kept("proofs")["look_ahead"]
    assert (ahead["passed"], ahead["severity"]) == (True, "ERROR")
    assert (ahead["n_moments"], ahead["n_decisions"]) == (kept["n_moments"], kept["n_decisions"])


def test_other_fills_are_told_with_what_they_make(chain: Chain) -> None:
    told = said(chain, "adverse_fills")
    by_name = {one["name"]: one["metrics"] for one in chain.kept("proofs")["fills"]["scenarios"]}
    adverse = by_name["adverse"]["return_on_risk_percent"]
    assert by_name["base"]["net_pnl_usd"] == pytest.approx(chain.traded().net_pnl_usd)
    assert (told["passed"], told["severity"]) == (adverse > 0, "WARN")
    assert told["text"] == f"return on risk {adverse:.2f}% under adverse fills; expected above 0"
    table = [[c.strip() for c in row.strip("|").split("|")] for row in
             told["scenarios"].splitlines()[2:]]  # fmt: skip
    assert {row[0]: row[2:] for row in table} == {
        name: [f"{one['return_on_risk_percent']:.2f}", str(one["total_trades"])]
        for name, one in by_name.items()
    }


def test_at_quotes_every_fill_is_counted(chain: Chain) -> None:
    told, n_fills = said(chain, "survives_quotes"), 2 * len(chain.traded().trades)
    assert (told["passed"], told["severity"]) == (True, "WARN")
    assert (told["n_fills"], told["n_missing"]) == (n_fills, 0)
    value = chain.kept("proofs")["fills"]["quotes"]["metrics"]["return_on_risk_percent"]
    assert told["text"].startswith(f"return on risk {value:.2f}% at quotes; expected above 0; ")
    assert f"{n_fills} of {n_fills} fills at quotes" in told["text"]


def test_what_follows_is_judged_and_nothing_is_no_pass(chain: Chain) -> None:
    traded = chain.traded(SECOND)
    told = said(chain, "earns_out_of_sample")
    assert told["passed"] == (traded.return_on_risk_percent > 0)
    assert told["return_on_risk_percent"] == pytest.approx(traded.return_on_risk_percent)
    assert told["text"].startswith(
        f"return on risk {traded.return_on_risk_percent:.2f}% on 2 sessions"
    )
    assert (told["sessions"], told["sessions_to_come"]) == (2, 0)
    later = said(chain, "earns_out_of_sample", SECOND)
    assert (later["passed"], later["severity"]) == (False, "WARN")
    assert later["text"] == "no following session is cached yet"
    assert (later["sessions"], later["sessions_to_come"]) == (0, 2)


def test_statistics_of_two_sessions_are_not_known_and_warn(chain: Chain) -> None:
    for name, bound in (
        ("overfitting", "at most 0.25"),
        ("deflated_sharpe", "at least 0.9"),
        ("superior_ability", "at most 0.1"),
    ):
        told = said(chain, name)
        assert (told["passed"], told["severity"], told["expected"]) == (False, "WARN", bound)
        assert told["text"].startswith(f"not known; expected {bound}. ")
    assert said(chain, "overfitting")["n_sessions"] == 2


def test_what_holds_of_the_chain_passes(chain: Chain) -> None:
    assert said(chain, "cache_is_recent") == {
        "passed": True,
        "severity": "WARN",
        "text": "an earlier range, or synthetic sessions: they do not age",
        "sessions_behind": 0,
    }
    assert said(chain, "every_combination_evaluated") == {
        "passed": True,
        "severity": "WARN",
        "text": "every combination is evaluated",
    }


def test_each_family_of_rules_tells_its_findings(chain: Chain) -> None:
    told = said(chain, "prices")
    assert (told["passed"], told["severity"]) == (False, "WARN")
    assert (told["errors"], told["warnings"]) == (0, 2)
    assert "(and 1 more); compare with another source" in told["text"]
    table = told["findings"].splitlines()
    assert len(table) == 4
    assert table[2].startswith("| warning | 2023-01-03 | underlying.parquet | vwap_outside_bar |")
    sound = said(chain, "files")
    assert (sound["passed"], sound["text"], sound["findings"]) == (True, *["nothing found"] * 2)
