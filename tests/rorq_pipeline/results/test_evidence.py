import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from optimize.verdict_settings import VerdictSettings
from rorq_pipeline.dagster_support.resources import MarketData
from rorq_pipeline.project.cache_scan import scan_cache
from rorq_pipeline.results import identity
from rorq_pipeline.results.evidence import measure_out_of_sample, measure_selection, reach_verdict
from rorq_pipeline.results.forward import record_walk_forward, renewed_record
from rorq_pipeline.results.identity import of_result
from rorq_pipeline.results.proofs import keep_proofs, kept_proofs, prove
from strategy.backtest import run_backtest
from strategy.errors import StudyMismatchError
from strategy.market_data.layout import session_folder
from strategy.params import StrategyParams
from tests.rorq_pipeline.results.conftest import FIRST, SECOND, Published


def keep_record(artifacts: Path, record: dict[str, Any]) -> None:
    path = artifacts / "walk_forward" / f"{SECOND.key}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record), encoding="utf-8")


def test_out_of_sample_trades_the_sessions_after_the_range(published: Published) -> None:
    best = published.best[FIRST]
    found = measure_out_of_sample(best, published.market_data, FIRST)
    params = StrategyParams.from_json_dict(best["strategy_params"])
    expected = run_backtest(params, published.market_data.load(SECOND)).metrics
    assert found["metrics"] == expected.as_dict()
    assert (found["n_sessions"], found["n_wanted"], found["n_to_come"]) == (6, 9, 3)
    assert found["first_session"] == "2023-01-17"
    scan = scan_cache(published.cache, "SPY").signatures
    assert found["looked_at"] == {day.isoformat(): scan[day] for day in SECOND.sessions}
    assert found["selections"]["exact_best"]["total_trades"] == expected.total_trades
    json.dumps(found, allow_nan=False)


def test_out_of_sample_of_the_last_range_is_not_yet(published: Published) -> None:
    found = measure_out_of_sample(published.best[SECOND], published.market_data, SECOND)
    assert found["status"] == "no following session is cached yet"
    assert (found["n_sessions"], found["n_to_come"], found["metrics"]) == (0, 6, None)


def test_synthetic_sessions_do_not_continue_real_ones(published: Published) -> None:
    real = {**published.best[FIRST], "source": "polygon"}
    found = measure_out_of_sample(real, published.market_data, FIRST)
    assert found["n_sessions"] == 0


def test_a_damaged_following_session_does_not_stop_the_range(
    published: Published, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    shutil.copytree(published.cache, cache)
    damaged = session_folder(cache, "SPY", SECOND.sessions[1]) / "options.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    found = measure_out_of_sample(published.best[FIRST], MarketData(folder=str(cache)), FIRST)
    assert found["status"].startswith("a following session cannot be read: ")
    assert "options.parquet" in found["status"]
    assert found["n_sessions"] == 0


def test_selection_statistics_are_those_of_the_studys_space(published: Published) -> None:
    found = measure_selection(
        published.best[FIRST], published.optimization[FIRST], published.market_data, FIRST
    )
    assert found["absent"] is None
    assert found["overfitting"]["n_sessions"] == 9
    assert found["overfitting"]["n_blocks"] == 8
    assert 2 <= found["overfitting"]["n_trials"] <= 192
    assert 0 <= found["overfitting"]["probability_fraction"] <= 1
    assert found["deflated_sharpe"]["n_sessions"] == 9
    json.dumps(found, allow_nan=False)


def test_statistics_of_another_study_are_refused(published: Published) -> None:
    other = {**published.optimization[FIRST], "study_name": "another"}
    with pytest.raises(StudyMismatchError, match="is another; expected study, from which"):
        measure_selection(published.best[FIRST], other, published.market_data, FIRST)


def test_evidence_of_an_earlier_version_is_not_of_this_result(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = published.best[FIRST]
    outside = measure_out_of_sample(best, published.market_data, FIRST)
    assert of_result(best, outside) == outside
    monkeypatch.setattr(identity, "EVIDENCE_VERSION", identity.EVIDENCE_VERSION + 1)
    assert of_result(best, outside) is None


def test_a_space_too_large_for_the_surface_leaves_figures_unknown(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = {
        **published.optimization[FIRST],
        "search_space": {
            **published.optimization[FIRST]["search_space"],
            "stretch_threshold": [i / 1e6 for i in range(1, 40_000)],
            "take_profit_percent": list(range(1, 200)),
        },
    }
    found = measure_selection(published.best[FIRST], large, published.market_data, FIRST)
    assert "GiB" in found["absent"]
    assert found["overfitting"]["probability_fraction"] is None
    assert found["superior_ability"]["p_value_fraction"] is None


def test_proofs_pass_on_an_honest_result_and_are_kept_for_it_alone(
    published: Published, first_proofs: dict[str, Any], artifacts: Path
) -> None:
    best, made = published.best[FIRST], first_proofs
    assert kept_proofs(best, FIRST) is None
    assert made["look_ahead"]["passed"], made["look_ahead"]["summary"]
    assert made["replay"]["passed"], made["replay"]["summary"]
    assert [one["name"] for one in made["fills"]["scenarios"]][:3] == [
        "optimistic",
        "base",
        "adverse",
    ]
    keep_proofs(made, FIRST)
    assert kept_proofs(best, FIRST) == made
    changed = {**best, "metrics": {**best["metrics"], "net_pnl_usd": 1.0}}
    assert kept_proofs(changed, FIRST) is None


def test_a_published_figure_that_is_not_so_fails_the_replay(published: Published) -> None:
    best = published.best[FIRST]
    better = {**best["metrics"], "return_on_risk_percent": 99.0}
    made = prove({**best, "metrics": better}, published.market_data, FIRST)
    assert not made["replay"]["passed"]
    assert "return_on_risk_percent" in made["replay"]["summary"]


def test_proofs_refuse_other_data(published: Published) -> None:
    with pytest.raises(StudyMismatchError):
        prove({**published.best[FIRST], "data_fingerprint": "0" * 64}, published.market_data, FIRST)


def test_the_verdict_rests_on_all_of_it(published: Published, first_proofs: dict[str, Any]) -> None:
    best = published.best[FIRST]
    outside = measure_out_of_sample(best, published.market_data, FIRST)
    statistics = measure_selection(
        best, published.optimization[FIRST], published.market_data, FIRST
    )
    found = reach_verdict(best, statistics, outside, first_proofs, VerdictSettings())
    assert found["decision"] in ("trade", "watch", "reject")
    assert "[synthetic data]" in found["line"]
    evidence = found["evidence"]
    assert evidence["total_trades"] == best["metrics"]["total_trades"]
    assert evidence["no_look_ahead"] is True
    params = StrategyParams.from_json_dict(best["strategy_params"])
    traded = run_backtest(params, published.market_data.load(SECOND)).trades["session_date"]
    assert evidence["out_of_sample_traded_sessions"] == traded.nunique() == 5  # of six
    assert found["limits"] == VerdictSettings().model_dump()
    assert None not in evidence.values()
    cheat = {**first_proofs, "look_ahead": {**first_proofs["look_ahead"], "passed": False}}
    assert (
        reach_verdict(best, statistics, outside, cheat, VerdictSettings())["decision"] == "reject"
    )


def test_walk_forward_trades_the_first_choice_in_the_second_range(
    published: Published, artifacts: Path
) -> None:
    found = record_walk_forward(published.best[SECOND], published.market_data, SECOND)
    outside = measure_out_of_sample(published.best[FIRST], published.market_data, FIRST)
    assert found["n_steps"] == 1
    assert found["net_pnl_usd"] == pytest.approx(outside["metrics"]["net_pnl_usd"])
    assert len(found["session_dates"]) == len(found["equity_usd"]) == 6
    assert found["stability"]["stretch_threshold"]["unchanged_fraction"] == 1
    assert found["stability"]["take_profit_percent"]["values"] == [50, 25]
    assert found["stability"]["take_profit_percent"]["unchanged_fraction"] == 0
    json.dumps(found, allow_nan=False)
    first = record_walk_forward(published.best[FIRST], published.market_data, FIRST)
    assert first["n_steps"] == 0


def test_a_known_step_is_not_traded_again_unless_it_changed(
    published: Published, artifacts: Path, tmp_path: Path
) -> None:
    best = published.best[SECOND]
    found = record_walk_forward(best, published.market_data, SECOND)
    keep_record(artifacts, found)
    nowhere = MarketData(folder=str(tmp_path / "empty"))
    assert record_walk_forward(best, nowhere, SECOND) == found
    changed = {**best, "data_fingerprint": "1" * 64}
    without = record_walk_forward(changed, nowhere, SECOND)
    assert without["n_steps"] == 0
    assert "2023-01-17" in without["left_out"][0]


def test_a_known_step_carries_what_is_promised_now(
    published: Published, artifacts: Path, tmp_path: Path
) -> None:
    keep_record(
        artifacts, record_walk_forward(published.best[SECOND], published.market_data, SECOND)
    )
    again = {**published.best[FIRST]}
    again["metrics"] = {**again["metrics"], "return_on_risk_percent": 3.5}
    (artifacts / "best_params" / f"{FIRST.key}.json").write_text(json.dumps(again))
    nowhere = MarketData(folder=str(tmp_path / "empty"))
    found = record_walk_forward(published.best[SECOND], nowhere, SECOND)
    assert found["n_steps"] == 1
    assert found["in_sample_return_on_risk_percent"] == 3.5


def test_a_step_on_other_data_than_the_range_was_published_on_is_left_out(
    published: Published, artifacts: Path
) -> None:
    changed = {**published.best[SECOND], "data_fingerprint": "1" * 64}
    found = record_walk_forward(changed, published.market_data, SECOND)
    assert found["n_steps"] == 0
    assert "on which the study was made" in found["left_out"][0]
    assert found["stability"]["take_profit_percent"]["values"] == [50, 25]


def test_choices_of_other_fixed_parameters_are_no_part_of_the_curve(
    published: Published, artifacts: Path
) -> None:
    large = {**published.best[FIRST]}
    large["strategy_params"] = {**large["strategy_params"], "contracts_per_trade": 10}
    (artifacts / "best_params" / f"{FIRST.key}.json").write_text(json.dumps(large))
    found = record_walk_forward(published.best[SECOND], published.market_data, SECOND)
    assert found["n_steps"] == 0
    assert found["left_out"] == [
        f"{FIRST}: published with contracts_per_trade 10, the latest with 1"
    ]


def test_real_ranges_follow_each_other_whatever_the_provider(
    published: Published, artifacts: Path
) -> None:
    for date_range, source in ((FIRST, "legacy+polygon"), (SECOND, "polygon")):
        content = {**published.best[date_range], "source": source}
        (artifacts / "best_params" / f"{date_range.key}.json").write_text(json.dumps(content))
    latest = {**published.best[SECOND], "source": "polygon"}
    assert record_walk_forward(latest, published.market_data, SECOND)["n_steps"] == 1


def test_the_latest_record_is_renewed_when_an_earlier_range_comes_after_it(
    published: Published, artifacts: Path
) -> None:
    first = artifacts / "best_params" / f"{FIRST.key}.json"
    text = first.read_text()
    first.unlink()
    keep_record(
        artifacts, record_walk_forward(published.best[SECOND], published.market_data, SECOND)
    )
    assert renewed_record(FIRST, published.market_data) is None
    first.write_text(text)
    found = renewed_record(SECOND, published.market_data)
    assert found is not None
    assert found["n_steps"] == 1
    kept = json.loads((artifacts / "walk_forward" / f"{SECOND.key}.json").read_text())
    assert kept == json.loads(json.dumps(found))


def test_damaged_artifacts_of_other_ranges_are_named_or_made_again(
    published: Published, artifacts: Path
) -> None:
    keep_record(artifacts, {"steps": []})
    (artifacts / "walk_forward" / f"{SECOND.key}.json").write_text("{")
    found = renewed_record(SECOND, published.market_data)
    assert found is not None
    assert found["n_steps"] == 1
    (artifacts / "best_params" / f"{FIRST.key}.json").write_text("[1")
    found = renewed_record(SECOND, published.market_data)
    assert found is not None
    assert found["n_steps"] == 0
    (reason,) = found["left_out"]
    assert f"{FIRST.key}.json" in reason
    assert f"materialize best_params for {FIRST.key} again" in reason


def test_other_files_and_other_kinds_of_data_are_no_choices(
    published: Published, artifacts: Path
) -> None:
    (artifacts / "best_params" / "notes.json").write_text("{}")
    real = {**published.best[FIRST], "source": "polygon"}
    (artifacts / "best_params" / f"{FIRST.key}.json").write_text(json.dumps(real))
    assert (
        record_walk_forward(published.best[SECOND], published.market_data, SECOND)["n_steps"] == 0
    )


def test_evidence_of_another_result_is_refused(
    published: Published, first_proofs: dict[str, Any]
) -> None:
    best = published.best[FIRST]
    outside = measure_out_of_sample(best, published.market_data, FIRST)
    assert of_result(best, outside) == outside
    anew = {**best, "strategy_params": published.best[SECOND]["strategy_params"]}
    assert of_result(anew, outside) is None
    assert of_result(best, None) is None
    with pytest.raises(StudyMismatchError, match="materialize selection_statistics for 2023-01-03"):
        reach_verdict(anew, outside, outside, first_proofs, VerdictSettings())
