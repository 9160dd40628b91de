"""A cache in a bucket: the same sessions as on disk, and one line for whatever goes wrong."""

import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pyarrow import fs

from strategy.errors import BucketError, BucketUnreachableError
from strategy.market_data import (
    list_sessions,
    object_store,
    remove_session,
    session_fingerprint,
    session_folder,
    write_session,
)
from strategy.market_data.download.cached import is_cached
from strategy.market_data.mirror import Mirror, make_mirror
from strategy.market_data.object_store import ObjectStore
from strategy.market_data.quotes.files import write_quotes
from strategy.market_data.schema import QUOTES_SCHEMA
from tests.strategy.market_data.bucket_server import (
    SECRET,
    BreakingLine,
    BucketServer,
    running_server,
)
from tests.strategy.market_data.sound_session import as_arrow, sound_tables, write_tables

DAYS = (date(2023, 1, 3), date(2023, 1, 4), date(2023, 1, 5))
ADDRESS = "s3://market/prices"


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def bucket(server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> fs.S3FileSystem:
    """An empty bucket, by which the environment leads to the server."""
    server.use(monkeypatch)
    system = server.file_system()
    system.create_dir("market")
    system.delete_dir_contents("market")
    return system


@pytest.fixture
def here(bucket: fs.S3FileSystem, tmp_path: Path) -> Mirror:
    """The mirror of a machine that wrote three sessions."""
    mirror = make_mirror(tmp_path / "here", ADDRESS)
    for day in DAYS:
        write_tables(mirror.folder, sound_tables(day), day)
    return mirror


@pytest.fixture
def there(here: Mirror, tmp_path: Path) -> Mirror:
    """The mirror of another machine, which has fetched nothing yet."""
    return make_mirror(tmp_path / "there", ADDRESS)


def fingerprint(cache: Path, day: date) -> str:
    return session_fingerprint(session_folder(cache, "SPY", day))


def objects(bucket: fs.S3FileSystem, part: str = "") -> list[str]:
    found = bucket.get_file_info(fs.FileSelector("market", recursive=True))
    return sorted(f.path for f in found if f.type == fs.FileType.File and part in f.path)


def refreshed(mirror: Mirror) -> int:
    """Bring a mirror up to date; gives how many sessions were fetched."""
    fetched: list[int] = []
    mirror.refresh("SPY", lambda done, _total: fetched.append(done))
    return len(fetched)


def test_another_machine_has_the_same_bytes(here: Mirror, there: Mirror, tmp_path: Path) -> None:
    on_disk = tmp_path / "disk"
    assert refreshed(there) == 3
    assert list_sessions(there.folder, "SPY") == list(DAYS)
    for day in DAYS:
        write_tables(on_disk, sound_tables(day), day)
        assert fingerprint(there.folder, day) == fingerprint(on_disk, day)
        assert there.held("SPY")[day].fingerprint == fingerprint(on_disk, day)
    assert refreshed(there) == 0
    assert refreshed(here) == 0  # what was written here is not fetched


def test_a_replaced_session_is_fetched_anew(
    here: Mirror, there: Mirror, bucket: fs.S3FileSystem
) -> None:
    refreshed(there)
    before = fingerprint(there.folder, DAYS[1])
    write_tables(there.folder, sound_tables(DAYS[1]), DAYS[1], source="synthetic")
    assert there.held("SPY")[DAYS[1]].fingerprint == before  # a synthetic one replaces no real one
    n_objects = len(objects(bucket))
    for step_seconds in (20, 30):  # within the second to which the server's clock is told
        write_tables(here.folder, sound_tables(DAYS[1], step_seconds=step_seconds), DAYS[1])
    assert refreshed(there) == 1
    assert fingerprint(there.folder, DAYS[1]) == fingerprint(here.folder, DAYS[1]) != before
    assert len(objects(bucket)) == n_objects  # nothing of the old one is left


def test_a_removed_session_goes_everywhere(
    here: Mirror, there: Mirror, bucket: fs.S3FileSystem
) -> None:
    refreshed(there)
    remove_session(here.folder, "SPY", DAYS[0])
    refreshed(there)
    assert list_sessions(there.folder, "SPY") == list(DAYS[1:])
    assert objects(bucket, "2023-01-03") == []


def test_quotes_go_with_their_session(here: Mirror, there: Mirror) -> None:
    refreshed(there)
    write_quotes(here.folder, "SPY", DAYS[0], QUOTES_SCHEMA.empty_table(), source="polygon")
    before = there.held("SPY")[DAYS[0]].fingerprint
    assert refreshed(there) == 1
    assert (session_folder(there.folder, "SPY", DAYS[0]) / "quotes.parquet").exists()
    assert fingerprint(there.folder, DAYS[0]) == before


def test_what_did_not_reach_the_bucket_goes_there_later(
    here: Mirror, there: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = date(2023, 1, 6)
    with monkeypatch.context() as broken:
        broken.setattr(object_store, "_ATTEMPTS", 1)
        broken.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        alone = make_mirror(here.folder, ADDRESS)
        with pytest.raises(BucketUnreachableError):
            write_tables(alone.folder, sound_tables(day), day)
    assert list_sessions(here.folder, "SPY") == [*DAYS, day]
    refreshed(here)
    assert refreshed(there) == 4
    assert fingerprint(there.folder, day) == fingerprint(here.folder, day)


def test_a_missing_object_is_told_and_comes_when_it_is_there_again(
    here: Mirror, there: Mirror, bucket: fs.S3FileSystem, caplog: pytest.LogCaptureFixture
) -> None:
    (path,) = objects(bucket, "2023-01-04/options-")
    data = bucket.open_input_stream(path).readall()
    bucket.delete_file(path)
    refreshed(there)
    (line,) = caplog.messages
    assert path.removeprefix("market/prices/") in line
    assert "which is absent; fetch the session again with `rorq download RANGE`" in line
    assert "\n" not in line
    folder = session_folder(there.folder, "SPY", DAYS[1])
    assert {file.name for file in folder.glob("*.parquet")} == {
        "underlying.parquet",
        "chain.parquet",
    }
    assert fingerprint(there.folder, DAYS[0]) == fingerprint(here.folder, DAYS[0])
    assert refreshed(there) == 1  # it is looked for every time
    with bucket.open_output_stream(path) as stream:
        stream.write(data)
    assert refreshed(there) == 1
    assert fingerprint(there.folder, DAYS[1]) == fingerprint(here.folder, DAYS[1])


@pytest.mark.parametrize("name", ["2023-01-04/chain-", "sessions/2023-01-04"])
def test_an_altered_object_is_not_taken(
    there: Mirror, bucket: fs.S3FileSystem, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    (path,) = objects(bucket, name)
    with bucket.open_output_stream(path) as stream:
        stream.write(b'{"format": 1, "source": "polygon", "files": {}}')
    refreshed(there)
    (line,) = caplog.messages
    assert "altered" in line
    assert path.rpartition("/")[2] in line
    assert not (session_folder(there.folder, "SPY", DAYS[1]) / "chain.parquet").exists()
    with pytest.raises(OSError, match="No such file"):
        fingerprint(there.folder, DAYS[1])


def test_a_session_replaced_while_it_is_fetched_is_the_new_one(
    here: Mirror, there: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = there.held("SPY")
    remove_session(here.folder, "SPY", DAYS[1])
    write_tables(here.folder, sound_tables(DAYS[1], step_seconds=30), DAYS[1])
    answers = iter([listed, there.held("SPY")])
    monkeypatch.setattr(Mirror, "held", lambda *_: next(answers))
    refreshed(there)
    assert fingerprint(there.folder, DAYS[1]) == fingerprint(here.folder, DAYS[1])


def test_a_file_damaged_here_is_fetched_again_and_never_put(here: Mirror, there: Mirror) -> None:
    before = fingerprint(here.folder, DAYS[2])
    (session_folder(here.folder, "SPY", DAYS[2]) / "chain.parquet").write_bytes(b"damage")
    assert refreshed(here) == 1
    refreshed(there)
    assert fingerprint(here.folder, DAYS[2]) == fingerprint(there.folder, DAYS[2]) == before


def test_a_session_that_came_in_part_is_written_again(
    here: Mirror, there: Mirror, bucket: fs.S3FileSystem
) -> None:
    (path,) = objects(bucket, "2023-01-04/options-")
    bucket.delete_file(path)
    refreshed(there)
    assert not is_cached(there.folder, "SPY", DAYS[1])
    arrow = {name: as_arrow(name, table) for name, table in sound_tables(DAYS[1]).items()}
    assert write_session(there.folder, "SPY", DAYS[1], arrow, source="polygon")
    assert is_cached(there.folder, "SPY", DAYS[1])
    assert objects(bucket, "2023-01-04/options-") == [path]
    refreshed(there)
    assert fingerprint(there.folder, DAYS[1]) == fingerprint(here.folder, DAYS[1])


def test_a_session_of_which_nothing_is_noted_here_any_more_is_fetched_again(
    here: Mirror, there: Mirror
) -> None:
    before = fingerprint(here.folder, DAYS[2])
    folder = session_folder(here.folder, "SPY", DAYS[2])
    (folder / "chain.parquet").write_bytes(b"damage")
    (folder / ".bucket.json").write_bytes(b"damage")
    assert refreshed(here) == 1
    refreshed(there)
    assert fingerprint(here.folder, DAYS[2]) == fingerprint(there.folder, DAYS[2]) == before


def test_what_killed_fetches_left_is_removed(there: Mirror) -> None:
    left = there.folder / "SPY" / ".2023-01-03.fetching-abc"
    left.mkdir(parents=True)
    refreshed(there)
    assert not left.exists()


def test_two_writers_of_a_day_leave_whole_sessions(
    here: Mirror, there: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = date(2023, 1, 6)
    first, second = (tmp_path / name / "SPY" / day.isoformat() for name in ("first", "second"))
    for step_seconds, folder in ((30, first), (60, second)):
        write_tables(folder.parents[1], sound_tables(day, step_seconds=step_seconds), day)
    put, waiting = ObjectStore.put, [second]

    def put_after_the_other(store: ObjectStore, key: str, data: bytes) -> None:
        if waiting:
            there.upload("SPY", day, waiting.pop())
        put(store, key, data)

    monkeypatch.setattr(ObjectStore, "put", put_after_the_other)
    here.upload("SPY", day, first)
    assert refreshed(there) == 4
    assert there.held("SPY")[day].fingerprint == fingerprint(there.folder, day)


def test_a_line_that_breaks_costs_nothing(
    server: BucketServer, there: Mirror, monkeypatch: pytest.MonkeyPatch, here: Mirror
) -> None:
    with BreakingLine(server, cut=3) as line:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{line.port}")
        assert refreshed(there) == 3
        assert line.cut == 0
    assert [fingerprint(there.folder, day) for day in DAYS] == [
        fingerprint(here.folder, day) for day in DAYS
    ]


def test_a_line_that_stays_broken_is_one_line_and_goes_on_later(
    server: BucketServer, there: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "_ATTEMPTS", 2)
    with BreakingLine(server, cut=10**6) as line, monkeypatch.context() as broken:
        broken.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{line.port}")
        with pytest.raises(BucketUnreachableError) as told:
            refreshed(there)
    assert "\n" not in str(told.value)
    assert "run the same again: it goes on with what is left" in str(told.value)
    assert SECRET not in str(told.value)
    n_here = len(list_sessions(there.folder, "SPY"))
    assert refreshed(make_mirror(there.folder, ADDRESS)) == 3 - n_here
    assert list(there.folder.glob("SPY/.*building*")) == []


def test_no_such_bucket_is_one_line(bucket: fs.S3FileSystem, tmp_path: Path) -> None:
    mirror = make_mirror(tmp_path / "none", "s3://no-such-bucket/prices")
    with pytest.raises(BucketError, match="there is no such bucket"):
        mirror.refresh("SPY")


class Refusing(BaseHTTPRequestHandler):
    """Answers a request that is not signed as Amazon does; moto fails at it."""

    def do_GET(self) -> None:
        is_signed = "Authorization" in self.headers
        code = "InvalidAccessKeyId" if is_signed else "AccessDenied"
        body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
        self.send_response(403)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_no_credentials_are_one_line_that_says_so(
    bucket: fs.S3FileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    mirror = make_mirror(tmp_path / "none", ADDRESS)
    with pytest.raises(BucketError, match=r"refuses the credentials \(INVALID_ACCESS_KEY_ID\)"):
        mirror.refresh("SPY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(BucketError) as told:
        make_mirror(tmp_path / "none", ADDRESS).refresh("SPY")
    server.shutdown()
    server.server_close()
    assert str(told.value) == (
        f"{ADDRESS}: http://127.0.0.1:{server.server_port} refuses (ACCESS_DENIED), and no "
        "credentials were found in the environment or in ~/.aws; expected credentials that may "
        "list, read and write there; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
        "AWS_PROFILE, or give the machine a role"
    )


@pytest.mark.parametrize("wrong", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "both"])
def test_wrong_credentials_are_one_line_without_them(
    server: BucketServer, there: Mirror, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    with server.asking_for_credentials() as right:
        for name, value in right.items():
            monkeypatch.setenv(name, "AKIA-wrong-one" if wrong in (name, "both") else value)
        with pytest.raises(BucketError) as told:
            refreshed(there)
        for name, value in right.items():
            monkeypatch.setenv(name, value)
        assert refreshed(make_mirror(there.folder, ADDRESS)) == 3
    line = str(told.value)
    assert "refuses the credentials" in line
    assert "\n" not in line
    assert not any(secret in line for secret in ("AKIA-wrong-one", SECRET, *right.values()))
