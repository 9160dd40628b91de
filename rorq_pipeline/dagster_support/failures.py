"""How a RorqError reaches Dagster: as one line, and retried only where a retry can help.

A request to stop is never retried, though Dagster by itself applies a retry policy to it too.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from rorq_pipeline.project.machine import shortage
from strategy.errors import (
    ClusterUnreachableError,
    DatabaseLostError,
    DatabaseUnreachableError,
    RorqError,
    StudyBusyError,
)

STOPPED = "stopped on request"  # StudyInterruptedError says it too
# may be over in a moment
PASSING = (
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
            allow_retries=isinstance(error, PASSING),
        ) from error
    except (OSError, MemoryError) as error:
        told = shortage(error)
        if told is None:
            raise
        raise dg.Failure(description=str(told), allow_retries=False) from error
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError) as request:
        raise dg.Failure(
            description=f"{STOPPED}; run it again to go on", allow_retries=False
        ) from request
