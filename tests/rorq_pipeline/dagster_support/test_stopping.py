from collections.abc import Callable

import dagster as dg
import pytest

from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.stopping import end_with_stopped_step
from strategy.errors import StudyInterruptedError

RUN_ID = "11111111-2222-3333-4444-555555555555"


def interrupt() -> None:
    raise KeyboardInterrupt


def interrupt_in_our_code() -> None:
    with one_line_failures():
        raise KeyboardInterrupt


def stop_a_study() -> None:
    with one_line_failures():
        raise StudyInterruptedError("study s was stopped on request after 3 trials")


@pytest.mark.parametrize(
    ("stop", "said"),
    [
        (interrupt, "stopped on request; run the same command again to go on"),
        (interrupt_in_our_code, "stopped on request; run it again to go on"),
        (stop_a_study, "study s was stopped on request after 3 trials"),
    ],
)
def test_a_stopped_step_is_not_tried_again_and_nothing_runs_after_it(
    stop: Callable[[], None], said: str
) -> None:
    ran = []

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=3, delay=0.1))
    def stopped() -> None:
        ran.append("stopped")
        stop()

    @dg.op
    def independent() -> None:
        ran.append("independent")

    @dg.job
    def both() -> None:
        stopped()
        independent()

    with dg.DagsterInstance.ephemeral() as instance:
        told = end_with_stopped_step(instance, RUN_ID)
        result = both.execute_in_process(instance=instance, run_id=RUN_ID, raise_on_error=False)
        run = instance.get_run_by_id(RUN_ID)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.CANCELED
    assert told == [said]
    assert not result.success
    assert ran.count("stopped") == 1
    assert ran[-1] == "stopped"


def test_a_step_that_fails_for_a_reason_is_tried_again() -> None:
    ran = []

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=2, delay=0.01))
    def fails() -> None:
        ran.append(1)
        raise ArithmeticError("a reason")

    @dg.job
    def alone() -> None:
        fails()

    with dg.DagsterInstance.ephemeral() as instance:
        told = end_with_stopped_step(instance, RUN_ID)
        alone.execute_in_process(instance=instance, run_id=RUN_ID, raise_on_error=False)
    assert (len(ran), told) == (3, [])


def test_no_step_begins_after_a_request_that_a_step_did_not_hear() -> None:
    ran = []

    @dg.op(out=dg.Out(dg.Nothing))
    def deaf() -> None:
        ran.append("deaf")

    @dg.op(ins={"after": dg.In(dg.Nothing)})
    def later() -> None:
        ran.append("later")

    @dg.job
    def both() -> None:
        later(deaf())

    with dg.DagsterInstance.ephemeral() as instance:
        told = end_with_stopped_step(instance, RUN_ID, lambda: bool(ran))
        both.execute_in_process(instance=instance, run_id=RUN_ID, raise_on_error=False)
        run = instance.get_run_by_id(RUN_ID)
    assert ran == ["deaf"]
    assert told == ["stopped on request; run the same command again to go on"]
    assert run is not None
    assert run.status is dg.DagsterRunStatus.CANCELED
