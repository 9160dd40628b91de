"""The index page follows the reports that are there."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from optimize.statistics import walk_forward
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.report import collect_index as report_index
from rorq_pipeline.report.collect_index import refresh_index
from rorq_pipeline.results.models import WalkForwardMatrixRecord, WalkForwardRecord
from strategy.backtest_range import BacktestRange
from tests.rorq_pipeline.report.fixtures import complete_data, minimal_data

JANUARY = BacktestRange(date(2023, 1, 1), date(2023, 1, 31))
FEBRUARY = BacktestRange(date(2023, 2, 1), date(2023, 2, 28))


@pytest.fixture(autouse=True)
def _artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    monkeypatch.setenv("RORQ_ARTIFACTS", str(tmp_path))


def test_the_index_lists_every_range_whose_report_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    refresh_index(replace(data, date_range=JANUARY), MarketData())
    page = first.read_text(encoding="utf-8")
    assert f'href="./{JANUARY}.html"' in page
    assert f'href="./{FEBRUARY}.html"' not in page


def test_reports_at_the_same_time_are_all_on_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = minimal_data()
    ranges = [BacktestRange.of_month(date(2023, month, 1)) for month in range(1, 7)]
    pages = [replace(data, date_range=one) for one in ranges]
    (tmp_path / "report").mkdir()
    for one in ranges:
        (tmp_path / "report" / f"{one}.html").write_text("a page")

    begun = threading.Event()

    def slow_at_first(*_: object) -> None:
        if not begun.is_set():
            begun.set()
            time.sleep(0.3)  # the others are ready long before

    monkeypatch.setattr(report_index, "renewed_record", slow_at_first)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(refresh_index, pages[0], MarketData())
        begun.wait()
        others = [pool.submit(refresh_index, page, MarketData()) for page in pages[1:]]
        (index,) = {one.result() for one in (first, *others)}
    text = index.read_text(encoding="utf-8")
    assert all(f'href="./{one}.html"' in text for one in ranges)


def test_the_record_of_each_ticker_is_that_of_the_range_that_ends_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ["2023-01-03_2023-03-31", "2023-02-01_2023-02-28", "2023-03-01_2023-03-31",
            "QQQ_2023-01-03_2023-01-31", "QQQ_2022-12-01_2023-02-28"]  # fmt: skip
    (tmp_path / "report").mkdir()
    for key in keys:
        (tmp_path / "report" / f"{key}.html").write_text("a page")

    def record_of(latest: BacktestRange, _: MarketData) -> WalkForwardRecord | None:
        told = () if latest.ticker == "IWM" else (f"up to {latest}",)
        return WalkForwardRecord(record=walk_forward([], []), identities=(), left_out=told)

    monkeypatch.setattr(report_index, "renewed_record", record_of)
    for key in [*keys, "IWM_2023-01-03_2023-01-31"]:
        date_range = BacktestRange.parse(key)
        best = {"ticker": date_range.ticker}
        index = refresh_index(minimal_data(date_range=date_range, best=best), MarketData())
    page = index.read_text(encoding="utf-8")
    assert re.findall("<h2.*?>(Walk-forward of .*?)</h2>", page) == [
        "Walk-forward of QQQ", "Walk-forward of SPY"  # that of IWM has nothing to tell
    ]  # fmt: skip
    assert re.findall("Left out: (.*?)\\.</p>", page) == [
        "up to QQQ_2022-12-01_2023-02-28", "up to 2023-03-01_2023-03-31"
    ]  # fmt: skip


def test_what_was_left_out_is_told_when_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = WalkForwardRecord(
        record=walk_forward([], []),
        identities=(),
        left_out=("January: published with contracts_per_trade 10",),
    )
    monkeypatch.setattr(report_index, "renewed_record", lambda *_: record)
    index = refresh_index(replace(minimal_data(), date_range=FEBRUARY), MarketData())
    text = index.read_text(encoding="utf-8")
    assert "Left out: January: published with contracts_per_trade 10." in text
    assert "<caption>Steps</caption>" not in text


def test_a_file_that_is_of_no_range_is_told_and_the_ranges_are_there(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    for name in ("0_of_no_range.json", "0_of_no_range.html"):
        (tmp_path / "report" / name).write_text("{}")
    index = refresh_index(replace(minimal_data(), date_range=FEBRUARY), MarketData())
    text = index.read_text(encoding="utf-8")
    assert f'href="./{FEBRUARY}.html"' in text
    (told,) = re.findall("Not shown: (.*?)\\.</p>", text)
    assert "0_of_no_range" in told


@pytest.mark.parametrize("content", ["{", "{}", "[]", '{"version": 0}', '{"version": 1}', "\xff"])
def test_damaged_artifacts_of_other_ranges_do_not_stop_a_report(
    tmp_path: Path, content: str
) -> None:
    for folder in ("report", "best_params"):
        (tmp_path / folder).mkdir()
    (tmp_path / "report" / f"{JANUARY}.json").write_text(content)
    (tmp_path / "report" / f"{JANUARY}.html").write_text("a page")
    (tmp_path / "best_params" / f"{FEBRUARY}.json").write_text("[]")
    index = refresh_index(replace(minimal_data(), date_range=FEBRUARY), MarketData())
    text = index.read_text(encoding="utf-8")
    assert f'href="./{FEBRUARY}.html"' in text
    assert f'href="./{JANUARY}.html"' not in text
    assert f"rorq materialize {JANUARY} --select report" in text
    assert f"rorq materialize {FEBRUARY} --select best_params" in text


@pytest.mark.parametrize("former", ["2023-01-01_2023-01-31", "SPY_2023-01-03_2023-01-31"])
def test_a_range_is_listed_once_under_its_own_key_whatever_was_left_under_another(
    tmp_path: Path, former: str
) -> None:
    refresh_index(replace(minimal_data(), date_range=JANUARY), MarketData())
    own = tmp_path / "report" / f"{JANUARY}.json"
    read = own.read_text("utf-8").replace(f"{JANUARY}.html", f"{former}.html")
    for text in (read, "{}"):  # of this version, and of one that is not read
        (tmp_path / "report" / f"{former}.json").write_text(text)
        (tmp_path / "report" / f"{former}.html").write_text("a former page")
        index = refresh_index(replace(minimal_data(), date_range=JANUARY), MarketData())
        page = index.read_text(encoding="utf-8")
        assert page.count('href="./2023-01-03_2023-01-31.html"') == 1
        assert former not in page
    # where nothing lies under the own key, what lies under another is listed
    (tmp_path / "report" / f"{former}.json").write_text(read)
    own.unlink()
    index = refresh_index(replace(minimal_data(), date_range=FEBRUARY), MarketData())
    assert f'href="./{former}.html"' in index.read_text(encoding="utf-8")


@pytest.mark.parametrize("changed", [{}, {"absent": "too few months"}, None])
def test_how_to_choose_is_linked_where_the_matrix_tells_it(
    changed: dict[str, str] | None,
) -> None:
    matrix = complete_data().matrix
    assert matrix is not None
    path = WalkForwardMatrixRecord.path(FEBRUARY.key)
    path.parent.mkdir(parents=True)
    path.write_text("[]")  # damaged, unless written over
    if changed is not None:
        matrix.model_copy(update=changed).write_file(path)
    index = refresh_index(replace(minimal_data(), date_range=FEBRUARY), MarketData())
    link = f'<a href="./{FEBRUARY}.html#policies">SPY</a>'
    assert (link in index.read_text(encoding="utf-8")) == (changed == {})
