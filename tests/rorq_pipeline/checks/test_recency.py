"""The age of the data as a check: of the latest range, in sessions, never of a run."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rorq_pipeline.checks.data import recency_result
from strategy.backtest_range import BacktestRange
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.market_data.validation import records_of, validate_range
from strategy.space import SearchSpace

WEEK = BacktestRange(date(2023, 1, 9), date(2023, 1, 13))
LATER = date(2023, 1, 17)


@pytest.mark.parametrize(
    ("source", "cached", "day", "passed", "behind"),
    [
        ("polygon", [date(2023, 1, 13)], date(2023, 1, 20), True, 3),
        ("polygon", [date(2023, 1, 13)], date(2023, 1, 21), False, 4),
        ("polygon", [date(2023, 1, 13), LATER], date(2023, 3, 1), True, 0),
        ("synthetic", [date(2023, 1, 13)], date(2023, 3, 1), True, 0),
        ("polygon", [], date(2023, 3, 1), True, 0),
    ],
)
def test_the_latest_range_ages(
    tmp_path: Path, source: str, cached: list[date], day: date, passed: bool, behind: int
) -> None:
    write_samples(tmp_path, [WEEK.end_date], SampleSettings())
    report = validate_range(tmp_path, "SPY", WEEK, search_values=SearchSpace.seed())
    records = [replace(one, source=source) for one in records_of(report.manifest)]
    result = recency_result(WEEK, cached, records, day)
    assert (result.passed, result.metadata["sessions_behind"].value) == (passed, behind)
    assert result.severity.value == "WARN"
