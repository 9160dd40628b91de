"""The index page follows the reports that are there."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rorq_pipeline.report_index import refresh_index
from rorq_pipeline.resources import MarketData
from strategy.date_range import DateRange
from tests.rorq_pipeline.report.fixtures import minimal_data

JANUARY = DateRange(date(2023, 1, 1), date(2023, 1, 31))
FEBRUARY = DateRange(date(2023, 2, 1), date(2023, 2, 28))


def test_the_index_lists_every_range_whose_report_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RORQ_ARTIFACTS", str(tmp_path))
    data = minimal_data()
    first = refresh_index(replace(data, date_range=JANUARY), MarketData())
    (tmp_path / "report" / f"{JANUARY}.html").write_text("a page")
    refresh_index(replace(data, date_range=FEBRUARY), MarketData())
    page = first.read_text(encoding="utf-8")
    assert first == tmp_path / "report" / "index.html"
    assert f'href="./{JANUARY}.html"' in page
    assert f'href="./{FEBRUARY}.html"' in page

    (tmp_path / "report" / f"{JANUARY}.html").unlink()
    refresh_index(replace(data, date_range=FEBRUARY), MarketData())
    assert f'href="./{JANUARY}.html"' not in first.read_text(encoding="utf-8")
