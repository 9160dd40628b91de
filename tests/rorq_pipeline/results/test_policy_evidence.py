"""The policy's history of a range rests on whole months up to its end, and on none after."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pytest

from optimize.choice.policies import DEFAULT_POLICY, FORMER_POLICY, all_policies
from rorq_pipeline.assets.walk_forward_matrix import walk_forward_matrix
from rorq_pipeline.project.choices import fingerprints_of
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results import policy_matrix
from rorq_pipeline.results.models import Optimization
from rorq_pipeline.results.policy_evidence import (
    measure_policy_history,
    nested_policies,
    policies_of,
    walk_policies,
    whole_months,
)
from rorq_pipeline.results.policy_matrix import measure_matrix
from rorq_pipeline.results.published import publish
from strategy.backtest import run_backtest
from strategy.backtest_range import BacktestRange
from strategy.market_data import session_folder
from strategy.market_data.loading import load_days
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.session import data_fingerprint
from strategy.surface.compute import compute_surface
from tests.rorq_pipeline.report import fixtures
from tests.rorq_pipeline.results.conftest import FIRST, Published
from tests.rorq_pipeline.results_made import best_params
from tests.spaces import TOO_LARGE, space_of

DAYS = [date(2022, month, 16) for month in (3, 5, 6, 8, 9, 11, 12)]
DAYS = [date(2022, 2, 16), *DAYS, date(2023, 1, 4)]
RANGE = BacktestRange(date(2022, 12, 1), date(2022, 12, 30))


def test_the_policy_is_the_one_that_was_used() -> None:
    best, made = best_params(n_sessions=9), fixtures.optimization()

    def found(date_range: BacktestRange, **changes: Any) -> tuple[str, object, float]:
        (policy,) = policies_of(best.model_copy(update=changes), made, date_range)
        return policy.rule, policy.lookback_months, policy.min_trades_in_21_sessions

    quarter = BacktestRange(date(2022, 10, 3), date(2022, 12, 30))
    usual: dict[str, Any] = {"selection": "smooth", "min_trades_per_session": 30 / 21}
    assert found(quarter, **usual) == ("smooth", 3, 30)
    assert found(RANGE, **usual | {"min_trades_per_session": 0.5}) == ("smooth", 1, 10.5)
    usual["selection"] = "exact_best"
    assert found(quarter, **usual) == ("exact_best", 3, 30)
    # the study's best: of at least five trades in the nine sessions that it saw
    assert found(RANGE) == ("exact_best", 1, 11.666666667)
    nested = best.model_copy(update={"selection": "nested"})
    policies = policies_of(nested, made, quarter)
    assert {policy.lookback_months for policy in policies} == {3}
    assert {policy.rule for policy in policies} == {
        "exact_best",
        "plateau",
        "lower_bound",
        "smooth",
    }
    assert policies_of(nested, made, FIRST) == nested_policies(FIRST) == ()


@pytest.mark.parametrize(
    ("date_range", "n_months"),
    [
        (FIRST, None),  # nine sessions
        (BacktestRange(date(2022, 12, 2), date(2022, 12, 30)), None),
        (BacktestRange(date(2022, 12, 1), date(2022, 12, 29)), None),
        (BacktestRange(date(2022, 12, 16), date(2023, 1, 13)), None),  # as long as a month
        (BacktestRange(date(2022, 12, 1), date(2022, 12, 31)), 1),
        (BacktestRange(date(2022, 11, 1), date(2023, 1, 31)), 3),
        (BacktestRange(date(2023, 12, 1), date(2024, 1, 31)), 2),
    ],
)
def test_only_a_range_of_whole_months_has_a_policy(
    date_range: BacktestRange, n_months: int | None
) -> None:
    assert whole_months(date_range) == n_months


def test_a_range_that_is_not_of_whole_months_has_no_history(
    months: MarketData, published: Published
) -> None:
    best, made = published.best[FIRST], published.optimization[FIRST]
    found = measure_policy_history(best, made, months, FIRST)
    assert (found.policy, found.months, found.p_value_fraction) == (None, (), None)
    assert found.absent == "2023-01-03_2023-01-13 is not of whole months"


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> MarketData:
    cache = tmp_path_factory.mktemp("months")
    write_samples(cache, DAYS, SampleSettings(seed=8, edge=2.0))
    return MarketData(folder=str(cache))


def test_each_month_is_traded_by_the_choice_of_the_month_before(
    months: MarketData, published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    best, made = published.best[FIRST], published.optimization[FIRST]
    best = best.model_copy(update={"selection": "exact_best", "min_trades_per_session": 1.0})
    found = measure_policy_history(best, made, months, RANGE)
    assert found.months == tuple(f"{day:%Y-%m}" for day in DAYS[1:-1])  # no month after the range
    assert len(found.months) == 7
    assert found.net_pnl_usd == pytest.approx(by_single_backtests(made, months))
    assert len(np.unique(found.net_pnl_usd)) > 3
    again = measure_policy_history(best, made, months, RANGE)  # from kept records
    assert again == found


def test_nested_publishes_by_the_way_that_earned_most_so_far(
    months: MarketData, published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    months = MarketData(folder=months.folder, allow_missing_sessions=True)
    made = study_of(published.optimization[FIRST], months)
    best = publish(made, months, RANGE, selection="nested")
    earned = {
        policy: round(
            sum(
                walk_policies(
                    policies=(policy,),
                    optimization=made,
                    market_data=months,
                    date_range=RANGE,
                    synthetic=True,
                ).net_pnl_usd
            )
        )
        for policy in all_policies(lookbacks=(1,))
    }
    way = max(earned, key=lambda policy: earned[policy])
    assert sorted(earned.values())[-2] < earned[way]
    assert way.rule != DEFAULT_POLICY.rule
    assert (best.selection, best.instead_of) == ("nested", None)
    alone = publish(
        made, months, RANGE, selection=way.rule,
        min_trades_per_session=way.min_trades_in_21_sessions / 21,
    )  # fmt: skip
    assert best.trial_params == alone.trial_params
    assert best.promised_percent == alone.promised_percent
    assert best.selections.keys() - alone.selections.keys() == {"nested"}
    history = measure_policy_history(best, made, months, RANGE)
    assert history.policy == way
    assert history.months == tuple(f"{day:%Y-%m}" for day in DAYS[1:-1])  # none after the range


def test_nested_needs_whole_months(published: Published) -> None:
    best = publish(published.optimization[FIRST], published.market_data, FIRST, selection="nested")
    assert (best.selection, best.instead_of) == ("study_best", "nested")
    assert best.fallback.endswith(
        "or the range is not of whole months that can be walked forward: the study's best is "
        "published"
    )


def study_of(made: Optimization, market_data: MarketData) -> Optimization:
    """A study that found nothing on the range of `months`."""
    study = replace(made.study, best_value=None, best_trial_number=None, best_params={})
    found = data_fingerprint(market_data.load(RANGE))
    return made.model_copy(update={"study": study, "data_fingerprint": found})


def test_the_matrix_trades_each_month_by_earlier_choices(
    months: MarketData, published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    best, made = published.best[FIRST], published.optimization[FIRST]
    found = measure_matrix(best, made, months, RANGE)
    assert found.absent is None
    assert found.months == tuple(f"{day:%Y-%m}" for day in DAYS[1:-1])  # none after the range
    curves = {curve.name: curve for curve in found.curves}
    assert curves["former"].months == found.months
    assert curves["former"].net_pnl_usd == pytest.approx(by_single_backtests(made, months))
    assert curves["default"].months == found.months[2:]  # the first after three months
    former = next(one for one in found.figures if one.policy == FORMER_POLICY)
    assert former.usd_a_month == pytest.approx(np.mean(by_single_backtests(made, months)))
    backs = {one.policy.lookback_months: one.n_months for one in found.figures}
    assert backs == {1: 7, 2: 6, 3: 5, 6: 2, "all": 7}  # 12 months have not been
    assert found.comparison is not None
    assert measure_matrix(best, made, months, RANGE) == found  # from kept records
    with dg.build_asset_context(partition_key=RANGE.key) as context:
        asset = walk_forward_matrix(
            context, market_data=months, optimization=made, best_params=best
        )
    assert asset.value == found
    assert asset.metadata["months"].value == 7


def test_the_matrix_is_not_known_where_it_cannot_be(
    months: MarketData, published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    best, made = published.best[FIRST], published.optimization[FIRST]
    early = BacktestRange(date(2022, 5, 2), date(2022, 5, 31))
    found = measure_matrix(best, made, months, early)
    assert found.absent == "3 of at least 4 whole months up to 2022-05-31"
    assert not (tmp_path / ".rorq").exists()  # nothing was computed
    quarter = BacktestRange(date(2022, 3, 1), date(2022, 5, 31))
    history = measure_policy_history(best, made, months, quarter)
    assert history.absent == "3 of at least 4 whole months up to the range's end"
    cache = tmp_path / "cache"
    write_samples(cache, DAYS[:8], SampleSettings(seed=8, edge=2.0))
    (session_folder(cache, "SPY", DAYS[2]) / "options.parquet").write_bytes(b"damaged")
    found = measure_matrix(best, made, MarketData(folder=str(cache)), RANGE)
    assert found.absent is not None


def test_a_session_that_cannot_be_read_leaves_it_unknown(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    cache = tmp_path / "cache"
    write_samples(cache, DAYS[:8], SampleSettings(seed=8, edge=2.0))
    (session_folder(cache, "SPY", DAYS[2]) / "options.parquet").write_bytes(b"damaged")
    found = measure_policy_history(
        published.best[FIRST], published.optimization[FIRST], MarketData(folder=str(cache)), RANGE
    )
    assert found.p_value_fraction is None
    assert found.absent is not None
    assert "2022-05-16/options.parquet" in found.absent


def test_a_session_that_lacks_a_file_leaves_both_unknown(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    cache = tmp_path / "cache"
    write_samples(cache, DAYS[:8], SampleSettings(seed=8, edge=2.0))
    (session_folder(cache, "SPY", DAYS[2]) / "options.parquet").unlink()
    best, made = published.best[FIRST], published.optimization[FIRST]
    found = measure_matrix(best, made, MarketData(folder=str(cache)), RANGE)
    assert found.absent is not None
    assert found.absent.startswith("session SPY 2022-05-16: options.parquet cannot be read")
    history = measure_policy_history(best, made, MarketData(folder=str(cache)), RANGE)
    assert (history.months, history.absent) == ((), found.absent)


def test_a_space_too_large_for_the_matrix_leaves_it_unknown_and_loads_nothing(
    months: MarketData, published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    best, made = published.best[FIRST], published.optimization[FIRST]
    made = made.model_copy(update={"search_space": space_of(**TOO_LARGE)})
    four_months = BacktestRange(date(2022, 6, 1), date(2022, 6, 30))
    found = measure_matrix(best, made, months, four_months)  # as few as there may be
    assert found.absent is not None
    assert found.absent.startswith("a search space of 100,000,000 combinations needs")
    history = measure_policy_history(
        best.model_copy(update={"selection": "smooth"}), made, months, RANGE
    )
    assert history.absent is not None
    assert history.absent.startswith("a search space of 100,000,000 combinations needs")
    assert not (tmp_path / ".rorq" / "prepared").exists()


def test_a_session_that_changes_meanwhile_is_told(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    cache = tmp_path / "cache"
    write_samples(cache, DAYS[:8], SampleSettings(seed=8, edge=2.0))

    def hashed_before(*asked: Any) -> Mapping[date, str]:
        found = fingerprints_of(*asked)
        write_samples(cache, [DAYS[3]], SampleSettings(seed=9), force=True)
        return found

    monkeypatch.setattr(policy_matrix, "fingerprints_of", hashed_before)
    found = measure_matrix(
        published.best[FIRST], published.optimization[FIRST], MarketData(folder=str(cache)), RANGE
    )
    assert found.absent is not None
    assert found.absent.startswith("session SPY 2022-06-16 has fingerprint")


def by_single_backtests(made: Optimization, market_data: MarketData) -> list[float]:
    """Each session's exact best, from a surface of that session alone, traded in the next."""
    sessions = load_days(market_data.cache_of("SPY"), "SPY", DAYS[:-1], market_data.prepared)
    earned = []
    for before, after in pairwise(list(sessions)):
        surface = compute_surface(made.search_space, made.fixed_params, [before])
        point = surface.best(1)
        assert point is not None
        params = made.search_space.strategy_params(
            made.search_space.combination(point.index), made.fixed_params
        )
        earned.append(run_backtest(params, [after]).metrics.net_pnl_usd)
    return earned
