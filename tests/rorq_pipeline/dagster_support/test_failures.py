from pathlib import Path

import dagster as dg
import pytest

from rorq_pipeline.dagster_support.failures import one_line_failures
from strategy.errors import BadDataError, DatabaseLostError, StudyBusyError, StudyInterruptedError


@pytest.mark.parametrize(
    ("error", "retried"),
    [
        (BadDataError("price is 0", expected="a price above 0", remedy="fetch it again"), False),
        (DatabaseLostError("gone"), True),
        (StudyBusyError("driven by another"), True),
        (KeyboardInterrupt(), False),
    ],
)
def test_only_what_may_pass_is_retried(error: BaseException, retried: bool) -> None:
    with pytest.raises(dg.Failure) as caught, one_line_failures():
        raise error
    assert caught.value.allow_retries is retried
    assert "\n" not in (caught.value.description or "")


def test_other_errors_are_left_as_they_are() -> None:
    with pytest.raises(ZeroDivisionError), one_line_failures():
        raise ZeroDivisionError


@dg.op(config_schema={"folder": str}, retry_policy=dg.RetryPolicy(max_retries=2))
def stopped_once(context: dg.OpExecutionContext) -> None:
    """Stop at the first try, by what a signal raises or by what a study makes of it."""
    for stop in (KeyboardInterrupt(), StudyInterruptedError("stopped on request")):
        tried = Path(context.op_config["folder"]) / type(stop).__name__
        if not tried.exists():
            tried.touch()
            with one_line_failures():
                raise stop


@dg.job
def stopped_twice() -> None:
    stopped_once()


@pytest.mark.slow
@pytest.mark.parametrize(("executor", "tries"), [("multiprocess", 3), ("in_process", 1)])
def test_a_signal_to_the_process_of_one_step_is_a_lost_step(
    tmp_path: Path, executor: str, tries: int
) -> None:
    with dg.instance_for_test() as instance:
        result = dg.execute_job(
            dg.reconstructable(stopped_twice),
            instance,
            run_config={
                "execution": {"config": {executor: {}}},
                "ops": {"stopped_once": {"config": {"folder": str(tmp_path)}}},
            },
        )
        starts = {dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_RESTARTED}
        assert sum(event.event_type in starts for event in result.all_events) == tries
        assert result.success is (tries == 3)
