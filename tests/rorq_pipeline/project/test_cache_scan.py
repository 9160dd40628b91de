import os
import time
from datetime import date
from pathlib import Path

import pytest

from rorq_pipeline.project.cache_scan import UNREADABLE, scan_cache
from strategy.date_range import sessions_between
from strategy.errors import CacheError
from tests.rorq_pipeline.cache_folders import FILES, put_session


def test_only_session_folders_are_sessions(tmp_path: Path) -> None:
    put_session(tmp_path, date(2023, 1, 4))
    put_session(tmp_path, date(2023, 1, 3))
    (tmp_path / "SPY" / ".2023-01-05.building-1").mkdir()
    (tmp_path / "SPY" / "notes").mkdir()
    (tmp_path / "SPY" / "2023-01-06").write_text("a file")
    assert list(scan_cache(tmp_path, "SPY").signatures) == [date(2023, 1, 3), date(2023, 1, 4)]


def test_an_absent_cache_is_empty_and_quiet(tmp_path: Path) -> None:
    scan = scan_cache(tmp_path / "nowhere", "SPY")
    assert scan.signatures == {}
    assert scan.quiet_seconds() > 1e6


def test_another_size_or_time_is_another_signature(tmp_path: Path) -> None:
    day = date(2023, 1, 3)
    folder = put_session(tmp_path, day)
    first = scan_cache(tmp_path, "SPY").signatures[day]
    assert scan_cache(tmp_path, "SPY").signatures[day] == first
    os.utime(folder / FILES[0], ns=(1, 1))
    touched = scan_cache(tmp_path, "SPY").signatures[day]
    (folder / FILES[1]).write_bytes(b"xy")
    grown = scan_cache(tmp_path, "SPY").signatures[day]
    assert len({first, touched, grown}) == 3


def test_a_download_in_the_making_breaks_the_quiet(tmp_path: Path) -> None:
    put_session(tmp_path, date(2023, 1, 3))
    later = time.time() + 100
    assert scan_cache(tmp_path, "SPY").quiet_seconds(later) == pytest.approx(100, abs=5)
    building = tmp_path / "SPY" / ".2023-01-04.building-1"
    building.mkdir()
    time.sleep(0.05)
    before = scan_cache(tmp_path, "SPY").newest_change_seconds
    time.sleep(0.05)
    (building / FILES[0]).write_bytes(b"x")
    os.utime(building / FILES[0], (0, 0))  # a copy that keeps times
    assert scan_cache(tmp_path, "SPY").newest_change_seconds > before


def test_ten_years_are_scanned_in_under_a_second(tmp_path: Path) -> None:
    for day in sessions_between(date(2013, 1, 2), date(2022, 12, 30))[:2500]:
        put_session(tmp_path, day)
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        scan = scan_cache(tmp_path, "SPY")
        best = min(best, time.perf_counter() - start)
    assert len(scan.signatures) == 2500
    assert best < 1.0


def test_a_session_that_cannot_be_looked_into_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_session(tmp_path, date(2023, 1, 3))
    closed = put_session(tmp_path, date(2023, 1, 4))
    scandir = os.scandir

    def refusing(path: "os.PathLike[str]") -> object:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    signatures = scan_cache(tmp_path, "SPY").signatures
    assert signatures[date(2023, 1, 4)] == UNREADABLE
    assert signatures[date(2023, 1, 3)] != UNREADABLE


def test_a_cache_that_is_no_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "SPY").write_text("no folder")
    with pytest.raises(CacheError, match="SPY: Not a directory; expected a folder of sessions"):
        scan_cache(tmp_path, "SPY")
