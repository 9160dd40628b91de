"""A range of prepared sessions: mapped while it is used, the same whatever happens to the cache."""

from pathlib import Path

import numpy as np
import pytest

from strategy.date_range import DateRange
from strategy.errors import CorruptFileError
from strategy.market_data import (
    LazySessions,
    PreparedSessions,
    load_sessions,
    loading,
    open_sessions,
    session_folder,
)
from strategy.market_data.sample.generate import SampleSettings, write_samples
from tests.strategy.market_data.same_session import is_same_session

WEEK = DateRange.parse("2023-01-03_2023-01-06")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    write_samples(folder, WEEK.sessions, SampleSettings())
    return folder


@pytest.fixture
def prepared(tmp_path: Path) -> PreparedSessions:
    return PreparedSessions(folder=tmp_path / "prepared")


@pytest.mark.parametrize("at_once", [0, 2, 256])
def test_a_prepared_range_is_the_aligned_one_however_many_stay_mapped(
    cache: Path, prepared: PreparedSessions, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(loading, "MAPPED_AT_ONCE", at_once)
    aligned = load_sessions(cache, "SPY", WEEK)
    for _ in range(2):
        sessions = load_sessions(cache, "SPY", WEEK, prepared=prepared)
        assert len(sessions) == len(aligned) == 4
        assert all(map(is_same_session, sessions, aligned))
    assert (sessions[0] is sessions[0]) == (at_once > 0)
    assert (sessions[3] is sessions[3]) == (at_once > 3)
    assert all(map(is_same_session, open_sessions(cache, "SPY", WEEK, prepared=prepared), aligned))


def test_a_session_that_goes_bad_in_the_cache_does_not_touch_a_loaded_range(
    tmp_path: Path, prepared: PreparedSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MAPPED_AT_ONCE", 1)
    write_samples(tmp_path, WEEK.sessions, SampleSettings())
    aligned = load_sessions(tmp_path, "SPY", WEEK)
    sessions = load_sessions(tmp_path, "SPY", WEEK, prepared=prepared)
    assert isinstance(sessions, LazySessions)
    for day in WEEK.sessions:
        (session_folder(tmp_path, "SPY", day) / "options.parquet").write_bytes(b"PAR1")
    assert all(map(is_same_session, sessions, aligned))
    with pytest.raises(CorruptFileError):
        load_sessions(tmp_path, "SPY", WEEK, prepared=prepared)


def test_an_aligned_session_holds_on_to_its_arrays_alone(cache: Path) -> None:
    (session,) = load_sessions(cache, "SPY", DateRange(WEEK.start_date, WEEK.start_date))
    arrays = {k: v for k, v in vars(session).items() if isinstance(v, np.ndarray)}
    assert len(arrays) == 11
    assert [name for name, array in arrays.items() if array.base is not None] == []


def test_sessions_that_cannot_be_kept_on_disk_are_kept_in_memory(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MAPPED_AT_ONCE", 0)
    (tmp_path / "file").write_text("no folder")
    prepared = PreparedSessions(folder=tmp_path / "file")
    sessions = load_sessions(cache, "SPY", WEEK, prepared=prepared)
    assert sessions[3] is sessions[3]
    assert all(map(is_same_session, sessions, load_sessions(cache, "SPY", WEEK)))
