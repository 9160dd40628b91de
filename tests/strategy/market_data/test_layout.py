import errno
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from strategy.backtest_range import BacktestRange
from strategy.date_range import DateRange
from strategy.errors import (
    CacheError,
    CorruptFileError,
    MissingSessionError,
    MixedSourcesError,
)
from strategy.market_data import (
    LazySessions,
    list_sessions,
    load_session,
    load_sessions,
    open_sessions,
    remove_session,
    session_folder,
    write_session,
)
from strategy.market_data import writing as writing_module
from strategy.market_data.layout import session_source
from strategy.market_data.sample.generate import SampleSettings, sample_tables, write_samples
from strategy.session import data_fingerprint

DAYS = (date(2023, 1, 3), date(2023, 1, 4), date(2023, 1, 5))
WEEK = DateRange(date(2023, 1, 2), date(2023, 1, 6))
Tables = dict[str, pa.Table]


@pytest.fixture(scope="module")
def tables() -> dict[date, Tables]:
    return {day: sample_tables(day, SampleSettings()) for day in DAYS}


@pytest.fixture
def put(tmp_path: Path, tables: dict[date, Tables]) -> Callable[..., bool]:
    def write(day: date, source: str = "polygon", *, replace: bool = False) -> bool:
        return write_session(tmp_path, "SPY", day, tables[day], source=source, replace=replace)

    return write


@pytest.mark.parametrize(
    ("there", "new", "replace", "written"),
    [
        ("synthetic", "polygon", False, True),
        ("synthetic", "synthetic", False, False),
        ("synthetic", "synthetic", True, True),
        ("polygon", "polygon", False, False),
        ("polygon", "legacy", True, True),
        ("polygon", "synthetic", False, False),
        ("polygon", "synthetic", True, False),
    ],
)
def test_which_session_gives_way(
    tmp_path: Path, put: Callable[..., bool], there: str, new: str, replace: bool, written: bool
) -> None:
    assert put(DAYS[0], there)
    assert put(DAYS[0], new, replace=replace) is written
    assert session_source(session_folder(tmp_path, "SPY", DAYS[0])) == (new if written else there)
    assert list_sessions(tmp_path, "SPY") == [DAYS[0]]


def test_a_full_disk_leaves_nothing(
    tmp_path: Path, put: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing_module, "_write_files", full)
    with pytest.raises(CacheError, match="No space left on device") as caught:
        put(DAYS[0])
    assert caught.value.remedy
    assert list((tmp_path / "SPY").iterdir()) == []


def test_a_session_stays_where_its_successor_cannot_be_put(
    tmp_path: Path, put: Callable[..., bool]
) -> None:
    put(DAYS[0])
    there = session_folder(tmp_path, "SPY", DAYS[0])
    with pytest.raises(FileNotFoundError):
        writing_module._put_in_place(tmp_path / "absent", there, "polygon", replace=True)
    assert load_session(tmp_path, "SPY", DAYS[0]).date == DAYS[0]
    assert sorted(p.name for p in (tmp_path / "SPY").iterdir()) == [".lock", "2023-01-03"]


def test_a_removed_session_is_gone_whole(tmp_path: Path, put: Callable[..., bool]) -> None:
    put(DAYS[0])
    remove_session(tmp_path, "SPY", DAYS[0])
    assert list_sessions(tmp_path, "SPY") == []
    assert [p.name for p in (tmp_path / "SPY").iterdir()] == [".lock"]


@pytest.mark.parametrize("ticker", ["../SPY", "spy", "<script>", "", "S" * 300, "SPY\n"])
def test_a_hostile_ticker_reaches_no_path(tmp_path: Path, ticker: str) -> None:
    with pytest.raises(CacheError, match="ticker"):
        list_sessions(tmp_path, ticker)


def test_a_range_loads_what_is_cached_and_ignores_what_is_not_due(
    tmp_path: Path, put: Callable[..., bool]
) -> None:
    for day in DAYS:
        put(day)
    sessions = load_sessions(tmp_path, "SPY", WEEK)  # the 2nd is a holiday, the 6th not cached yet
    assert [session.date for session in sessions] == list(DAYS)
    lazy = open_sessions(tmp_path, "SPY", WEEK)
    assert isinstance(lazy, LazySessions)
    assert data_fingerprint(lazy) == data_fingerprint(sessions)
    assert [session.date for session in lazy[1:]] == list(DAYS[1:])


def test_a_hole_is_named_unless_it_is_allowed(tmp_path: Path, put: Callable[..., bool]) -> None:
    put(DAYS[0])
    put(DAYS[2])
    with pytest.raises(MissingSessionError, match="before 2023-01-05 are missing: 2023-01-04"):
        load_sessions(tmp_path, "SPY", WEEK)
    assert len(load_sessions(tmp_path, "SPY", WEEK, allow_missing=True)) == 2


def test_an_empty_cache_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(MissingSessionError, match=f"rorq download SPY_{WEEK}`.*sample SPY_{WEEK}`"):
        load_sessions(tmp_path, "SPY", WEEK)
    with pytest.raises(MissingSessionError, match="2023-01-03 is not in the cache") as caught:
        load_session(tmp_path, "SPY", DAYS[0])
    assert f"rorq download SPY_{DAYS[0]}_{DAYS[0]}`" in str(caught.value)
    assert list(BacktestRange.parse(f"SPY_{DAYS[0]}_{DAYS[0]}").sessions) == [DAYS[0]]


@pytest.mark.parametrize("load", [load_sessions, open_sessions])
def test_synthetic_and_real_sessions_do_not_mix(
    tmp_path: Path, put: Callable[..., bool], load: Callable[..., object]
) -> None:
    put(DAYS[0], "synthetic")
    put(DAYS[1])
    with pytest.raises(MixedSourcesError, match="1 synthetic sessions among 2: 2023-01-03"):
        load(tmp_path, "SPY", WEEK)


def test_a_damaged_sample_is_still_known_as_one(tmp_path: Path, put: Callable[..., bool]) -> None:
    for day in DAYS[:2]:
        put(day, "synthetic")
    damaged = session_folder(tmp_path, "SPY", DAYS[0]) / "underlying.parquet"
    damaged.write_bytes(damaged.read_bytes()[:1000])
    with pytest.raises(CorruptFileError, match="underlying"):
        open_sessions(tmp_path, "SPY", WEEK)[0]
    assert write_samples(tmp_path, DAYS[:1], SampleSettings()).kept_other == [DAYS[0]]
    assert write_samples(tmp_path, DAYS[:1], SampleSettings(), force=True).written == [DAYS[0]]
    assert load_session(tmp_path, "SPY", DAYS[0]).source == "synthetic"


def test_another_file_is_another_fingerprint(tmp_path: Path, put: Callable[..., bool]) -> None:
    put(DAYS[0])
    before = load_session(tmp_path, "SPY", DAYS[0])
    assert put(DAYS[0], "legacy", replace=True)  # the same bars, another word in the metadata
    after = load_session(tmp_path, "SPY", DAYS[0])
    assert after.fingerprint != before.fingerprint
    assert (after.bar_prices_usd == before.bar_prices_usd).all()


def test_a_cache_that_cannot_be_listed_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "SPY").write_text("no folder")
    with pytest.raises(CacheError, match=r"SPY: Not a directory; expected .*RORQ_CACHE"):
        list_sessions(tmp_path, "SPY")

    def refused(_path: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(CacheError, match="SPY: Permission denied"):
        list_sessions(tmp_path, "SPY")
