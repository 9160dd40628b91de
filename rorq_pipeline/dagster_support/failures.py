"""How a RorqError reaches Dagster: as one line, and retried only where a retry can help.

A request to stop ends the run that executes its steps itself. Where each step has a process, a
signal to that process alone is a lost step like any other, and the executor tries it again; one
that is stopping itself tries nothing again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from rorq_pipeline.dagster_support.internals import executor_decides_on_retries
from rorq_pipeline.project.machine import shortage
from strategy.errors import (
    BucketUnreachableError,
    ClusterUnreachableError,
    DatabaseLostError,
    DatabaseUnreachableError,
    RorqError,
    StudyBusyError,
    StudyInterruptedError,
)

LOST_STEP = dg.RetryPolicy(max_retries=3, delay=5.0)  # a killed step, or a database away
STOPPED = "stopped on request"  # StudyInterruptedError says it too
# may be over in a moment
PASSING = (
    BucketUnreachableError,
    ClusterUnreachableError,
    DatabaseLostError,
    DatabaseUnreachableError,
    StudyBusyError,
)


@contextmanager
def one_line_failures() -> Iterator[None]:
    """Turn a RorqError into a dagster.Failure whose description is its message."""
    try:
        yield
    except RorqError as error:
        raise dg.Failure(
            description=str(error),
            metadata={"error": type(error).__name__},
            allow_retries=isinstance(error, PASSING) or _is_lost_step(error),
        ) from error
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError) as request:
        raise dg.Failure(
            description=f"{STOPPED}; run it again to go on", allow_retries=_is_lost_step(request)
        ) from request
    except Exception as error:
        told = shortage(error)
        if told is None:
            raise
        raise dg.Failure(description=str(told), allow_retries=False) from error


def _is_lost_step(error: BaseException) -> bool:
    is_stop = not isinstance(error, RorqError) or isinstance(error, StudyInterruptedError)
    return is_stop and executor_decides_on_retries()
