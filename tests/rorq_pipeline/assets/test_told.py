"""What each asset tells Dagster, against figures that are worked out from the sessions."""

from typing import Any

import pytest

from tests.rorq_pipeline.chain_made import FIRST, SECOND, Chain, by_combination
from tests.rorq_pipeline.conftest import SMALL_SPACE, SMALL_STUDY
from tests.spaces import space_of

pytestmark = pytest.mark.timeout(300)  # the chain is made on the way
DIGITS = 6  # that a number on Dagster's page has


def shown(value: float) -> Any:
    return pytest.approx(value, rel=10.0 ** (1 - DIGITS))


def rows(table: str) -> list[list[str]]:
    """The cells of a Markdown table, its head first and the rule left out."""
    lines = [[c.strip() for c in line.strip("|").split("|")] for line in table.splitlines()]
    return [line for line in lines if not line[0].startswith("---")]


def test_validation_tells_what_is_cached(chain: Chain) -> None:
    told = chain.told[FIRST]["validated_cache"]
    bars = sum(len(one.bar_seconds) for one in chain.traded().sessions)
    assert (told["sessions"], told["not_yet_cached"], told["taken_over"]) == (2, 0, 0)
    assert (told["errors"], told["warnings"], told["option_bars"]) == (0, 2, bars)
    assert (told["source"], told["synthetic"]) == ("synthetic", True)
    assert told["data_fingerprint"] == chain.kept("best_params")["data_fingerprint"]


def test_the_study_tells_its_trials(chain: Chain) -> None:
    told, study = chain.told[FIRST]["optimization"], chain.kept("optimization")["study"]
    n = SMALL_STUDY["n_trials"]
    assert [told[name] for name in ("trials", "complete", "evaluated_in_this_run")] == [n] * 3
    names = ("pruned", "duplicates", "duplicates_memory", "duplicates_database", "failed")
    assert [told[name] for name in names] == [0] * 5
    assert (told["sessions"], told["stop_reason"]) == (2, "completed")
    assert (told["resumed"], told["warm_started_from"]) == (False, "none")
    assert told["pruned_by_reason"] == {}
    assert "validated here" not in chain.output[FIRST]  # the manifest vouches for the sessions
    assert told["trials_per_second"] == shown(n / told["seconds"])
    values = dict(by_study_space(chain))
    best = told["return_on_risk_percent"]
    head, first, *others = rows(told["best_trials"])
    assert head == ["trial", "return on risk, %", "trades", *SMALL_SPACE]
    assert first[1] == f"{best:.2f}"
    for row in (first, *others):
        combination = dict(zip(head[3:], row[3:], strict=True))
        assert row[1] == f"{values[tuple(sorted(combination.items()))]:.2f}"
    assert int(first[0]) == study["best_trial_number"]


def by_study_space(chain: Chain) -> list[tuple[tuple[tuple[str, str], ...], float]]:
    """Return on risk of every combination, by its values as texts."""
    made = by_combination(space_of(**SMALL_SPACE), chain.traded().sessions)
    return [(tuple(sorted((k, str(v)) for k, v in one.items())), value) for one, value in made]


def test_the_surface_tells_the_best_of_all(chain: Chain) -> None:
    told = chain.told[FIRST]["parameter_surface"]
    made = by_combination(space_of(**SMALL_SPACE), chain.traded().sessions)
    assert (told["combinations"], told["valid_combinations"]) == (64, len(made))
    assert told["sessions"] == 2
    assert told["return_on_risk_percent"] == shown(made[0][1])
    assert told["plateau_return_on_risk_percent"] <= told["return_on_risk_percent"]
    assert dict(rows(told["best"])[1:]) == {k: str(v) for k, v in made[0][0].items()}
    assert told["surface"].startswith("![surface](data:image/png;base64,")
    assert 0 < told["seconds"] < 60


def test_the_published_parameters_tell_their_trades(chain: Chain) -> None:
    told, traded = chain.told[FIRST]["best_params"], chain.traded()
    pnl = traded.trades["net_pnl_usd"]
    assert told["total_trades"] == len(pnl)
    assert told["net_pnl_usd"] == shown(traded.net_pnl_usd)
    assert told["return_on_risk_percent"] == shown(traded.return_on_risk_percent)
    assert told["win_rate_percent"] == shown(100 * (pnl > 0).sum() / len(pnl))
    assert told["largest_trade_fraction"] == shown(traded.largest_trade_fraction)
    assert told["largest_day_fraction"] == shown(traded.largest_day_fraction)
    counts = traded.counts
    assert (told["stretch_signals"], told["no_fill"]) == (counts.stretch_signals, counts.no_fill)
    assert told["entries_lost"] == counts.valid_entries - len(pnl)
    assert (told["selection"], told["source"], told["publication"]) == ("smooth", "synthetic", 1)
    assert told["study"] == chain.kept("optimization")["study"]["study_name"]
    assert "trial" not in told  # of the study's best alone


def test_regret_and_selections_are_told_of_every_combination(chain: Chain) -> None:
    told = chain.told[FIRST]["best_params"]
    made = [value for _, value in by_combination(space_of(**SMALL_SPACE), chain.traded().sessions)]
    found = chain.kept("optimization")["study"]["best_value"]
    assert told["exact_best_percent"] == shown(made[0])
    assert told["regret_percent_points"] == shown(made[0] - found)
    assert told["rank"] == 1 + sum(value > found + 1e-9 for value in made)
    assert told["valid_combinations"] == len(made)
    assert f"{made[0] - found:.2f} percent points below the exact best" in told["regret"]
    head, *table = rows(told["selections"])
    assert head[:5] == ["selection", "promised, %", "return on risk, %", "trades", "rank"]
    places = {row[0]: row for row in table}
    assert places["study_best"][1:3] == [f"{found:.2f}"] * 2
    chosen = places[told["selection"]]
    assert chosen[1] == f"{told['promised_percent']:.2f}"
    assert chosen[3] == str(told["total_trades"])
    assert rows(told["parameters"])[1:] == [
        [name, str(value)] for name, value in chain.kept("best_params")["trial_params"].items()
    ]


def test_what_follows_is_told_as_it_was_traded(chain: Chain) -> None:
    told, traded = chain.told[FIRST]["out_of_sample"], chain.traded(SECOND)
    assert told["status"] == "measured"
    assert told["total_trades"] == len(traded.trades)
    assert told["net_pnl_usd"] == shown(traded.net_pnl_usd)
    assert told["return_on_risk_percent"] == shown(traded.return_on_risk_percent)
    promised = chain.kept("best_params")["promised_percent"]
    assert told["kept_fraction"] == shown(traded.return_on_risk_percent / promised)
    assert (told["sessions"], told["sessions_missing"], told["sessions_to_come"]) == (2, 0, 0)
    later = chain.told[SECOND]["out_of_sample"]
    assert (later["sessions"], later["sessions_to_come"]) == (0, 2)
    assert "total_trades" not in later


def test_the_walk_forward_is_the_first_choice_on_the_second_range(chain: Chain) -> None:
    told, traded = chain.told[SECOND]["walk_forward"], chain.traded(SECOND)
    assert (told["n_steps"], told["n_sessions"]) == (1, 2)
    assert told["total_trades"] == len(traded.trades)
    assert told["net_pnl_usd"] == shown(traded.net_pnl_usd)
    inside = chain.traded().return_on_risk_percent
    assert told["in_sample_return_on_risk_percent"] == shown(inside)
    assert told["efficiency_ratio"] == shown(traded.return_on_risk_percent / inside)
    assert told["profitable_steps_fraction"] == float(traded.net_pnl_usd > 0)
    assert told["left_out"] == "none"
    choices = [chain.kept("best_params", one)["trial_params"] for one in (FIRST, SECOND)]
    for name, values, unchanged in rows(told["stability"])[1:]:
        assert values == ", ".join(str(choice[name]) for choice in choices)
        assert unchanged == ("100%" if choices[0][name] == choices[1][name] else "0%")
    assert chain.told[FIRST]["walk_forward"]["n_steps"] == 0


def test_the_evidence_says_what_is_not_known(chain: Chain) -> None:
    selection = chain.told[FIRST]["selection_statistics"]
    assert "Too few trials or sessions" in selection["caveat"]
    assert selection["policy_months"] == 0
    assert not {"overfitting_fraction", "selection_test_p_value"} & set(selection)
    matrix = chain.told[FIRST]["walk_forward_matrix"]
    assert (matrix["months"], matrix["policies"], matrix["default_months"]) == (0, 0, 0)
    assert matrix["not_known"] == f"0 of at least 4 whole months up to {FIRST.end_date}"
    assert "default_usd_a_month" not in matrix


def test_the_verdict_is_told_with_its_findings(chain: Chain) -> None:
    for one in (FIRST, SECOND):
        told, kept = chain.told[one]["verdict"], chain.kept("verdict", one)["verdict"]
        assert (told["verdict"], told["decision"]) == (kept["line"], kept["decision"])
        table = [[f["name"], f["level"], f["text"]] for f in kept["findings"]]
        assert rows(told["findings"])[1:] == table
        assert chain.kept("verdict", one)["evidence"]["sessions_with_holes"] == 0
    # two sessions make no blocks to test with, and no month
    assert chain.told[FIRST]["verdict"]["verdict"] == (
        "watch [synthetic data]: selection test not known; "
        f"policy's history not known ({FIRST.key} is not of whole months)"
    )


def test_the_report_tells_where_it_lies(chain: Chain) -> None:
    told = chain.told[FIRST]["report"]
    folder = chain.paths.artifacts / "report"
    page = folder / f"{FIRST.key}.html"
    assert told["bytes"] == page.stat().st_size
    for name in ("equity", "optimization_history", "surface"):
        assert told[name].startswith(f"![{name}](data:image/png;base64,")
    assert told["net_pnl_usd"] == shown(chain.traded().net_pnl_usd)
    assert f"| Net P&L | ${chain.traded().net_pnl_usd:,.2f} |" in told["summary"]
