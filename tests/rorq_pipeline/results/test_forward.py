from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.forward import record_walk_forward, renewed_record
from rorq_pipeline.results.models import BestParams, WalkForwardRecord
from strategy.backtest import run_backtest
from tests.rorq_pipeline.results.conftest import FIRST, SECOND, Published


def keep_record(record: WalkForwardRecord) -> None:
    record.write_file(WalkForwardRecord.path(SECOND.key))


def publish_anew(best: BestParams, **changes: Any) -> BestParams:
    again = best.model_copy(update=changes)
    again.write_file(BestParams.path(best.date_range))
    return again


def told(record: WalkForwardRecord | None) -> dict[str, Any]:
    assert record is not None
    return record.model_dump(mode="json")


def test_walk_forward_trades_the_first_choice_in_the_second_range(
    published: Published, artifacts: Path
) -> None:
    kept = record_walk_forward(published.best[SECOND], published.market_data, SECOND)
    found = kept.record
    first = published.best[FIRST]
    trades = run_backtest(first.strategy_params, published.market_data.load(SECOND)).trades
    (step,) = found.steps
    assert (step.chosen_in, step.traded_in) == (FIRST.key, SECOND.key)
    assert step.total_trades == found.total_trades == len(trades)
    assert found.net_pnl_usd == pytest.approx(trades["net_pnl_usd"].sum())
    outside = 100 * trades["net_pnl_usd"].sum() / trades["risk_usd"].sum()
    inside = first.metrics.return_on_risk_percent
    assert inside is not None
    assert found.return_on_risk_percent == pytest.approx(outside)
    assert found.in_sample_return_on_risk_percent == pytest.approx(inside)
    assert found.efficiency_ratio == pytest.approx(outside / inside)
    assert found.sessions.dates == SECOND.sessions
    assert found.stability["stretch_threshold"].unchanged_fraction == 1
    assert found.stability["take_profit_percent"].values == (50, 25)
    assert found.stability["take_profit_percent"].unchanged_fraction == 0
    alone = record_walk_forward(first, published.market_data, FIRST)
    assert alone.record.steps == ()


def test_a_known_step_is_not_traded_again_unless_it_changed(
    published: Published, artifacts: Path, tmp_path: Path
) -> None:
    best = published.best[SECOND]
    found = record_walk_forward(best, published.market_data, SECOND)
    keep_record(found)
    nowhere = MarketData(folder=str(tmp_path / "empty"))
    assert told(record_walk_forward(best, nowhere, SECOND)) == told(found)
    changed = best.model_copy(update={"data_fingerprint": "1" * 64})
    without = record_walk_forward(changed, nowhere, SECOND)
    assert without.record.steps == ()
    assert "2023-01-17" in without.left_out[0]


def test_a_known_step_carries_what_is_promised_now(
    published: Published, artifacts: Path, tmp_path: Path
) -> None:
    keep_record(record_walk_forward(published.best[SECOND], published.market_data, SECOND))
    first = published.best[FIRST]
    publish_anew(first, metrics=replace(first.metrics, return_on_risk_percent=3.5))
    nowhere = MarketData(folder=str(tmp_path / "empty"))
    found = record_walk_forward(published.best[SECOND], nowhere, SECOND)
    assert len(found.record.steps) == 1
    assert found.record.in_sample_return_on_risk_percent == 3.5


def test_a_step_on_other_data_than_the_range_was_published_on_is_left_out(
    published: Published, artifacts: Path
) -> None:
    changed = published.best[SECOND].model_copy(update={"data_fingerprint": "1" * 64})
    found = record_walk_forward(changed, published.market_data, SECOND)
    assert found.record.steps == ()
    assert "on which the study was made" in found.left_out[0]
    assert found.record.stability["take_profit_percent"].values == (50, 25)


def test_choices_of_other_fixed_parameters_are_no_part_of_the_curve(
    published: Published, artifacts: Path
) -> None:
    first = published.best[FIRST]
    publish_anew(first, strategy_params=first.strategy_params.replacing(contracts_per_trade=10))
    found = record_walk_forward(published.best[SECOND], published.market_data, SECOND)
    assert found.record.steps == ()
    assert found.left_out == (f"{FIRST}: published with contracts_per_trade 10, the latest with 1",)


def test_real_ranges_follow_each_other_whatever_the_provider(
    published: Published, artifacts: Path
) -> None:
    publish_anew(published.best[FIRST], source="legacy+polygon")
    latest = publish_anew(published.best[SECOND], source="polygon")
    assert len(record_walk_forward(latest, published.market_data, SECOND).record.steps) == 1


def test_the_latest_record_is_renewed_when_an_earlier_range_comes_after_it(
    published: Published, artifacts: Path
) -> None:
    first = BestParams.path(FIRST.key)
    away = first.with_suffix(".away")
    first.rename(away)
    keep_record(record_walk_forward(published.best[SECOND], published.market_data, SECOND))
    assert renewed_record(FIRST, published.market_data) is None
    away.rename(first)
    found = renewed_record(SECOND, published.market_data)
    assert found is not None
    assert len(found.record.steps) == 1
    path = WalkForwardRecord.path(SECOND.key)
    assert told(WalkForwardRecord.read_file(path)) == told(found)
    before = path.stat().st_mtime_ns
    renewed_record(SECOND, published.market_data)
    assert path.stat().st_mtime_ns == before  # the same record is not written again


def test_damaged_artifacts_of_other_ranges_are_named_or_made_again(
    published: Published, artifacts: Path
) -> None:
    path = WalkForwardRecord.path(SECOND.key)
    path.parent.mkdir()
    path.write_text("{")
    assert len(told(renewed_record(SECOND, published.market_data))["record"]["steps"]) == 1
    BestParams.path(FIRST.key).write_text("[1")
    found = told(renewed_record(SECOND, published.market_data))
    assert found["record"]["steps"] == []
    (reason,) = found["left_out"]
    assert f"{FIRST.key}.json" in reason
    assert f"rorq materialize {FIRST.key} --select best_params" in reason


def test_other_files_and_other_kinds_of_data_are_no_choices(
    published: Published, artifacts: Path
) -> None:
    (artifacts / "best_params" / "notes.json").write_text("{}")
    publish_anew(published.best[FIRST], source="polygon")
    found = record_walk_forward(published.best[SECOND], published.market_data, SECOND)
    assert (found.record.steps, found.left_out) == ((), ())
