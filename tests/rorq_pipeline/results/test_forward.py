from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optimize.statistics import SessionSums, WalkForwardStep, walk_forward
from rorq_pipeline.project.paths import ProjectPaths
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.forward import record_walk_forward, renewed_record
from rorq_pipeline.results.models import BestParams, StepIdentity, WalkForwardRecord
from strategy.backtest import ENGINE_VERSION, run_backtest
from strategy.backtest_range import BacktestRange
from strategy.params import StrategyParams
from strategy.session import data_fingerprint
from tests.rorq_pipeline.results.conftest import FIRST, SECOND, Published
from tests.rorq_pipeline.results_made import best_params


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


def test_in_a_range_that_overlaps_only_its_later_sessions_are_traded(
    published: Published, artifacts: Path
) -> None:
    over = BacktestRange(date(2023, 1, 9), date(2023, 1, 24))
    sessions = published.market_data.load(over)
    changes = {"date_range": over.key, "data_fingerprint": data_fingerprint(sessions)}
    best = published.best[SECOND].model_copy(update=changes)
    (step,) = record_walk_forward(best, published.market_data, over).record.steps
    trades = run_backtest(
        published.best[FIRST].strategy_params, published.market_data.load(SECOND)
    ).trades
    assert step.sessions.dates == SECOND.sessions
    assert step.net_pnl_usd == pytest.approx(trades["net_pnl_usd"].sum())


def test_a_step_of_which_no_session_is_cached_yet_has_none(
    published: Published, artifacts: Path
) -> None:
    folder = artifacts / "best_params"
    until_then = f"{FIRST.start_date}_{SECOND.end_date}"
    (folder / f"{FIRST.key}.json").rename(folder / f"{until_then}.json")
    (folder / f"{SECOND.key}.json").unlink()
    longer = BacktestRange(SECOND.start_date, date(2023, 1, 27))
    best = published.best[SECOND].model_copy(update={"date_range": longer.key})
    found = record_walk_forward(best, published.market_data, longer)
    assert [step.sessions.dates for step in found.record.steps] == [()]


@pytest.fixture
def nowhere(project: ProjectPaths) -> MarketData:
    """No session is cached: what was not traded before is left out."""
    return MarketData(folder=str(project.root / "empty"))


def keep_choice(project: ProjectPaths, name: str, value: int, **fields: Any) -> BestParams:
    """Has a take profit published under a name."""
    best = best_params(date_range=name, trial_params={"take_profit_percent": value}, **fields)
    best.write_file(project.artifacts / "best_params" / f"{name}.json")
    return best


def test_choices_are_those_of_ranges_that_end_before_and_are_of_the_same_kind(
    project: ProjectPaths, nowhere: MarketData
) -> None:
    folder = project.artifacts / "best_params"
    december, january = "2022-12-01_2022-12-30", "2023-01-03_2023-01-27"
    february, march = "2023-02-01_2023-02-17", "2023-03-01_2023-03-31"
    best = keep_choice(project, march, 9)
    (folder / "0.json").write_text("{}")  # no result
    (folder / "2022-11-01_2022-11-30.json").write_text("{}")  # damaged
    keep_choice(project, december, 1)
    keep_choice(project, "2023-01-01_2023-01-27", 20)  # the sessions of January once more
    keep_choice(project, january, 3)
    keep_choice(project, "2023-01-03_2023-01-28", 21)
    keep_choice(project, "2023-02-01_2023-02-18", 5)  # nothing under the range's own dates
    keep_choice(project, "2023-02-01_2023-02-19", 22)
    keep_choice(project, "2023-01-09_2023-01-20", 23, source="synthetic")
    for ticker in ("QQQ", "XSP"):
        keep_choice(project, f"{ticker}_2023-01-09_2023-01-20", 24, ticker=ticker)
    keep_choice(project, "2023-03-02_2023-03-31", 25)  # ends with the latest
    keep_choice(project, "2023-04-03_2023-04-28", 26)
    found = record_walk_forward(best, nowhere, BacktestRange.parse(march))
    assert found.record.stability["take_profit_percent"].values == (1, 3, 5, 9)
    assert found.record.steps == ()
    assert [reason.partition(": ")[0] for reason in found.left_out] == [
        str(folder / "2022-11-01_2022-11-30.json"),
        f"{december} in {january}",
        f"{january} in {february}",
        f"{february} in {march}",
    ]


def test_steps_are_known_from_the_record_of_any_range(
    project: ProjectPaths, nowhere: MarketData
) -> None:
    keys = ["2023-01-03_2023-01-04", "2023-01-05_2023-01-06", "2023-01-09_2023-01-10",
            "2023-01-11_2023-01-12"]  # fmt: skip
    for value, key in enumerate(keys):
        best = keep_choice(project, key, value, data_fingerprint=f"{value}" * 64)
    first = keep_known_step(keys[0], keys[1], StepIdentity(
        strategy_params=StrategyParams(), engine_version=ENGINE_VERSION,
        data_fingerprint="1" * 64, first_session=date(2023, 1, 5),
    ), pnl_usd=11.0)  # fmt: skip
    third = keep_known_step(keys[2], keys[3], StepIdentity(
        strategy_params=StrategyParams(), engine_version=ENGINE_VERSION,
        data_fingerprint="3" * 64, first_session=date(2023, 1, 11),
    ), pnl_usd=13.0)  # fmt: skip
    found = record_walk_forward(best, nowhere, BacktestRange.parse(keys[3]))
    assert found.identities == (first, third)
    steps = [(step.chosen_in, step.traded_in, step.net_pnl_usd) for step in found.record.steps]
    assert steps == [(keys[0], keys[1], 22.0), (keys[2], keys[3], 26.0)]
    (reason,) = found.left_out
    assert reason.startswith(f"{keys[1]} in {keys[2]}: ")


def keep_known_step(
    chosen_in: str, traded_in: str, identity: StepIdentity, *, pnl_usd: float
) -> StepIdentity:
    """Has a record of one step kept, with the same P&L in each of its two sessions."""
    sums = SessionSums(
        dates=BacktestRange.parse(traded_in).sessions, trades=np.ones(2, np.int64),
        winners=np.ones(2, np.int64), net_pnl_usd=np.full(2, pnl_usd), risk_usd=np.full(2, 50.0),
    )  # fmt: skip
    step = WalkForwardStep(
        chosen_in=chosen_in, traded_in=traded_in, params={},
        in_sample_return_on_risk_percent=None, sessions=sums,
    )  # fmt: skip
    record = WalkForwardRecord(
        record=walk_forward([step], [{}]), identities=(identity,), left_out=()
    )
    record.write_file(WalkForwardRecord.path(traded_in))
    return identity


def test_the_first_fixed_parameter_that_differs_is_named(
    project: ProjectPaths, nowhere: MarketData
) -> None:
    keys = ["2023-01-03_2023-01-04", "2023-01-05_2023-01-06", "2023-01-09_2023-01-10"]
    for key, contracts, latency_seconds in zip(keys, (10, 1, 5), (0, 9, 1), strict=True):
        params = StrategyParams(contracts_per_trade=contracts, latency_seconds=latency_seconds)
        best = keep_choice(project, key, 50, strategy_params=params)
    assert record_walk_forward(best, nowhere, BacktestRange.parse(keys[2])).left_out == (
        f"{keys[0]}: published with contracts_per_trade 10, the latest with 5",
        f"{keys[1]}: published with contracts_per_trade 1, the latest with 5",
    )


@pytest.mark.parametrize("former", ["!", "~"])
def test_any_other_record_is_replaced(
    project: ProjectPaths, nowhere: MarketData, former: str
) -> None:
    key = "2023-01-03_2023-01-04"
    keep_choice(project, key, 50)
    path = WalkForwardRecord.path(key)
    path.parent.mkdir()
    path.write_text(former)
    made = renewed_record(BacktestRange.parse(key), nowhere)
    assert told(WalkForwardRecord.read(key)) == told(made)
