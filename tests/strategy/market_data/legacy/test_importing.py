"""Import of the predecessor's cache: right tables, reported faults, whole sessions."""

import itertools
import multiprocessing
import pickle
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from strategy.errors import LegacyImportError
from strategy.market_data import layout, list_sessions, read_session_frames
from strategy.market_data.legacy.importing import import_legacy
from strategy.market_data.sample.generate import SampleSettings, write_samples
from strategy.market_data.schema import FILE_SCHEMAS, LEGACY
from tests.strategy.market_data.legacy import legacy_folder
from tests.strategy.market_data.legacy.legacy_folder import CALL, DAY, PUT, stored

SHARED = Path(__file__).resolve().parents[5] / "shared"  # beside the checkout, not part of it
STORED = pytest.mark.skipif(
    not (SHARED / "legacy_cache").exists() or not (SHARED / "sample_cache").exists(),
    reason="the predecessor's cache is not beside this checkout",
)


@pytest.fixture
def folder(tmp_path):
    return legacy_folder.write_folder(tmp_path / "legacy")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@STORED
def test_keeping_repeats_gives_the_bars_of_the_sample_cache(cache):
    summary = import_legacy(SHARED / "legacy_cache", cache, keep_repeats=True)
    assert summary.errors == []
    days = list_sessions(SHARED / "sample_cache", "SPY")
    assert [done.date for done in summary.sessions] == days == list_sessions(cache, "SPY")
    for day in days:
        for name in FILE_SCHEMAS:
            imported = pq.read_table(cache / "SPY" / str(day) / name)
            expected = pq.read_table(SHARED / "sample_cache" / "SPY" / str(day) / name)
            assert imported.replace_schema_metadata(None).equals(
                expected.replace_schema_metadata(None)
            )


@STORED
def test_repeats_are_dropped_and_counted_by_default(cache):
    summary = import_legacy(SHARED / "legacy_cache", cache)
    for done in summary.sessions:
        path = SHARED / "sample_cache" / "SPY" / str(done.date) / "underlying.parquet"
        filled = pq.read_table(path).drop_columns(["timestamp"]).to_pylist()
        repeats = sum(row == before for before, row in itertools.pairwise(filled))
        assert done.repeats_dropped == repeats > 1_000
        assert done.underlying_bars == 23_401 - repeats


@STORED
def test_each_file_that_is_no_data_is_reported(cache):
    findings = import_legacy(SHARED / "legacy_cache", cache).findings
    locks = sorted(
        f"{path.parent.name}/{path.name}"
        for path in (SHARED / "legacy_cache").rglob("*.lock")
        if not path.with_suffix("").exists()
    )
    assert sorted(finding.subject for finding in findings) == locks
    assert not any("\n" in str(finding) for finding in findings)


def test_small_folder_arrives_as_stored(folder, cache):
    summary = import_legacy(folder, cache)
    (done,) = summary.sessions
    assert (done.outcome, done.underlying_bars, done.repeats_dropped) == ("written", 3, 2)
    assert (done.contracts, done.option_bars, done.fills_dropped) == (2, 5, 1)
    frames = read_session_frames(cache, "SPY", DAY)
    assert frames.source == LEGACY
    second = (frames.underlying["timestamp"] - legacy_folder.OPEN).dt.total_seconds()
    assert second.tolist() == [0.0, 1.0, 4.0]
    assert frames.underlying["vwap"].tolist() == [384.0, 384.1, 384.25]
    assert frames.underlying["trades"].tolist() == [9, 2, 3]
    assert frames.chain["expiration_date"].tolist() == [DAY, DAY]
    assert frames.options["ticker"].tolist() == [CALL] * 3 + [PUT] * 2
    assert frames.options["close"].tolist() == [1.5, 1.6, 1.7, 1.5, 1.7]


def test_files_say_whether_repeats_were_kept(folder, tmp_path):
    for keep, word in ((True, b"kept"), (False, b"dropped")):
        target = tmp_path / str(keep)
        import_legacy(folder, target, keep_repeats=keep)
        path = layout.session_folder(target, "SPY", DAY) / "underlying.parquet"
        assert pq.read_metadata(path).metadata[b"rorq.repeats"] == word
    assert len(read_session_frames(tmp_path / "True", "SPY", DAY).underlying) == 5


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_every_protocol_that_pandas_wrote_is_read(folder, cache, protocol):
    for path in folder.rglob("*.pkl"):
        path.write_bytes(pickle.dumps(pickle.loads(path.read_bytes()), protocol=protocol))
    assert import_legacy(folder, cache).errors == []


def test_tables_of_older_releases_are_read(folder, cache):
    # Byte strings of equal length: the older homes of two functions, as protocol 4 names them.
    path = folder / "spy" / "SPY_2023-01-04.pkl"
    content = path.read_bytes()
    old = content.replace(
        b"\x8c\x16pandas._libs.internals\x94\x8c\x0f_unpickle_block",
        b"\x8c\x1cpandas.core.internals.blocks\x94\x8c\x09new_block",
    ).replace(b"\x8c\x13numpy._core.numeric", b"\x8c\x12numpy.core.numeric")
    assert old != content
    path.write_bytes(_without_frames(old))
    assert import_legacy(folder, cache).errors == []


def _without_frames(content):
    """Drop the one frame header of a protocol 4 pickle, whose length no longer holds."""
    assert content[2:3] == b"\x95"
    return content[:2] + content[11:]


def test_existing_real_session_stays_and_sample_gives_way(folder, cache):
    write_samples(cache, [DAY], SampleSettings())
    assert import_legacy(folder, cache).sessions[0].outcome == "written"
    before = read_session_frames(cache, "SPY", DAY).fingerprint
    assert import_legacy(folder, cache, keep_repeats=True).sessions[0].outcome == "kept"
    assert read_session_frames(cache, "SPY", DAY).fingerprint == before


def test_damaged_contract_is_left_out_and_told(folder, cache):
    path = folder / "option" / "2023-01-04_OSPY230104P00384000.pkl"
    path.write_bytes(path.read_bytes()[:-200])
    summary = import_legacy(folder, cache)
    assert summary.sessions[0].outcome == "written"
    assert summary.sessions[0].contracts == 1
    (error,) = summary.errors
    assert "option/2023-01-04_OSPY230104P00384000.pkl is damaged or cut short" in str(error)


@pytest.mark.parametrize("name", ["spy/SPY_2023-01-04.pkl", "chain/SPY_chain_2023-01-04.pkl"])
@pytest.mark.parametrize("damage", ["empty", "cut", "absent", "text"])
def test_session_without_sound_underlying_or_chain_is_refused(folder, cache, name, damage):
    path = folder / name
    if damage == "absent":
        path.unlink()
    else:
        content = {"empty": b"", "cut": path.read_bytes()[:300], "text": b"not a pickle"}[damage]
        path.write_bytes(content)
    summary = import_legacy(folder, cache)
    assert all(done.outcome == "refused" for done in summary.sessions)
    assert list_sessions(cache, "SPY") == []
    told = [str(finding) for finding in summary.findings]
    assert any(
        name in line or "no chain stored" in line or "no underlying" in line for line in told
    )


def _altered(frame, **columns):
    for name, value in columns.items():
        frame[name] = value
    return frame


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (_altered(legacy_folder.underlying_frame(), close=-1.0), "close"),
        (_altered(legacy_folder.underlying_frame(), low=999.0), "low"),
        (legacy_folder.underlying_frame().drop(columns="vw"), "no column vwap or vw"),
        (legacy_folder.underlying_frame().drop(columns="ts_raw"), "no column ts_raw or timestamp"),
        (legacy_folder.underlying_frame().drop(columns="volume"), "no column volume"),
        (
            _altered(
                legacy_folder.underlying_frame(),
                ts_raw=legacy_folder.seconds(0, 1, 2, 2, 4),
                vw=[1.0, 2.0, 3.0, 4.0, 5.0],
            ),
            "duplicate or unsorted seconds",
        ),
        (
            _altered(
                legacy_folder.underlying_frame(),
                ts_raw=legacy_folder.seconds(*range(86_400, 86_405)),
            ),
            "another day",
        ),
        (stored({"a": [1.0]}), "no column"),
    ],
)
def test_unsound_tables_are_refused_with_the_reason(folder, cache, frame, message):
    path = folder / "spy" / "SPY_2023-01-04.pkl"
    path.write_bytes(pickle.dumps(frame, protocol=5))
    summary = import_legacy(folder, cache, keep_repeats=True)
    assert summary.sessions[0].outcome == "refused"
    assert message in str(summary.errors[0])
    assert list_sessions(cache, "SPY") == []


def test_closed_day_and_strange_files_are_told(folder, cache):
    (folder / "spy" / "SPY_2023-01-02.pkl").write_bytes(b"x")
    (folder / "chain" / "SPY_chain_2023-01-02.pkl").write_bytes(b"x")
    (folder / "option" / "notes.txt").touch()
    (folder / "option" / "2023-01-05_OSPY230105C00384000.pkl").touch()
    told = "\n".join(str(finding) for finding in import_legacy(folder, cache).findings)
    assert "spy/SPY_2023-01-02.pkl is damaged" in told
    assert "option/notes.txt: not a file of the predecessor's cache" in told
    assert "no underlying SPY on 2023-01-05" in told
    assert list_sessions(cache, "SPY") == [DAY]


def test_contract_without_bars_is_told_but_no_error(folder, cache):
    path = folder / "option" / "2023-01-04_OSPY230104P00384000.pkl"
    frame = legacy_folder.option_frame(actual=(False, False, False))
    path.write_bytes(pickle.dumps(frame, protocol=5))
    summary = import_legacy(folder, cache)
    assert summary.errors == []
    assert any("no bars" in str(finding) for finding in summary.findings)


def test_folder_of_something_else_is_refused(tmp_path, cache):
    for wrong in (tmp_path, tmp_path / "absent"):
        with pytest.raises(LegacyImportError, match="spy, chain, option"):
            import_legacy(wrong, cache)


def _import_when_all_are_ready(barrier, folder, cache):
    barrier.wait(60)
    import_legacy(folder, cache)


def test_two_processes_at_once_leave_one_sound_session(folder, cache):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    workers = [
        context.Process(target=_import_when_all_are_ready, args=(barrier, folder, cache))
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(90)
    assert [worker.exitcode for worker in workers] == [0, 0]
    names = [path.name for path in (cache / "SPY").iterdir() if path.name != ".lock"]
    assert names == [str(DAY)]
    frames = read_session_frames(cache, "SPY", DAY)
    assert (len(frames.underlying), len(frames.options)) == (3, 5)


def test_times_keep_their_moment_in_summer_and_on_half_days(tmp_path, cache):
    folder = legacy_folder.write_folder(tmp_path / "legacy")
    day = date(2023, 7, 3)  # closes at 13:00, summer time
    shift = pd.Timestamp("2023-07-03 13:30", tz="UTC") - legacy_folder.OPEN
    underlying, chain = legacy_folder.underlying_frame(), legacy_folder.chain_frame()
    underlying["ts_raw"] += shift
    chain["expiration_date"] = pd.Series([str(day)] * 2, dtype=object)
    chain["ticker"] = chain["ticker"].str.replace("230104", "230703")
    chain["ticker"] = chain["ticker"].astype(object)
    for name, frame in (("spy/SPY_", underlying), ("chain/SPY_chain_", chain)):
        (folder / f"{name}{day}.pkl").write_bytes(pickle.dumps(frame, protocol=5))
    assert import_legacy(folder, cache).errors == []
    frames = read_session_frames(cache, "SPY", day)
    assert frames.underlying["timestamp"].iloc[0] == pd.Timestamp("2023-07-03 13:30", tz="UTC")
    assert frames.options.empty
