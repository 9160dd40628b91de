import threading
import time
from dataclasses import dataclass, field

import pytest

from optimize.study.objective import Outcome, evaluate_guarded
from optimize.study.workers import Evaluator, Interrupted


@dataclass(frozen=True)
class Square:
    """Squares, the larger the sooner; notes by which threads; x = 13 fails."""

    seconds: float = 0.0
    threads: set[int] = field(default_factory=set)

    def __call__(self, combination):
        self.threads.add(threading.get_ident())
        time.sleep(self.seconds / (1 + combination["x"]))
        if combination["x"] == 13:
            raise LookupError("13 is\nnot squared")
        return Outcome(value=float(combination["x"] ** 2))


BATCH = [{"x": i} for i in range(20)]


@pytest.mark.parametrize("n_workers", [1, 3])
def test_outcomes_come_in_the_order_of_the_batch(n_workers):
    square = Square(seconds=0.02)
    evaluator = Evaluator(square, n_workers, threading.Event())
    outcomes = evaluator.evaluate(BATCH)
    evaluator.close()
    assert [o.value for o in outcomes] == [None if i == 13 else i * i for i in range(20)]
    assert len(square.threads) == n_workers
    assert (threading.get_ident() in square.threads) == (n_workers == 1)


def test_workers_work_at_the_same_time():
    together = threading.Barrier(3, timeout=10)  # broken, and an error, if fewer than three come

    def meet(combination):
        together.wait()
        return Outcome(value=1.0)

    evaluator = Evaluator(meet, 3, threading.Event())
    assert [o.error for o in evaluator.evaluate(BATCH[:6])] == [None] * 6
    evaluator.close()


def test_an_exception_is_the_trials_own_and_says_what_and_where():
    outcome = evaluate_guarded(Square(), {"x": 13})
    assert outcome.value is None
    assert outcome.error == "LookupError: 13 is not squared"
    assert outcome.attributes["error_location"].startswith("__call__:")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_a_failure(value):
    outcome = evaluate_guarded(lambda _: Outcome(value=value), {})
    assert (outcome.value, outcome.error) == (None, f"the value is {value}")


def test_attributes_that_cannot_be_kept_are_a_failure():
    outcome = evaluate_guarded(lambda _: Outcome(value=1.0, attributes={"a": float("nan")}), {})
    assert outcome.error.startswith("ValueError: Out of range float values")
    outcome = evaluate_guarded(lambda _: Outcome(value=1.0, attributes={"a": object()}), {})
    assert outcome.error.startswith("TypeError: Object of type object")


@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_stop_request_releases_the_batch(n_workers):
    stop = threading.Event()
    evaluator = Evaluator(Square(seconds=0.1), n_workers, stop)
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        evaluator.evaluate([{"x": 1}] * 400)
    evaluator.close()
    assert time.monotonic() - began < 5  # of the twenty or ten that all would take
    assert not [t for t in threading.enumerate() if t.name.startswith("rorq-worker")]
