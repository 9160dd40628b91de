"""The age of the data as a check: of the latest range, in sessions, never of a run."""

from datetime import date

import dagster as dg
import pandas as pd
import pytest

from rorq_pipeline.checks.data import cache_is_recent, recency_result
from rorq_pipeline.project.paths import ProjectPaths
from strategy.backtest_range import BacktestRange
from strategy.market_data.validation import SessionRecord, records_of
from strategy.market_data.validation.manifest import manifest_of
from tests.rorq_pipeline.cache_folders import put_session
from tests.rorq_pipeline.checks.conftest import outcome, run_alone

WEEK = BacktestRange(date(2023, 1, 9), date(2023, 1, 13))
OF_WEEK = [date(2023, 1, 6), date(2023, 1, 9), date(2023, 1, 13)]
LATER = date(2023, 1, 17)
AGELESS = "an earlier range, or synthetic sessions: they do not age"


def manifest(*sources: str) -> pd.DataFrame:
    """One session of each source."""
    return manifest_of(
        SessionRecord(ticker="SPY", date=WEEK.end_date, is_cached=True, source=source)
        for source in sources
    )


@pytest.mark.parametrize(
    ("sources", "cached", "day", "passed", "behind"),
    [
        (["polygon"], OF_WEEK, date(2023, 1, 20), True, 3),
        (["polygon"], OF_WEEK, date(2023, 1, 21), False, 4),
        (["polygon"], OF_WEEK, date(2023, 1, 14), True, 0),
        (["polygon"], OF_WEEK[:2], date(2023, 1, 13), True, 3),
        (["vendor", "unknown"], OF_WEEK, date(2023, 1, 21), False, 4),
        (["polygon"], [*OF_WEEK, LATER], date(2023, 3, 1), True, None),
        (["synthetic"], OF_WEEK, date(2023, 3, 1), True, None),
        (["polygon", "synthetic"], OF_WEEK, date(2023, 3, 1), True, None),
        (["polygon"], [], date(2023, 3, 1), True, None),
    ],
)
def test_the_latest_range_ages(
    sources: list[str], cached: list[date], day: date, passed: bool, behind: int | None
) -> None:
    result = recency_result(WEEK, cached, records_of(manifest(*sources)), day)
    assert outcome(result) == {
        "passed": passed,
        "severity": "WARN",
        "text": AGELESS
        if behind is None
        else f"{behind} exchange sessions are over that the cache does not have",
        "sessions_behind": behind or 0,
    }
    assert result.asset_key == dg.AssetKey("validated_cache")


@pytest.mark.parametrize(("cached", "passed"), [(WEEK.end_date, False), (LATER, True)])
def test_a_range_is_held_to_the_days_in_the_cache(
    project: ProjectPaths, cached: date, passed: bool
) -> None:
    put_session(project.cache, cached)
    path = project.artifacts / "validated_cache" / f"{WEEK.key}.parquet"
    path.parent.mkdir(parents=True)
    manifest("polygon").to_parquet(path)
    made = run_alone(cache_is_recent, "cache_is_recent", WEEK.key, io="tables")
    assert {name: told["passed"] for name, told in made.items()} == {"cache_is_recent": passed}
    (spec,) = cache_is_recent.check_specs
    assert not spec.blocking
