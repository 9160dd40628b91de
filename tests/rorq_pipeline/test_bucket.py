"""Commands, sensor and chain on a cache in a bucket: as on disk, and one line for what fails."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from click.testing import Result
from pyarrow import fs

from optimize import smart
from rorq_pipeline.automation.alerts import stale_events
from rorq_pipeline.automation.sensor import cache_sensor
from rorq_pipeline.automation.settings import AutomationSettings
from rorq_pipeline.cli import health
from rorq_pipeline.dagster_support.jobs import optimize_range
from rorq_pipeline.project.cache_scan import scan_cache, scan_folder
from rorq_pipeline.project.fresh_cache import cache_folder, fresh_cache
from rorq_pipeline.project.paths import ProjectPaths
from strategy.market_data import list_sessions, object_store
from strategy.market_data.mirror import make_mirror
from tests.rorq_pipeline.conftest import SESSIONS, small_config
from tests.strategy.market_data.bucket_server import SECRET, BucketServer, running_server
from tests.strategy.market_data.download.fake_provider import KEY, FakeProvider, serve
from tests.strategy.market_data.legacy import legacy_folder
from tests.strategy.market_data.sound_session import sound_tables, write_tables

ADDRESS = "s3://market/prices"
RANGE = "2023-01-03_2023-01-04"
CHAIN = ("validated_cache", "optimization", "parameter_surface")
Rorq = Callable[..., Result]


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def bucket(server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> fs.S3FileSystem:
    """An empty bucket, which is the cache."""
    server.use(monkeypatch, RORQ_CACHE=ADDRESS)
    system = server.file_system()
    system.create_dir("market")
    system.delete_dir_contents("market")
    return system


@pytest.fixture
def bucket_project(bucket: fs.S3FileSystem, project: ProjectPaths) -> ProjectPaths:
    """A project whose cache is the bucket."""
    return ProjectPaths.resolve()


def put_sessions(cache: Path, *days: date, **how: Any) -> Path:
    """Write sound sessions into a cache, as `sound_tables` makes them."""
    for day in days:
        open_utc = datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC)
        write_tables(cache, sound_tables(day, open_utc, **how), day)
    return cache


def put_there(tmp_path: Path, *days: date, **how: Any) -> None:
    """Have another machine write sessions into the bucket."""
    put_sessions(make_mirror(tmp_path / "another machine", ADDRESS).folder, *days, **how)


def objects(bucket: fs.S3FileSystem, part: str) -> list[str]:
    found = bucket.get_file_info(fs.FileSelector("market", recursive=True))
    return sorted(f.path for f in found if f.type == fs.FileType.File and part in f.path)


def error_lines(result: Result) -> list[str]:
    """What a failed command said on standard error, without its progress."""
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    assert SECRET not in result.output
    return [line for line in result.stderr.splitlines() if line.startswith("error:")]


def test_the_address_is_kept_and_holds_no_secret(
    bucket_project: ProjectPaths, monkeypatch: pytest.MonkeyPatch, rorq: Rorq
) -> None:
    assert bucket_project.environment()["RORQ_CACHE"] == ADDRESS
    other = ProjectPaths.resolve("s3://market/other")
    assert other.cache != bucket_project.cache  # each bucket has its folder
    monkeypatch.setenv("RORQ_CACHE", f"s3://AKIA:{SECRET}@market/prices")
    (line,) = error_lines(rorq("cache", "list"))
    assert "cache s3://market/prices has credentials" in line
    assert "AKIA" not in line


def test_commands_see_the_sessions_of_the_bucket(
    bucket_project: ProjectPaths, rorq: Rorq, tmp_path: Path
) -> None:
    put_there(tmp_path, *SESSIONS)
    listed = rorq("cache", "list")
    assert "2 sessions of SPY, " in listed.output.replace("\n", " ")
    assert ADDRESS in listed.output.replace("\n", "")
    put_there(tmp_path, date(2023, 1, 5))
    shown = rorq("cache", "show", "2023-01-05")
    assert shown.exit_code == 0, shown.output
    assert health._cache(bucket_project).text == "SPY 3 sessions 2023-01-03 to 2023-01-05"


def test_a_cache_on_disk_is_uploaded_and_read_again(
    bucket_project: ProjectPaths, bucket: fs.S3FileSystem, rorq: Rorq, tmp_path: Path
) -> None:
    disk = str(put_sessions(tmp_path / "disk", *SESSIONS))
    first = rorq("cache", "upload", disk)
    assert "2 sessions of SPY put into s3://market/prices" in first.output, first.output
    assert "0 sessions of SPY" in rorq("cache", "upload", disk).output
    (path,) = objects(bucket, "2023-01-04/options-")
    bucket.delete_file(path)
    verified = rorq("cache", "verify")
    assert verified.exit_code == 1
    assert "2023-01-04" in verified.output
    assert "options.parquet" in verified.output
    assert "2 sessions" in rorq("cache", "upload", "--replace", disk).output
    assert rorq("cache", "verify").exit_code == 0


def test_upload_refuses_without_a_bucket(project: ProjectPaths, rorq: Rorq, tmp_path: Path) -> None:
    (line,) = error_lines(rorq("cache", "upload", str(tmp_path)))
    assert "expected the address of a bucket" in line


def test_an_import_goes_into_the_bucket_once(
    bucket_project: ProjectPaths, bucket: fs.S3FileSystem, rorq: Rorq, tmp_path: Path
) -> None:
    folder = legacy_folder.write_folder(tmp_path / "legacy")
    first = rorq("import-legacy", str(folder))
    assert "sessions written to s3://market/prices" in first.output.replace("\n", " ")
    manifests = objects(bucket, "/sessions/")
    assert manifests
    shutil.rmtree(bucket_project.cache)
    again = rorq("import-legacy", str(folder))
    assert "0 sessions written" in again.output
    assert objects(bucket, "/sessions/") == manifests


def test_a_download_goes_into_the_bucket_once(
    bucket_project: ProjectPaths,
    bucket: fs.S3FileSystem,
    rorq: Rorq,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POLYGON_API_KEY", KEY)
    provider = FakeProvider()
    provider.add_session("SPY", date(2023, 1, 3), [384.2 + (i % 7) * 0.35 for i in range(150)])
    with serve(provider):
        first = rorq("download", "2023-01-03_2023-01-03", "--base-url", provider.url)
        assert "1 sessions of SPY written to s3://market/prices" in first.output
        manifests = objects(bucket, "/sessions/")
        assert len(manifests) == 1
        shutil.rmtree(bucket_project.cache)
        n_asked = len(provider.requests)
        again = rorq("download", "2023-01-03_2023-01-03", "--base-url", provider.url)
        assert len(provider.requests) == n_asked  # another machine has it from the bucket
    assert again.exit_code == 0, again.output
    assert objects(bucket, "/sessions/") == manifests
    assert list_sessions(bucket_project.cache, "SPY") == [date(2023, 1, 3)]


def test_the_sensor_sees_new_sessions_by_their_names(
    bucket_project: ProjectPaths, tmp_path: Path
) -> None:
    def tick(cursor: str | None, cache: Path) -> dg.SensorResult:
        sensor = cache_sensor(AutomationSettings(quiet_seconds=0), lambda: cache, optimize_range)
        with dg.DagsterInstance.ephemeral() as instance:
            result = sensor(dg.build_sensor_context(instance=instance, cursor=cursor))
        assert isinstance(result, dg.SensorResult)
        return result

    cache = cache_folder(bucket_project)
    put_there(tmp_path, *SESSIONS)
    first = tick(None, cache)
    on_disk = tick(None, put_sessions(tmp_path / "disk", *SESSIONS))
    keys = [request.run_key for request in first.run_requests or []]
    assert keys == [request.run_key for request in on_disk.run_requests or []]
    assert len(keys) == 1
    assert not tick(first.cursor, cache).run_requests
    put_there(tmp_path, SESSIONS[1], step_seconds=30)
    (changed,) = tick(first.cursor, cache).run_requests or []
    assert changed.partition_key == "2023-01-03_2023-01-31"
    assert list_sessions(cache, "SPY") == []  # nothing was fetched
    stale = list(stale_events(["SPY"], cache, date(2023, 3, 1)))
    assert "the latest cached session is 2023-01-04" in stale[0].text


def test_what_was_looked_at_has_the_signature_that_the_sensor_sees(
    bucket_project: ProjectPaths, tmp_path: Path
) -> None:
    put_there(tmp_path, *SESSIONS)
    cache = fresh_cache(bucket_project, "SPY")
    assert scan_folder(cache, "SPY").signatures == scan_cache(cache, "SPY").signatures
    assert len(scan_folder(cache, "SPY").signatures) == len(SESSIONS)


def test_the_search_alone_reads_the_bucket_too(
    bucket_project: ProjectPaths, tmp_path: Path
) -> None:
    put_there(tmp_path, *SESSIONS)
    folder = smart._cache_folder(ADDRESS, bucket_project.root, "SPY")
    assert folder == bucket_project.cache
    assert list_sessions(folder, "SPY") == list(SESSIONS)
    assert smart._cache_folder(str(tmp_path), bucket_project.root, "SPY") == tmp_path


@dataclass(frozen=True)
class Faulty:
    """A project on the bucket, and a chain in it."""

    paths: ProjectPaths
    rorq: Rorq

    def chain(self) -> Result:
        config = small_config(*CHAIN, seed=7, enable_persistence=False)
        return self.rorq("materialize", RANGE, "--select", "+report", "--config-json", config)

    @property
    def has_results(self) -> bool:
        """Whether anything was computed of sessions."""
        return any(self.paths.artifacts.glob("optimization/*"))

    def kept(self) -> dict[str, Any]:
        """Every figure of every artifact; not when, by which run and how fast it was made."""
        base = self.paths.artifacts
        return {
            str(path.relative_to(base)): _without_times(json.loads(path.read_text()))
            for path in sorted(base.rglob("*.json"))
        }


def _without_times(value: Any) -> Any:
    dropped = {"published_at", "made_at", "run_id", "seconds", "trials_per_second", "looked_at"}
    if isinstance(value, dict):
        return {k: _without_times(v) for k, v in value.items() if k not in dropped}
    return [_without_times(item) for item in value] if isinstance(value, list) else value


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_chain_gives_what_it_gives_on_disk_whatever_breaks(
    server: BucketServer,
    sampled_project: ProjectPaths,
    bucket: fs.S3FileSystem,
    rorq: Rorq,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on_disk = sampled_project.root / "polygon_cache"
    with monkeypatch.context() as disk:
        disk.setenv("RORQ_CACHE", str(on_disk))
        made = Faulty(ProjectPaths.resolve(), rorq)
        result = made.chain()
        assert result.exit_code == 0, result.output
    expected = made.kept()
    assert len(expected) > 8
    for derived in (made.paths.artifacts, made.paths.state / "cells", made.paths.prepared):
        shutil.rmtree(derived)  # so that all of it is made anew
    assert "2 sessions" in rorq("cache", "upload", str(on_disk)).output
    shutil.move(on_disk, tmp_path / "away")
    there = Faulty(ProjectPaths.resolve(), rorq)

    with monkeypatch.context() as broken:  # no connection
        broken.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        broken.setattr(object_store, "_ATTEMPTS", 1)  # Dagster tries the step again itself
        (line,) = error_lines(there.chain())
        assert "does not answer" in line
        assert not there.has_results
    with server.asking_for_credentials() as right, monkeypatch.context() as wrong:
        wrong.setenv("AWS_ACCESS_KEY_ID", right["AWS_ACCESS_KEY_ID"])
        wrong.setenv("AWS_SECRET_ACCESS_KEY", "AKIA-wrong")
        (line,) = error_lines(there.chain())
        assert "refuses the credentials" in line
        assert "AKIA" not in line
        assert not there.has_results
    (path,) = objects(bucket, "2023-01-04/options-")
    data = bucket.open_input_stream(path).readall()
    bucket.delete_file(path)  # a missing object
    (line,) = error_lines(there.chain())
    assert "options.parquet" in line
    assert not there.has_results
    with bucket.open_output_stream(path) as stream:  # another one in its place
        stream.write(data[:-1] + b"x")
    (line,) = error_lines(there.chain())
    assert "options.parquet" in line
    with bucket.open_output_stream(path) as stream:
        stream.write(data)

    result = there.chain()
    assert result.exit_code == 0, result.output
    assert there.kept() == expected
    for folder in (there.paths.artifacts, there.paths.state / "dagster", there.paths.cache):
        for file in filter(Path.is_file, folder.rglob("*")):
            assert SECRET.encode() not in file.read_bytes(), file
    assert SECRET not in result.output
    assert os.environ["RORQ_CACHE"] == ADDRESS
