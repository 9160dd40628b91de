import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import grpc
import pytest

from rorq_pipeline.dagster_support.internals import (
    GRPC_INFO_TAG,
    DagsterUserCodeUnreachableError,
    WorkerStatus,
)
from rorq_pipeline.dagster_support.launcher import (
    WORKER_TAG,
    HealthCheckedRunLauncher,
    fail_lost_runs,
    this_worker,
)


@dg.op
def nothing() -> None:
    pass


@dg.job
def some_job() -> None:
    nothing()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(
        str(tmp_path),
        overrides={
            "run_launcher": {
                "module": "rorq_pipeline.dagster_support.launcher",
                "class": "HealthCheckedRunLauncher",
            },
            "telemetry": {"enabled": False},
        },
    ) as made:
        yield made


def started_run(instance: dg.DagsterInstance, tags: dict[str, str]) -> dg.DagsterRun:
    return instance.create_run_for_job(some_job, tags=tags, status=dg.DagsterRunStatus.STARTED)


def health(instance: dg.DagsterInstance, tags: dict[str, str]) -> WorkerStatus:
    launcher = instance.run_launcher
    assert isinstance(launcher, HealthCheckedRunLauncher)
    return launcher.check_run_worker_health(started_run(instance, tags)).status


def dead_worker() -> str:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return f"{socket.gethostname()}:{process.pid}"


def test_a_living_command_is_running(instance: dg.DagsterInstance) -> None:
    assert health(instance, {WORKER_TAG: this_worker()}) is WorkerStatus.RUNNING


def test_a_killed_command_is_not_found(instance: dg.DagsterInstance) -> None:
    assert health(instance, {WORKER_TAG: dead_worker()}) is WorkerStatus.NOT_FOUND


def test_a_command_on_another_machine_is_left_alone(instance: dg.DagsterInstance) -> None:
    assert health(instance, {WORKER_TAG: f"elsewhere:{os.getpid()}"}) is WorkerStatus.RUNNING


def test_a_run_whose_code_server_is_gone_is_not_found(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    gone = f'{{"host": "localhost", "socket": "{tmp_path}/gone"}}'
    assert health(instance, {GRPC_INFO_TAG: gone}) is WorkerStatus.NOT_FOUND


def test_a_code_server_that_is_too_busy_to_answer_is_left_alone(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class TooLate(grpc.RpcError):
        def code(self) -> grpc.StatusCode:
            return grpc.StatusCode.DEADLINE_EXCEEDED

    def ping(self: object, echo: str) -> None:
        raise DagsterUserCodeUnreachableError("no answer in time") from TooLate()

    monkeypatch.setattr("dagster._grpc.client.DagsterGrpcClient.ping", ping)
    busy = f'{{"host": "localhost", "socket": "{tmp_path}/busy"}}'
    assert health(instance, {GRPC_INFO_TAG: busy}) is WorkerStatus.RUNNING


def test_the_next_command_fails_the_runs_of_what_was_killed(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    gone = f'{{"host": "localhost", "socket": "{tmp_path}/gone"}}'
    lost = {
        started_run(instance, {WORKER_TAG: dead_worker()}).run_id,
        started_run(instance, {GRPC_INFO_TAG: gone}).run_id,  # rorq dev, with its daemon
    }
    alive = started_run(instance, {WORKER_TAG: this_worker()})
    assert set(fail_lost_runs(instance)) == lost
    states = {r.run_id: r.status for r in instance.get_runs()}
    assert {states[run_id] for run_id in lost} == {dg.DagsterRunStatus.FAILURE}
    assert states[alive.run_id] is dg.DagsterRunStatus.STARTED
    assert fail_lost_runs(instance) == []
