"""A prepared session is the aligned one, or it is made anew: nothing else is ever used."""

import logging
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from strategy.errors import SessionChangedError
from strategy.market_data import PreparedSessions, load_session
from strategy.market_data.prepared import file as file_module
from strategy.market_data.prepared import folder as folder_module
from strategy.market_data.schema import OPTIONS_FILE
from strategy.session import SessionData
from tests.strategy.market_data.same_session import is_same_session
from tests.strategy.market_data.sound_session import DAY, sound_tables, write_tables

OTHER_STEP_SECONDS = 90  # another session of the same day


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    write_tables(tmp_path / "cache", sound_tables())
    return tmp_path / "cache"


@pytest.fixture
def aligned(cache: Path) -> SessionData:
    return load_session(cache, "SPY", DAY)


@pytest.fixture
def prepared(tmp_path: Path) -> PreparedSessions:
    return PreparedSessions(folder=tmp_path / "state" / "prepared")


@pytest.fixture
def no_alignment(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, a session that is read from the cache fails the test."""

    def forbid() -> None:
        def read(*_: object) -> None:
            pytest.fail("the session was aligned again")

        monkeypatch.setattr(folder_module, "read_session_frames", read)

    return forbid


def only_file(prepared: PreparedSessions) -> Path:
    (path,) = prepared.folder.iterdir()
    return path


def test_a_prepared_session_is_the_aligned_one_and_is_not_aligned_again(
    cache: Path,
    aligned: SessionData,
    prepared: PreparedSessions,
    no_alignment: Callable[[], None],
) -> None:
    assert is_same_session(prepared.load(cache, "SPY", DAY), aligned)
    no_alignment()
    again = load_session(cache, "SPY", DAY, prepared)
    assert is_same_session(again, aligned)
    assert all(a.flags.writeable and a.flags.aligned for a in arrays_of(again))


def test_a_session_without_an_option_bar_can_be_prepared(
    cache: Path, prepared: PreparedSessions
) -> None:
    tables = sound_tables()
    tables[OPTIONS_FILE] = tables[OPTIONS_FILE].iloc[:0]
    write_tables(cache, tables)
    aligned = load_session(cache, "SPY", DAY)
    assert len(aligned.bar_seconds) == 0
    for _ in range(2):
        assert is_same_session(prepared.load(cache, "SPY", DAY), aligned)
    assert only_file(prepared).stat().st_size > 0


def test_writing_to_a_mapped_session_changes_neither_the_file_nor_the_next(
    cache: Path, aligned: SessionData, prepared: PreparedSessions
) -> None:
    session = prepared.load(cache, "SPY", DAY)
    before = only_file(prepared).read_bytes()
    session.bar_prices_usd[:] = 0.0
    assert only_file(prepared).read_bytes() == before
    assert is_same_session(prepared.load(cache, "SPY", DAY), aligned)


def test_a_cold_disk_gives_the_same_session(
    cache: Path,
    aligned: SessionData,
    prepared: PreparedSessions,
    monkeypatch: pytest.MonkeyPatch,
    no_alignment: Callable[[], None],
) -> None:
    prepared.load(cache, "SPY", DAY)
    no_alignment()
    for name in ("_sound_files", "_fingerprints"):  # as in another process
        monkeypatch.setattr(folder_module, name, {})
    for path in [only_file(prepared), *cache.rglob("*.parquet")]:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
    assert is_same_session(prepared.load(cache, "SPY", DAY), aligned)


def test_another_content_of_the_cache_is_another_session(
    cache: Path, prepared: PreparedSessions
) -> None:
    first = prepared.load(cache, "SPY", DAY)
    write_tables(cache, sound_tables(step_seconds=OTHER_STEP_SECONDS))
    second = prepared.load(cache, "SPY", DAY)
    assert second.fingerprint != first.fingerprint
    assert is_same_session(second, load_session(cache, "SPY", DAY))
    assert len(list(prepared.folder.iterdir())) == 2


def test_a_file_that_lacks_an_array_is_made_anew(
    cache: Path, aligned: SessionData, prepared: PreparedSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        names = [name for name in file_module._NAMES if name != "bar_trades"]
        patched.setattr(file_module, "_NAMES", names)
        prepared.load(cache, "SPY", DAY)
    lacking = only_file(prepared).stat().st_size
    assert is_same_session(prepared.load(cache, "SPY", DAY), aligned)
    assert only_file(prepared).stat().st_size > lacking


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("strategy.market_data.prepared.folder", "ALIGNMENT_VERSION"),
        ("strategy.backtest", "ENGINE_VERSION"),
    ],
)
def test_what_another_version_made_is_not_looked_at(
    cache: Path, prepared: PreparedSessions, monkeypatch: pytest.MonkeyPatch, place: str, name: str
) -> None:
    prepared.load(cache, "SPY", DAY)
    only_file(prepared).chmod(0o644)
    only_file(prepared).write_bytes(b"of no use")
    monkeypatch.setattr(f"{place}.{name}", "another")
    prepared.load(cache, "SPY", DAY)
    assert sorted(p.read_bytes()[:9] for p in prepared.folder.iterdir()) == [
        b"of no use",
        b"rorq prep",
    ]


def test_a_file_under_the_name_of_another_session_is_not_used(
    tmp_path: Path, cache: Path, aligned: SessionData, prepared: PreparedSessions
) -> None:
    other_cache, others = tmp_path / "other", PreparedSessions(folder=tmp_path / "others")
    write_tables(other_cache, sound_tables(step_seconds=OTHER_STEP_SECONDS))
    others.load(other_cache, "SPY", DAY)
    prepared.load(cache, "SPY", DAY)
    shutil.copyfile(only_file(others), tmp_path / "copy")
    (tmp_path / "copy").replace(only_file(prepared))
    assert is_same_session(prepared.load(cache, "SPY", DAY), aligned)


def test_a_file_that_was_trusted_is_read_through_again_when_it_changes(
    cache: Path,
    aligned: SessionData,
    prepared: PreparedSessions,
    monkeypatch: pytest.MonkeyPatch,
    no_alignment: Callable[[], None],
) -> None:
    monkeypatch.setattr("strategy.market_data.fingerprints._SETTLED_NANOSECONDS", -(10**12))
    prepared.load(cache, "SPY", DAY)
    with monkeypatch.context() as patch:
        patch.setattr(folder_module, "is_sound", lambda _: pytest.fail("read through again"))
        patch.setattr(folder_module, "session_fingerprint", lambda _: pytest.fail("hashed again"))
        prepared.load(cache, "SPY", DAY)
    damage(only_file(prepared), random.Random(1))
    assert is_same_session(prepared.load(cache, "SPY", DAY), aligned)
    write_tables(cache, sound_tables(step_seconds=OTHER_STEP_SECONDS))
    assert not is_same_session(prepared.load(cache, "SPY", DAY), aligned)
    no_alignment()
    assert is_same_session(prepared.load_same(cache, "SPY", DAY, aligned.fingerprint), aligned)


def test_a_session_that_changed_meanwhile_is_an_error_where_it_cannot_be_had_again(
    cache: Path, aligned: SessionData, prepared: PreparedSessions
) -> None:
    prepared.load(cache, "SPY", DAY)
    write_tables(cache, sound_tables(step_seconds=OTHER_STEP_SECONDS))
    assert is_same_session(prepared.load_same(cache, "SPY", DAY, aligned.fingerprint), aligned)
    shutil.rmtree(prepared.folder)
    with pytest.raises(SessionChangedError, match=f"expected {aligned.fingerprint[:12]}"):
        prepared.load_same(cache, "SPY", DAY, aligned.fingerprint)


DAMAGES = 200
FAST_DAMAGES = 20


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(FAST_DAMAGES), id="some"),
        pytest.param(range(FAST_DAMAGES, DAMAGES), id="all", marks=pytest.mark.slow),
    ],
)
def test_no_damage_of_the_folder_changes_a_session(
    cache: Path, aligned: SessionData, prepared: PreparedSessions, seeds: range
) -> None:
    prepared.load(cache, "SPY", DAY)
    sound = only_file(prepared).read_bytes()
    for seed in seeds:
        done = damage(only_file(prepared), random.Random(seed))
        assert is_same_session(prepared.load(cache, "SPY", DAY), aligned), (seed, done)
        assert only_file(prepared).read_bytes() == sound, (seed, done)


def damage(path: Path, chance: random.Random) -> str:
    """Do one thing to a file that its writer would not do."""
    data = bytearray(path.read_bytes())
    kind = chance.choice(("bit", "bit", "header", "cut", "cut", "zeros", "longer", "gone", "pipe"))
    if kind in ("bit", "header"):
        at = chance.randrange(len(data) if kind == "bit" else 64)
        data[at] ^= 1 << chance.randrange(8)
    elif kind == "cut":
        del data[chance.randrange(len(data)) :]
    elif kind == "zeros":
        start = chance.randrange(len(data))
        length = min(chance.randrange(1, 4096), len(data) - start)
        data[start : start + length] = bytes(length)
        if bytes(data) == path.read_bytes():  # they were zeros before
            del data[start:]
    elif kind == "longer":
        data += chance.randbytes(chance.randrange(1, 4096))
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind != "gone":
        path.write_bytes(data)
    return kind


def test_a_folder_that_cannot_be_written_to_is_told_once_and_done_without(
    cache: Path, aligned: SessionData, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    prepared = PreparedSessions(folder=tmp_path / "file" / "prepared")
    with caplog.at_level(logging.WARNING, logger="rorq"):
        for _ in range(3):
            assert is_same_session(prepared.load(cache, "SPY", DAY), aligned)
    (record,) = caplog.records
    assert "cannot keep prepared sessions (Not a directory)" in record.getMessage()
    assert not prepared.is_writable


def test_a_nearly_full_disk_is_left_alone(
    cache: Path,
    aligned: SessionData,
    prepared: PreparedSessions,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(folder_module, "LEAST_FREE_BYTES", 1 << 60)
    assert is_same_session(prepared.load(cache, "SPY", DAY), aligned)
    assert list(prepared.folder.iterdir()) == []
    assert "the disk is nearly full" in caplog.text


FULL_DISK = """
import resource, sys
from datetime import date
from pathlib import Path
from strategy.market_data import PreparedSessions
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # bytes of a file, then an error
session = PreparedSessions(folder=Path(sys.argv[2])).load(sys.argv[1], "SPY", date(2023, 1, 3))
print(session.fingerprint, len(session.bar_seconds))
"""


def test_a_write_that_fails_in_its_midst_leaves_nothing(
    cache: Path, aligned: SessionData, prepared: PreparedSessions
) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(cache), str(prepared.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [aligned.fingerprint, str(len(aligned.bar_seconds))]
    assert done.stderr.count("File too large") == 1
    assert list(prepared.folder.iterdir()) == []


def test_the_oldest_go_when_the_folder_is_full(
    cache: Path, prepared: PreparedSessions, tmp_path: Path
) -> None:
    prepared.load(cache, "SPY", DAY)
    size = only_file(prepared).stat().st_size
    small = PreparedSessions(folder=prepared.folder, max_bytes=2 * size)
    names = []
    for step_seconds in (70, 80, 90, 100):
        before = {path.name for path in small.folder.iterdir()}
        write_tables(cache, sound_tables(step_seconds=step_seconds))
        small.load(cache, "SPY", DAY)
        names += [path.name for path in small.folder.iterdir() if path.name not in before]
    assert sorted(path.name for path in small.folder.iterdir()) == sorted(names[-2:])


def test_what_dead_writers_left_is_removed_and_what_live_ones_write_is_not(
    cache: Path, prepared: PreparedSessions
) -> None:
    prepared.folder.mkdir(parents=True)
    dead, live = prepared.folder / ".dead.0", prepared.folder / ".live.0"
    for path in (dead, live):
        path.write_bytes(b"half")
    os.utime(dead, (1e9, 1e9))
    prepared.load(cache, "SPY", DAY)
    assert not dead.exists()
    assert live.exists()


def arrays_of(session: SessionData) -> list[np.ndarray]:
    return [value for value in vars(session).values() if isinstance(value, np.ndarray)]
