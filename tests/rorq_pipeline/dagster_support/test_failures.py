import dagster as dg
import pytest

from rorq_pipeline.dagster_support.failures import one_line_failures
from strategy.errors import BadDataError, DatabaseLostError, StudyBusyError


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
