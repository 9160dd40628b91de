"""The run launcher of dagster.yaml, and how to tell that the process behind a run is gone.

Dagster's default launcher reports a dead run worker only while its code server lives. When both
are killed, the run would count as started forever, and hold its partition.
"""

import os
import socket

import dagster as dg
import grpc

from rorq_pipeline.dagster_support.internals import (
    GRPC_INFO_TAG,
    CheckRunHealthResult,
    DagsterUserCodeUnreachableError,
    WorkerStatus,
    code_server_of,
)

WORKER_TAG = "rorq/worker"  # host:process id of a run that a rorq command executes itself

_UNDER_WAY = dg.RunsFilter(
    statuses=[
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ]
)


def this_worker() -> str:
    """Return the WORKER_TAG value of this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


class HealthCheckedRunLauncher(dg.DefaultRunLauncher):
    """Dagster's default launcher, which also answers whether a run's worker still lives."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Let run monitoring ask."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Say RUNNING while the run's code server or command lives, NOT_FOUND when it is gone."""
        if WORKER_TAG in run.tags:
            return _command_health(run.tags[WORKER_TAG])
        if GRPC_INFO_TAG in run.tags:
            return self._code_server_health(run)
        return CheckRunHealthResult(WorkerStatus.RUNNING, "not launched from here")

    def _code_server_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """A living code server watches its run workers itself, and reports their end."""
        client = code_server_of(self, run)
        if client is None:
            return CheckRunHealthResult(WorkerStatus.SUCCESS)
        try:
            client.ping("")
        except DagsterUserCodeUnreachableError as error:
            if not _is_slow(error):
                return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"code server is gone: {error}")
        return CheckRunHealthResult(WorkerStatus.RUNNING)


def _is_slow(error: DagsterUserCodeUnreachableError) -> bool:
    """Whether the server may only be too busy to answer in time."""
    cause = error.__cause__
    return isinstance(cause, grpc.RpcError) and cause.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def _command_health(worker: str) -> CheckRunHealthResult:
    host, _, pid = worker.rpartition(":")
    if host != socket.gethostname() or _is_alive(int(pid)):
        return CheckRunHealthResult(WorkerStatus.RUNNING)
    return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"process {pid} is gone")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def fail_lost_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark the runs of killed rorq commands and of killed deployments as failed.

    A daemon does the same by run monitoring; a command does it for the case that none runs.

    Returns:
        The ids of the runs that were lost.
    """
    launcher = instance.run_launcher
    if not isinstance(launcher, HealthCheckedRunLauncher):
        return []
    lost = [run for run in instance.get_runs(_UNDER_WAY) if _is_lost(launcher, run)]
    for run in lost:
        instance.report_run_failed(run, "What executed this run was killed.")
    return [run.run_id for run in lost]


def _is_lost(launcher: HealthCheckedRunLauncher, run: dg.DagsterRun) -> bool:
    return launcher.check_run_worker_health(run).status is WorkerStatus.NOT_FOUND
