"""A known fingerprint is taken only of files that are the same, and from a file that is whole."""

import os
import random
from pathlib import Path

import pytest

from strategy.market_data import fingerprints
from strategy.market_data.fingerprints import KnownFingerprints
from strategy.market_data.layout import session_fingerprint
from strategy.market_data.schema import OPTIONS_FILE
from tests.strategy.market_data.sound_session import DAY, sound_tables, write_tables


@pytest.fixture
def session(tmp_path: Path) -> Path:
    write_tables(tmp_path / "cache", sound_tables())
    folder = tmp_path / "cache" / "SPY" / DAY.isoformat()
    for path in folder.iterdir():
        os.utime(path, (1.0, 1.0))
    return folder


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders that were hashed; the times of files count as settled."""
    folders: list[Path] = []

    def note(folder: Path) -> str:
        folders.append(folder)
        return session_fingerprint(folder)

    monkeypatch.setattr(fingerprints, "session_fingerprint", note)
    monkeypatch.setattr(fingerprints, "_SETTLED_NANOSECONDS", -1)
    return folders


def test_files_that_stay_are_hashed_once_by_all_processes(
    session: Path, hashed: list[Path], tmp_path: Path
) -> None:
    kept = tmp_path / "state" / "known.json"
    for _ in range(3):
        known = KnownFingerprints(kept)
        assert known.of(session) == session_fingerprint(session)
        known.save()
    assert hashed == [session]


def test_a_file_of_the_same_size_and_time_is_hashed_again(
    session: Path, hashed: list[Path], tmp_path: Path
) -> None:
    known = KnownFingerprints(tmp_path / "known.json")
    before = known.of(session)
    path = session / OPTIONS_FILE
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, (1.0, 1.0))
    assert known.of(session) == session_fingerprint(session) != before


def test_what_was_written_just_now_is_not_kept(
    session: Path, hashed: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "_SETTLED_NANOSECONDS", 2_000_000_000)
    known = KnownFingerprints(tmp_path / "known.json")
    known.of(session)
    known.of(session)
    assert len(hashed) == 2


def test_a_flipped_bit_of_the_kept_file_gives_no_other_fingerprint(
    session: Path, hashed: list[Path], tmp_path: Path
) -> None:
    kept = tmp_path / "known.json"
    known = KnownFingerprints(kept)
    expected = known.of(session)
    known.save()
    sound = kept.read_bytes()
    for seed in range(100):
        data = bytearray(sound)
        data[random.Random(seed).randrange(len(data))] ^= 1 << seed % 8
        kept.write_bytes(data)
        assert KnownFingerprints(kept).of(session) == expected


def test_a_session_that_lacks_a_file_is_told(session: Path, tmp_path: Path) -> None:
    (session / OPTIONS_FILE).unlink()
    with pytest.raises(FileNotFoundError):
        KnownFingerprints(tmp_path / "known.json").of(session)
