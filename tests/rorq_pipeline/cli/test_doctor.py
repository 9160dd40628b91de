"""`rorq doctor`: every line is fine or names its remedy."""

import importlib.metadata
import io
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import FrozenInstanceError
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest
from click.testing import CliRunner
from rich.console import Console

from optimize.cluster.connection import ClusterState
from optimize.database.settings import DatabaseSettings
from rorq_pipeline.cli import doctor, health, main
from rorq_pipeline.project import cluster
from rorq_pipeline.project.paths import ProjectPaths
from strategy.market_data import object_store
from tests.machine import free_port


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectPaths:
    """A project that is well: it has a session folder, and the one port is another one."""
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    monkeypatch.setattr(health, "_PAGES", {free_port(): health._PAGES[3000]})
    (tmp_path / "polygon_cache" / "SPY" / "2023-01-03").mkdir(parents=True)
    return ProjectPaths.resolve()


@contextmanager
def answering(answer: bytes) -> Iterator[tuple[int, list[str]]]:
    """A server that says the same to all; its port, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().split()[1].decode())
            self.wfile.write(answer)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1], asked
        server.shutdown()


def test_each_finding_is_a_line_and_one_that_is_not_well_an_exit_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [
        health.Finding(subject="Python", text="3.14.0 in /usr[venv]"),
        health.Finding(subject="port 3000", text="taken", remedy="end it"),
        health.Finding(subject="disk", text="9.0 GB"),
    ]
    monkeypatch.setattr(health, "examine", lambda _paths: found)
    written = io.StringIO()
    coloured = Console(file=written, force_terminal=True, color_system="standard", soft_wrap=True)
    monkeypatch.setattr(doctor, "console", coloured)
    assert CliRunner().invoke(main, ["doctor"]).exit_code == 1
    assert written.getvalue().splitlines() == [
        "\x1b[32mok\x1b[0m     Python     3.14.0 in /usr[venv]",
        "\x1b[31mwrong\x1b[0m  port 3000  taken; end it",
        "\x1b[32mok\x1b[0m     disk       9.0 GB",
    ]
    del found[1]
    assert CliRunner().invoke(main, ["doctor"]).exit_code == 0


def test_a_finding_is_made_by_name_and_stays_as_it_is() -> None:
    with pytest.raises(TypeError):
        health.Finding("disk", "9.0 GB")  # type: ignore[misc]
    found = health.Finding(subject="disk", text="9.0 GB")
    with pytest.raises(FrozenInstanceError):
        found.remedy = "buy one"  # type: ignore[misc]


def test_all_is_well(project: ProjectPaths, database_environment: DatabaseSettings) -> None:
    (project.cache / "SPY" / "2023-01-03").mkdir(parents=True)
    found = {one.subject: one for one in health.examine(project)}
    assert list(found) == [
        "Python", "packages", "folders", "disk", "cache", "database", "cluster", "run config",
        "port 3000", "port 8080",
    ]  # fmt: skip
    assert [one for one in list(found.values())[:8] if not one.is_well] == []
    address = re.escape(database_environment.address)  # and no password
    database = rf"PostgreSQL \d[\d.]* at {address} \(environment\)"
    assert re.fullmatch(database, found["database"].text)
    assert found["cluster"].text == "no RORQ_CLUSTER: threads of this machine do the work"


def test_an_empty_cache_and_a_bad_database_are_told_with_the_remedy(
    paths: ProjectPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    (paths.cache / "SPY" / "2023-01-03").rmdir()
    monkeypatch.setenv("PG_HOST", "127.0.0.1")
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 1
    lines = {line.split()[1]: line for line in result.output.splitlines()}
    assert lines["cache"] == (
        f"wrong  cache       no session in {paths.cache}; "
        "`rorq sample`, `rorq download RANGE` or `rorq import-legacy` brings some"
    )
    assert lines["database"].startswith("wrong")
    assert "PG_PASSWORD" in lines["database"]
    assert lines["Python"].startswith("ok")


@pytest.mark.parametrize(
    ("version", "remedy"),
    [
        ((3, 11, 0, "final", 0), ""),
        ((3, 10, 99, "final", 0), "install Python 3.11 or later"),
        ((4, 0, 0, "final", 0), ""),
    ],
)
def test_an_old_python_is_told(
    paths: ProjectPaths,
    version: tuple[int, int, int, str, int],
    remedy: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as other:
        other.setattr(sys, "version_info", version)
        found = health._python(paths)
    told = f"{version[0]}.{version[1]}.{version[2]} in {sys.prefix}"
    assert found == health.Finding(subject="Python", text=told, remedy=remedy)


def test_each_ticker_of_the_cache_is_told_with_its_first_and_last_session(
    paths: ProjectPaths,
) -> None:
    for folder in (
        "SPY/2023-01-05",
        "SPY/2023-01-04",
        "QQQ/2023-02-01",
        "EMPTY",
        "notes/2023-01-03",
    ):
        (paths.cache / folder).mkdir(parents=True)
    (paths.cache / "FILE").touch()
    assert health._cache(paths) == health.Finding(
        subject="cache",
        text="QQQ 1 sessions 2023-02-01 to 2023-02-01; SPY 3 sessions 2023-01-03 to 2023-01-05",
    )


def test_a_bucket_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RORQ_CACHE", "s3://market/prices")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setattr(object_store, "_ATTEMPTS", 1)
    found = health._cache(ProjectPaths.resolve())
    assert found == health.Finding(
        subject="cache",
        text="s3://market/prices: http://127.0.0.1:1 does not answer, or breaks off "
        "(NETWORK_CONNECTION, 1 attempts)",
        remedy="look at the network and AWS_ENDPOINT_URL, then run the same again: "
        "it goes on with what is left",
    )


@pytest.mark.parametrize(
    ("address", "told"), [(None, ""), ("http://10.0.0.5:8787", "; http://10.0.0.5:8787")]
)
def test_a_cluster_is_told_with_its_workers(
    paths: ProjectPaths, address: str | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = ClusterState(n_workers=3, dashboard_url=address)
    monkeypatch.setattr(cluster, "look_at_cluster", lambda: state)
    text = f"3 workers with the same engine{told}"
    assert health._cluster(paths) == health.Finding(subject="cluster", text=text)


@pytest.mark.parametrize(
    ("port", "path", "body"),
    [
        (3000, "/server_info", b'{"dagster_version": "1.13"}'),
        (8080, "/api/studies", b'{"study_summaries": []}'),
        (3000, "/server_info", b" " * 99_993 + b"dagster"),  # 100,000 bytes are read
    ],
)
def test_the_own_page_on_its_port_is_no_fault(
    port: int, path: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = health._PAGES[port]
    with answering(b"HTTP/1.0 200 OK\r\n\r\n" + body) as (found_port, asked):
        monkeypatch.setattr(health, "_PAGES", {found_port: page})
        found = health._port(found_port)
    command = {3000: "rorq dev", 8080: "rorq dashboard"}[port]
    assert found == health.Finding(subject=f"port {found_port}", text=f"{command} answers there")
    assert asked == [path]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 200 OK\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\n\r\n" + b" " * 99_994 + b"dagster",
        b"HTTP/1.0 404 Not Found\r\n\r\ndagster",
        b"HTTP/1.0 302 Found\r\nLocation: http://[\r\n\r\ndagster",
        b"SSH-2.0-OpenSSH_9.2 dagster\r\n",
    ],
)
def test_a_port_that_another_program_has_is_told(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(answer) as (port, _):
        monkeypatch.setattr(health, "_PAGES", {port: health._PAGES[3000]})
        found = health._port(port)
    assert found == health.Finding(
        subject=f"port {port}",
        text="taken by another program",
        remedy="end it, or `rorq dev --port` another",
    )


def test_a_free_port_is_told_with_the_command_that_wants_it(paths: ProjectPaths) -> None:
    (port,) = health._PAGES
    free = health.Finding(subject=f"port {port}", text="free for rorq dev")
    assert health._port(port) == free


@pytest.mark.parametrize(
    ("n_bytes", "told", "remedy"),
    [
        (12_000_000, "0.0", "free 1 GB or more"),
        (999_999_999, "1.0", "free 1 GB or more"),
        (1_000_000_000, "1.0", ""),
        (7_960_000_000, "8.0", ""),
    ],
)
def test_the_folder_with_the_least_room_is_told(
    paths: ProjectPaths, n_bytes: int, told: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = {paths.root: 9 * 10**9, paths.cache: n_bytes, paths.artifacts: 8 * 10**9}
    monkeypatch.setattr(health, "_free_bytes", free.__getitem__)
    text = f"{told} GB free at {paths.cache}"
    assert health._disk(paths) == health.Finding(subject="disk", text=text, remedy=remedy)


def test_room_for_a_folder_that_is_not_there_yet_is_that_above_it(tmp_path: Path) -> None:
    assert health._free_bytes(tmp_path / "no" / "folder") > 0


def installed(monkeypatch: pytest.MonkeyPatch, requires: list[str], **versions: str) -> None:
    """Let the project require, and the machine have, what is said."""
    real = importlib.metadata.version
    monkeypatch.setattr("importlib.metadata.requires", lambda _name: requires)
    monkeypatch.setattr("importlib.metadata.version", lambda name: versions.get(name) or real(name))


def test_packages_are_counted_without_those_of_extras_and_other_systems(
    paths: ProjectPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["plain", "early>=2", 'more>=99; extra == "download"', 'x; sys_platform == "none"',
             'here<3; sys_platform != "none"']  # fmt: skip
    installed(monkeypatch, lines, plain="1", early="2.1rc1", here="2")
    text = "3 of 3 as required"
    assert health._packages(paths) == health.Finding(subject="packages", text=text)


def test_a_package_of_another_version_is_told(
    paths: ProjectPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["plain", "late>=99", "no-such-package", 'massive>=99; extra == "download"']
    installed(monkeypatch, lines, plain="1", late="98")
    text = "late is 98, expected >=99; no-such-package is not installed"
    assert health._packages(paths) == health.Finding(
        subject="packages", text=text, remedy="run `make install`"
    )


def test_a_checkout_that_was_never_installed_is_told(
    paths: ProjectPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PROJECT", "no-such-project")
    assert health._packages(paths) == health.Finding(
        subject="packages", text="no-such-project is not installed", remedy="run `make install`"
    )


def test_folders_are_made_and_nothing_is_left_in_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path / "new" / "project"))
    paths = ProjectPaths.resolve()
    text = f"{paths.root} and its folders can be written"
    well = health.Finding(subject="folders", text=text)
    assert [health._folders(paths), health._folders(paths)] == [well, well]
    made = {paths.root, paths.state, paths.artifacts, paths.cache}
    assert {paths.root, *paths.root.rglob("*")} == made


def test_a_folder_that_cannot_be_made_is_told(paths: ProjectPaths) -> None:
    paths.artifacts.touch()
    assert health._folders(paths) == health.Finding(
        subject="folders",
        text=f"{paths.artifacts}: File exists",
        remedy="make it writable, or set RORQ_HOME, RORQ_CACHE or RORQ_ARTIFACTS",
    )


@pytest.mark.parametrize(
    ("text", "told", "is_well"),
    [
        (None, "no run_config.yaml: the defaults hold", True),
        ("ops: {verdict: {config: {trades_to_trade: 12}}}", "run_config.yaml sets verdict", True),
        (
            "ops: {verdict: {config: {trades: 12}}}",
            "verdict: unknown verdict limit 'trades'",
            False,
        ),
        ("ops: {verdict: {config: {trades_to_trade: 5}}}", "below trades_to_reject 10", False),
        (
            "ops: {optimization: {config: {n_trials: many}}}",
            "optimization.n_trials is 'many'",
            False,
        ),
        ("ops: []", "ops is no mapping", False),
    ],
)
def test_the_projects_run_config_is_looked_at(
    paths: ProjectPaths, text: str | None, told: str, is_well: bool
) -> None:
    if text is not None:
        (paths.root / "run_config.yaml").write_text(text)
    found = health._run_config(paths)
    assert told in found.text
    assert found.is_well is is_well
