import os
import signal
import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest

from optimize.study.objective import Outcome, evaluate_guarded
from optimize.study.worker_payload import read_payload, write_payload
from optimize.study.workers import InProcess, Interrupted, WorkerPool
from strategy.errors import StudyError


@dataclass(frozen=True)
class Square:
    """Squares; with the pid of who did it; x = 13 fails."""

    weights: np.ndarray
    seconds: float = 0.0

    def __call__(self, combination):
        time.sleep(self.seconds)
        if combination["x"] == 13:
            raise LookupError("13 is\nnot squared")
        value = float(self.weights[0] * combination["x"] ** 2)
        return Outcome(value=value, attributes={"pid": os.getpid()})


class Suicidal:
    """Ends its process."""

    def __call__(self, combination):
        os._exit(3)


SQUARE = Square(np.ones(3))
BATCH = [{"x": i} for i in range(20)]


def test_in_process_and_worker_processes_give_the_same_in_the_same_order():
    stop = threading.Event()
    with WorkerPool(SQUARE, 3, stop) as pool:
        theirs = pool.evaluate(BATCH)
    ours = InProcess(SQUARE, stop).evaluate(BATCH)
    assert [o.value for o in theirs] == [o.value for o in ours]
    assert [o.value for o in ours if o.error is None] == [float(i**2) for i in range(20) if i != 13]
    assert os.getpid() not in {o.attributes.get("pid") for o in theirs}


def test_an_exception_is_the_trials_own_and_says_what_and_where():
    outcome = evaluate_guarded(SQUARE, {"x": 13})
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


def test_a_killed_workers_combination_is_given_to_another():
    with WorkerPool(Square(np.ones(1), seconds=0.02), 2, threading.Event()) as pool:
        victims = [*pool.process_ids, *pool.process_ids[:0]]
        killer = threading.Timer(0.6, lambda: [os.kill(pid, signal.SIGKILL) for pid in victims])
        killer.start()
        values = [o.value for o in pool.evaluate([{"x": i % 10} for i in range(150)])]
        killer.join()
        assert values == [float((i % 10) ** 2) for i in range(150)]
        assert not set(victims) & set(pool.process_ids)


def test_workers_that_cannot_start_are_an_error_not_an_endless_loop():
    with (
        WorkerPool(Suicidal(), 2, threading.Event()) as pool,
        pytest.raises(StudyError, match="exit code 3"),
    ):
        pool.evaluate([{"x": 1}] * 4)


@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_stop_request_releases_the_batch(n_workers):
    stop = threading.Event()
    slow = Square(np.ones(1), seconds=0.05)
    pool = InProcess(slow, stop) if n_workers == 1 else WorkerPool(slow, n_workers, stop)
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(Interrupted):
        pool.evaluate([{"x": 1}] * 400)
    pool.close()


def test_workers_end_with_their_socket():
    pool = WorkerPool(SQUARE, 2, threading.Event())
    pool.evaluate(BATCH)
    processes = [worker.process for worker in pool._workers]
    for worker in pool._workers:
        worker.connection.close()
    assert [process.wait(timeout=10) for process in processes] == [0, 0]
    assert not pool._payload.parent.exists()
    pool.close()


def test_a_payload_keeps_its_arrays_aligned_and_writable(tmp_path):
    arrays = [np.arange(7, dtype=np.int32), np.linspace(0, 1, 11), np.zeros((0, 2))]
    write_payload(tmp_path / "payload", {"arrays": arrays, "name": "x"})
    read = read_payload(tmp_path / "payload")
    before = (tmp_path / "payload").read_bytes()
    for ours, theirs in zip(read["arrays"], arrays, strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert ours.flags.aligned
        assert ours.flags.writeable
    read["arrays"][0][:] = 5
    assert (tmp_path / "payload").read_bytes() == before
