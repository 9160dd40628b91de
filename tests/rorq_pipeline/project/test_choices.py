"""Which sessions are walked forward: those of whole months, synthetic or real ones alone."""

from datetime import date
from pathlib import Path

import pytest

from rorq_pipeline.project.choices import days_of_whole_months, last_whole_month
from strategy.market_data.layout import session_folder
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.market_data.schema import FILE_SCHEMAS
from strategy.market_data.writing import write_session

JANUARY, FEBRUARY = date(2023, 1, 31), date(2023, 2, 14)


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2022, 12, 30), date(2022, 12, 31)),  # a Friday, the year's last session
        (date(2022, 12, 29), date(2022, 11, 30)),
        (date(2022, 12, 31), date(2022, 12, 31)),
        (date(2023, 1, 3), date(2022, 12, 31)),
    ],
)
def test_a_month_counts_once_its_last_session_is_over(day: date, last: date) -> None:
    assert last_whole_month(day) == last


def test_a_month_is_walked_once_its_last_session_or_a_later_month_is_cached(
    tmp_path: Path,
) -> None:
    write_samples(tmp_path, [JANUARY, FEBRUARY], SampleSettings(seed=1))
    assert days_of_whole_months(tmp_path, "SPY", synthetic=True) == [JANUARY]
    # a range that reaches to the end of February does not end a month that is still under way
    late = date(2023, 2, 28)
    assert days_of_whole_months(tmp_path, "SPY", synthetic=True, last=late) == [JANUARY]
    march = date(2023, 3, 1)
    write_samples(tmp_path, [march], SampleSettings(seed=1))
    assert days_of_whole_months(tmp_path, "SPY", synthetic=True) == [JANUARY, FEBRUARY]
    assert days_of_whole_months(tmp_path, "SPY", synthetic=True, last=FEBRUARY) == [JANUARY]


def test_real_sessions_are_walked_without_synthetic_ones(tmp_path: Path) -> None:
    write_samples(tmp_path, [JANUARY, FEBRUARY], SampleSettings(seed=1))
    real = date(2022, 12, 30)
    tables = {name: schema.empty_table() for name, schema in FILE_SCHEMAS.items()}
    write_session(tmp_path, "SPY", real, tables, source="polygon")
    assert session_folder(tmp_path, "SPY", real).exists()
    assert days_of_whole_months(tmp_path, "SPY", synthetic=False) == [real]
    assert days_of_whole_months(tmp_path, "SPY", synthetic=True) == [JANUARY]
    assert days_of_whole_months(tmp_path, "QQQ", synthetic=True) == []
