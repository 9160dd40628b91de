"""`rorq dev` looks before it starts anything, and can be ended however it was started."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

import rorq_pipeline
from optimize.database.connect import DatabaseSettings, ensure_database
from rorq_pipeline.cli import dev, leftovers
from rorq_pipeline.cli.main import main
from rorq_pipeline.cli.ports import is_free
from rorq_pipeline.project.page_addresses import REPORTS_PORT_NAME, report_address
from rorq_pipeline.project.paths import ProjectPaths
from strategy.errors import ParameterError
from tests.machine import free_port, wait_until


def test_a_taken_port_is_said_with_its_holder_and_a_free_one() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        result = CliRunner().invoke(main, ["dev", "--port", str(port)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"port {port} of 127.0.0.1 is taken by process" in result.stderr
    assert sys.executable.rsplit("/", 1)[-1] in result.stderr
    proposed = int(result.stderr.rsplit("--port ", 1)[1])
    with socket.socket() as free:
        free.bind(("127.0.0.1", proposed))


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid"])
def test_an_address_of_another_machine_is_one_line(host: str) -> None:
    result = CliRunner().invoke(main, ["dev", "--host", host, "--port", "3999"])
    assert result.exit_code == 1
    assert f"cannot listen on {host}:3999" in result.stderr


def test_what_a_killed_one_left_is_ended_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(mark: str, **how: bool) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(["sleep", "60"], env={"RORQ_DEV": mark}, **how)  # type: ignore[call-overload]

    def kill(process: psutil.Process) -> None:
        forced.append(process.pid)
        process.send_signal(signal.SIGKILL)

    forced: list[int] = []
    monkeypatch.setattr(psutil.Process, "kill", kill)
    monkeypatch.setattr(leftovers, "_END_SECONDS", 1.0)
    killed = subprocess.Popen(["true"])
    killed.wait()
    left = started(f"{killed.pid} {tmp_path}")
    stubborn = subprocess.Popen(
        ["sh", "-c", "trap '' TERM; exec sleep 60"], env={"RORQ_DEV": f"{killed.pid} {tmp_path}"}
    )
    others = [
        started(f"{os.getpid()} {tmp_path}/other"),
        started(f"{killed.pid} {tmp_path}", start_new_session=True),
        started(""),
    ]
    living = subprocess.Popen(
        ["sh", "-c", 'RORQ_DEV="$$ $0" exec sleep 60', str(tmp_path)], start_new_session=True
    )
    others += [living, started(f"{living.pid} {tmp_path}")]
    try:
        end = time.monotonic() + 10
        while "RORQ_DEV" not in psutil.Process(living.pid).environ():
            assert time.monotonic() < end
            time.sleep(0.01)
        wait_until(lambda: psutil.Process(stubborn.pid).name() == "sleep")
        assert sorted(leftovers.end_leftovers(tmp_path)) == sorted([left.pid, stubborn.pid])
        assert stubborn.pid in forced
        assert left.wait(5) is not None
        assert stubborn.wait(5) == -signal.SIGKILL
        assert [other.poll() for other in others] == [None] * len(others)
    finally:
        for process in (left, stubborn, *others):
            process.kill()
            process.wait()


@pytest.mark.usefixtures("database_environment")
def test_a_port_that_a_killed_one_still_holds_is_freed(
    project: ProjectPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = subprocess.Popen(["true"])
    killed.wait()
    port = free_port()
    listen = "import socket, sys; socket.create_server(('127.0.0.1', int(sys.argv[1]))).accept()"
    left = subprocess.Popen(
        [sys.executable, "-c", listen, str(port)],
        env={"RORQ_DEV": f"{killed.pid} {project.root}"},
    )
    begun: list[str] = []
    monkeypatch.setattr(os, "execv", lambda _, words: begun.extend(words))
    monkeypatch.setattr(os, "chdir", lambda _: None)
    monkeypatch.setattr(dev, "_serve_reports", lambda: None)
    monkeypatch.setenv("RORQ_DEV", "")
    before = signal.getsignal(signal.SIGINT)
    try:
        wait_until(lambda: not is_free("127.0.0.1", port))
        result = CliRunner().invoke(main, ["dev", "--port", str(port)])
        assert result.exit_code == 0, result.output
        assert left.wait(5) is not None
    finally:
        signal.signal(signal.SIGINT, before)
        left.kill()
        left.wait()
    told = result.stderr.splitlines()
    assert told[0] == f"ended what a killed rorq dev had left running: processes {left.pid}"
    workspace = str(Path(rorq_pipeline.__file__).parents[1] / "workspace.yaml")
    assert begun == [
        sys.executable, "-m", "dagster", "dev", "--workspace", workspace,
        "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip


def test_sigterm_ends_one_that_was_started_with_ctrl_c_ignored(
    project: ProjectPaths, monkeypatch: pytest.MonkeyPatch, database_environment: DatabaseSettings
) -> None:
    """Dagster takes SIGTERM as it finds SIGINT, and a script's background job ignores that."""
    seen = []
    begun: list[str] = []

    def execv(_: str, words: list[str]) -> None:
        seen.append(signal.getsignal(signal.SIGINT))
        begun.extend(words)

    def ensured(root: Path, **how: bool) -> DatabaseSettings:
        assert how == {"keep_running": True}  # it outlives this process
        return ensure_database(root, **how)

    monkeypatch.setattr("optimize.database.connect.ensure_database", ensured)
    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setattr(os, "chdir", lambda _: None)
    served: list[list[str]] = []
    monkeypatch.setattr("rorq_pipeline.cli.dev.subprocess.Popen", served.append)
    monkeypatch.setenv("RORQ_DEV", "")
    port, reports_port = str(free_port()), str(free_port())
    monkeypatch.setenv(REPORTS_PORT_NAME, reports_port)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        workspace = str(project.root / "other.yaml")
        Path(workspace).touch()
        result = CliRunner().invoke(main, ["dev", "--port", port, "--workspace", workspace])
    finally:
        signal.signal(signal.SIGINT, before)
    assert result.exit_code == 0, result.output
    assert begun[4:6] == ["--workspace", workspace]
    assert result.stderr.splitlines() == [
        f"Dagster on http://127.0.0.1:{port}, database {database_environment.address}",
        f"reports on http://127.0.0.1:{reports_port}/index.html",
    ]
    assert seen == [signal.SIG_DFL]
    (command,) = served
    folder = str(project.artifacts / "report")
    assert command[1:] == ["-m", "rorq_pipeline.cli.report_server", folder, reports_port]
    assert os.environ["RORQ_DEV"] == f"{os.getpid()} {project.root}"


@pytest.mark.parametrize("name", ["absent.yaml", ""])
def test_a_workspace_is_a_file(project: ProjectPaths, name: str) -> None:
    named = str(project.root / name)
    assert CliRunner().invoke(main, ["dev", "--workspace", named]).exit_code == 2


def test_reports_of_another_project_on_the_port_are_said_and_not_linked_silently(
    project: ProjectPaths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        monkeypatch.setenv(REPORTS_PORT_NAME, str(port))
        dev._serve_reports()
    told = " ".join(capsys.readouterr().err.split())
    assert f"not served: port {port} of 127.0.0.1 is taken by process {os.getpid()}" in told
    assert f"set {REPORTS_PORT_NAME} to another port" in told
    assert str(project.artifacts / "report") in told
    assert report_address("index") == f"http://127.0.0.1:{port}/index.html"


@pytest.mark.parametrize("value", ["http", "80", "65536", "-1", "\u0663"])
def test_what_is_no_port_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REPORTS_PORT_NAME, value)
    with pytest.raises(ParameterError, match=REPORTS_PORT_NAME):
        report_address("index")
