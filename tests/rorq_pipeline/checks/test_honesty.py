"""What the proofs say as checks, of proofs that are written by hand."""

from dataclasses import replace

import dagster as dg
import pytest

from rorq_pipeline.checks.honesty import proof_results, proofs
from rorq_pipeline.results.models import Proofs
from strategy.proofs.at_quotes import AtQuotes
from tests.rorq_pipeline.checks.conftest import outcome
from tests.rorq_pipeline.report import fixtures
from tests.rorq_pipeline.results_made import METRICS, best_params

MADE = fixtures.proofs(best_params())
HEAD = """| fills | meaning | return on risk, % | trades |
| --- | --- | ---: | ---: |
| optimistic | no slippage | 15.10 | 12 |
| base | $0.02 slippage, 1 s latency | 12.00 | 12 |
| adverse | $0.04 slippage, worse side of the bar, 2 s latency |"""
LAST = "| latest_bar | at the latest bar, however old | 13.10 | 12 |"


def with_fills(adverse_percent: float | None, quotes: AtQuotes | None = None) -> Proofs:
    """The same proofs, with what the adverse fills and the quotes make of the result."""
    scenarios = tuple(
        replace(one, metrics=replace(one.metrics, return_on_risk_percent=adverse_percent))
        if one.name == "adverse"
        else one
        for one in MADE.fills.scenarios
    )
    fills = replace(MADE.fills, scenarios=scenarios, quotes=quotes)
    return MADE.model_copy(update={"fills": fills})


def at_quotes(percent: float, n_missing: int) -> AtQuotes:
    """Twenty-four fills, one of them at a crossed quote and some without one."""
    return AtQuotes(
        metrics=replace(METRICS, return_on_risk_percent=percent), n_fills=24, n_missing=n_missing,
        n_zero=0, n_crossed=1, n_stale=0, mean_spread_usd=0.03,
    )  # fmt: skip


def test_each_proof_is_told_with_what_was_tried() -> None:
    results = proof_results(MADE)
    assert {one.asset_key for one in results} == {dg.AssetKey("best_params")}
    assert {one.check_name: outcome(one) for one in results} == {
        "no_look_ahead": {
            "passed": True,
            "severity": "ERROR",
            "text": "no look-ahead: 92 decisions under 184 other futures in 13 sessions",
            "n_moments": 184,
            "n_decisions": 92,
        },
        "replay": {
            "passed": True,
            "severity": "ERROR",
            "text": "the replay gives the same 12 trades and return_on_risk_percent 12.0000%",
            "n_trades": 12,
        },
        "adverse_fills": {
            "passed": False,
            "severity": "WARN",
            "text": "return on risk -2.40% under adverse fills; expected above 0",
            "scenarios": f"{HEAD} -2.40 | 12 |\n{LAST}",
        },
        "survives_quotes": {
            "passed": False,
            "severity": "WARN",
            "text": "no quotes of these fills; `rorq quotes RANGE` brings them",
        },
    }


@pytest.mark.parametrize(
    ("value", "passed", "found", "cell"),
    [
        (0.5, True, "return on risk 0.50%", "0.50"),
        (0.0, False, "return on risk 0.00%", "0.00"),
        (None, False, "no trade", ""),
    ],
)
def test_adverse_fills_must_earn(value: float | None, passed: bool, found: str, cell: str) -> None:
    assert outcome(proof_results(with_fills(value))[2]) == {
        "passed": passed,
        "severity": "WARN",
        "text": f"{found} under adverse fills; expected above 0",
        "scenarios": f"{HEAD} {cell} | 12 |\n{LAST}",
    }


@pytest.mark.parametrize(
    ("value", "n_missing", "passed", "found"),
    [
        (0.5, 1, True, "0.50%"),
        (0.0, 1, False, "0.00%"),
        (-3.0, 1, False, "-3.00%"),
        (9.0, 5, False, "not known"),  # too few fills have a quote
    ],
)
def test_at_quotes_the_result_must_earn_and_be_known(
    value: float, n_missing: int, passed: bool, found: str
) -> None:
    faults = f"{23 - n_missing} of 24 fills at quotes, {n_missing} without a quote"
    made = with_fills(1.0, at_quotes(value, n_missing))
    assert outcome(proof_results(made)[3]) == {
        "passed": passed,
        "severity": "WARN",
        "text": f"return on risk {found} at quotes; expected above 0; {faults}, "
        "1 at a crossed quote",
        "n_fills": 24,
        "n_missing": n_missing,
        "n_zero": 0,
        "n_crossed": 1,
        "n_stale": 0,
        "mean_spread_usd": 0.03,
    }


def test_what_a_proof_refutes_fails_loudly() -> None:
    refuted = MADE.model_copy(
        update={
            "look_ahead": replace(MADE.look_ahead, violations=("2023-01-03: x was 1",)),
            "replay": replace(MADE.replay, difference="trade 3"),
        }
    )
    ahead, replayed, *_ = map(outcome, proof_results(refuted))
    tried = "92 decisions under 184 other futures in 13 sessions"
    assert ahead == {
        "passed": False,
        "severity": "ERROR",
        "text": f"1 faults in {tried}; first: 2023-01-03: x was 1",
        "n_moments": 184,
        "n_decisions": 92,
    }
    assert replayed == {
        "passed": False,
        "severity": "ERROR",
        "text": "the replay differs: trade 3",
        "n_trades": 12,
    }


def test_each_proof_can_be_made_alone_and_the_replay_blocks() -> None:
    assert proofs.can_subset
    assert {spec.name: spec.blocking for spec in proofs.check_specs} == {
        "no_look_ahead": False,
        "replay": True,
        "adverse_fills": False,
        "survives_quotes": False,
    }
