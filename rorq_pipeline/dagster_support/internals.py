"""What is used of Dagster that it does not promise to keep, all of it, each under one name.

`tests/rorq_pipeline/dagster_support/test_internals.py` says at an upgrade which of them went.
"""

from typing import Any

import dagster as dg
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._core.definitions.target import ExecutableDefinition
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.log_manager import get_log_record_metadata
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.tags import GRPC_INFO_TAG

__all__ = [
    "GRPC_INFO_TAG",
    "IMPLICIT_ASSET_JOB_NAME",
    "CheckRunHealthResult",
    "DagsterUserCodeUnreachableError",
    "ExecutableDefinition",
    "InstanceRef",
    "NoOpComputeLogManager",
    "WorkerStatus",
    "code_server_of",
    "executor_decides_on_retries",
    "get_log_record_metadata",
]


def code_server_of(launcher: dg.DefaultRunLauncher, run: dg.DagsterRun) -> Any:
    """A client of the code server that runs it; None for a run that has ended."""
    return launcher._get_grpc_client_for_termination(run.run_id)  # type: ignore[no-untyped-call]


def executor_decides_on_retries() -> bool:
    """Whether this process executes one step, for an executor that decides what is tried again."""
    try:
        context = dg.OpExecutionContext.get()
    except dg.DagsterInvariantViolationError:  # outside a step
        return False
    return bool(context.get_step_execution_context().retry_mode.deferred)
