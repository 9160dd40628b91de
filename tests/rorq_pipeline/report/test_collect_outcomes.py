"""What validation, checks and proofs found, as the report tells it; of inputs made by hand."""

import json
import shlex
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd

from optimize.statistics import VerdictSettings
from rorq_pipeline.project.config import ResultCheckConfig
from rorq_pipeline.report import CheckOutcome, SessionProvenance
from rorq_pipeline.report.collect import (
    _command,
    _provenance,
    _result_checks,
    _validation_checks,
    broken_rules,
    proof_checks,
)
from rorq_pipeline.report.data import BrokenRule
from strategy.market_data.validation import Family, Finding, SessionRecord, Severity, manifest_of
from tests.rorq_pipeline.report.fixtures import RANGE, fabricated_session, proofs, verdict
from tests.rorq_pipeline.results_made import best_params

DAYS = [date(2023, 1, day) for day in (3, 4, 5)]
MEANINGS = {
    "files": "Files are whole, of the right columns and types, and state one source.",
    "timestamps": "Bars lie in their session, in order, each second once.",
    "prices": "Prices are finite, positive and fit within their bar.",
    "chain": "The chain holds today's calls and puts, each contract once.",
    "movement": "No bar jumps away and back, and none is repeated.",
    "coverage": "Underlying and needed contracts have bars throughout the session.",
    "quotes": "Quotes of fills, where there are any, are neither absent, zero, crossed nor stale.",
    "range": "No session is missing, and synthetic and real ones do not meet.",
}


def found(day: int, rule: str, severity: Severity, count: int, family: Family) -> Finding:
    return Finding(
        date=DAYS[day], rule=rule, family=family, severity=severity, file="options.parquet",
        count=count, example="an example",
    )  # fmt: skip


def manifest() -> pd.DataFrame:
    """Three sessions: one rule in all, an error in one, and a rule that is no more."""
    error, warning = Severity.ERROR, Severity.WARNING
    by_day = [
        [
            found(0, "vwap_outside_bar", warning, 3, Family.PRICES),
            found(0, "vwap_outside_bar", warning, 20, Family.PRICES),  # in another file
            found(0, "a_former_rule", warning, 1, Family.MOVEMENT),
        ],
        [
            found(1, "vwap_outside_bar", warning, 100, Family.PRICES),
            found(1, "other_day", error, 7, Family.TIMESTAMPS),
            found(1, "price_spike", warning, 5, Family.MOVEMENT),
        ],
        [found(2, "vwap_outside_bar", warning, 1000, Family.PRICES)],
    ]
    return manifest_of(
        SessionRecord(
            ticker="SPY", date=day, is_cached=True, source="polygon",
            fingerprint=f"{number:064x}", underlying_bars=23_000 + number, option_bars=400 + number,
            findings=tuple(findings),
        )
        for number, (day, findings) in enumerate(zip(DAYS, by_day, strict=True), 1)
    )  # fmt: skip


def test_errors_stand_first_then_the_rule_that_most_sessions_break() -> None:
    warning: dict[str, Any] = {"is_error": False}
    assert broken_rules(manifest()) == [
        BrokenRule(name="other_day", meaning="Bars of another New York day.", is_error=True,
                   n_sessions=1, n_hits=7),
        BrokenRule(name="vwap_outside_bar", n_sessions=3, n_hits=1123, **warning,
                   meaning="A VWAP below the bar's low or above its high. Common in real data, "
                   "since odd lots count in the VWAP but not in the extremes."),
        BrokenRule(name="a_former_rule", meaning="", n_sessions=1, n_hits=1, **warning),
        BrokenRule(name="price_spike", n_sessions=1, n_hits=5, **warning,
                   meaning="A close that jumps for one bar and comes back in the next."),
    ]  # fmt: skip
    assert broken_rules(None) == []


def test_a_family_passes_where_nothing_was_found_and_blocks_where_an_error_was() -> None:
    told = {one.name: one for one in _validation_checks(manifest())}
    sentences = {
        **MEANINGS,
        "prices": "Found: vwap outside bar.",
        "timestamps": "Found: other day.",
        "movement": "Found: a former rule, price spike.",
    }
    assert told == {
        name: CheckOutcome(
            name=name,
            passed=name not in ("prices", "timestamps", "movement"),
            blocking=name == "timestamps",
            sentence=sentence,
            is_about_data=True,
        )
        for name, sentence in sentences.items()
    }
    assert _validation_checks(None) == []


def test_of_a_session_that_was_not_validated_only_the_files_are_told() -> None:
    sessions = [fabricated_session(DAYS[0], 1), fabricated_session(DAYS[1], 99)]
    known, unknown = _provenance(manifest(), sessions)
    assert known == SessionProvenance(
        session=DAYS[0], source="synthetic", fingerprint=f"{1:064x}", n_contracts=34,
        findings=[
            "2023-01-03/options.parquet vwap_outside_bar (3 times): an example",
            "2023-01-03/options.parquet vwap_outside_bar (20 times): an example",
            "2023-01-03/options.parquet a_former_rule: an example",
        ],
        n_underlying_bars=23_001, n_option_bars=401,
    )  # fmt: skip
    assert unknown == SessionProvenance(
        session=DAYS[1], source="synthetic", fingerprint=f"{99:064x}", n_contracts=34
    )
    assert _provenance(None, sessions) == [
        SessionProvenance(
            session=DAYS[0], source="synthetic", fingerprint=f"{1:064x}", n_contracts=34
        ),
        unknown,
    ]


def test_each_proof_is_a_check_that_blocks() -> None:
    made = proofs(best_params())
    differs = replace(made.replay, difference="trade 3 is absent")
    outcomes = proof_checks(made.model_copy(update={"replay": differs}))
    assert outcomes == [
        CheckOutcome(
            name="no_look_ahead", passed=True, blocking=True, is_about_data=False,
            sentence="no look-ahead: 92 decisions under 184 other futures in 13 sessions",
        ),
        CheckOutcome(
            name="replay", passed=False, blocking=True, is_about_data=False,
            sentence="the replay differs: trade 3 is absent",
        ),
    ]  # fmt: skip
    assert proof_checks(None) == []


def test_the_checks_of_the_result_stand_by_the_limits_given() -> None:
    limits = ResultCheckConfig(min_complete_trials=61, complete_trials_severity="ERROR")
    told = _result_checks(best_params(), limits)
    assert [(one.name, one.passed, one.blocking, one.is_about_data) for one in told] == [
        ("enough_complete_trials", False, True, False),
        ("not_one_trade", True, False, False),
        ("not_one_day", True, False, False),
        ("stale_fills", True, False, False),
        ("entries_lost", False, False, False),
    ]
    assert [one.sentence for one in told] == [
        "the study completed 60 trials; expected at least 61",
        "the best trade made 20% of the profit; expected at most 25%",
        "the best session made 40% of the profit; expected at most 50%",
        "8.33% of the fills happened at a stale price; expected at most 25%",
        "6.67% of the entries were lost to contracts without cached bars; expected at most 5%",
    ]


def test_the_command_carries_the_limits_beside_what_was_run() -> None:
    run_config = {
        "ops": {"optimization": {"config": {"fixed_params": {"a": "it's"}}}},
        "resources": {"market_data": {"config": {"folder": "cache"}}},
    }
    limits = ResultCheckConfig(min_complete_trials=61)
    judged = verdict(best_params()).model_copy(
        update={"limits": VerdictSettings(trades_to_trade=77)}
    )
    commands = [shlex.split(_command(RANGE, run_config, limits, one)) for one in (None, judged)]
    for words in commands:
        assert words[:4] == ["rorq", "materialize", "2023-01-03_2023-01-20", "--config-json"]
    without, full = (json.loads(words[4]) for words in commands)
    assert full["resources"] == run_config["resources"]
    assert full["ops"]["optimization"] == run_config["ops"]["optimization"]
    assert full["ops"]["result_checks"]["config"]["min_complete_trials"] == 61
    assert full["ops"]["verdict"]["config"]["trades_to_trade"] == 77
    assert full["ops"].pop("selection_checks") == full["ops"].pop("verdict")
    assert full == without
