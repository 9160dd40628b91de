"""A request to stop ends a run that a command executes itself, whichever moment it hits.

Dagster applies the retry policy of a step to Ctrl-C too, and goes on with whatever does not need
the step that was stopped. Here the first event that tells of a stopped step ends the run.
"""

from collections.abc import Callable

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from rorq_pipeline.dagster_support.failures import STOPPED

_INTERRUPTS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")
AGAIN = f"{STOPPED}; run the same command again to go on"
_TELLING = (dg.DagsterEventType.STEP_UP_FOR_RETRY, dg.DagsterEventType.STEP_FAILURE)


def end_with_stopped_step(
    instance: dg.DagsterInstance, run_id: str, is_asked: Callable[[], bool] = lambda: False
) -> list[str]:
    """End the run where a step of it turns out to have been stopped.

    Args:
        instance: Where the run is recorded.
        run_id: The run.
        is_asked: Whether a stop was asked for; no step begins after it, though the one at hand may
            not have heard.

    Returns:
        What that step says, once it has been stopped; empty until then.
    """
    told: list[str] = []

    def listen(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None or told:
            return
        if event.event_type is dg.DagsterEventType.RUN_FAILURE:  # hit between two steps
            told.extend([AGAIN] if _is_interrupt(event.job_failure_data.error) else [])
        elif (said := said_by(event)) is not None:
            told.append(said)
            run = instance.get_run_by_id(run_id)
            if run is not None:
                instance.report_run_canceling(run)  # else it would count as failed
            raise KeyboardInterrupt

    def said_by(event: dg.DagsterEvent) -> str | None:
        if event.event_type is dg.DagsterEventType.STEP_START and is_asked():
            return AGAIN
        return _stopped(event) if event.event_type in _TELLING else None

    instance.add_event_listener(run_id, listen)
    return told


def _stopped(event: dg.DagsterEvent) -> str | None:
    """Return what a stopped step said, or None of a step that was not stopped."""
    if event.event_type is dg.DagsterEventType.STEP_UP_FOR_RETRY:
        return AGAIN if _is_interrupt(event.step_retry_data.error) else None
    failure = event.step_failure_data
    told = failure.user_failure_data.description if failure.user_failure_data else None
    if told is not None and STOPPED in told:
        return told
    return AGAIN if _is_interrupt(failure.error) else None


def _is_interrupt(error: SerializableErrorInfo | None) -> bool:
    while error is not None:
        if error.cls_name in _INTERRUPTS:
            return True
        error = error.cause
    return False
