import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from optimize.signals import remembered_requests, stop_on_signals
from tests.machine import wait_until


def grandchild(asked: Path) -> None:
    with stop_on_signals() as stop:
        asked.with_suffix(".ready").touch()
        if stop.wait(20):
            asked.touch()


def child(asked: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=grandchild, args=(asked,))
    process.start()
    process.join()


def test_the_end_of_the_process_that_started_a_step_is_a_request_to_stop(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    run = multiprocessing.get_context("spawn").Process(target=child, args=(asked,))
    run.start()
    wait_until(asked.with_suffix(".ready").exists)
    assert not asked.exists()
    os.kill(run.pid or 0, signal.SIGKILL)
    wait_until(asked.exists)
    run.join()


def test_the_first_signal_is_a_request_and_the_second_an_interrupt() -> None:
    with stop_on_signals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(1)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_request_whose_exception_python_drops_is_remembered_without_a_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    class Doomed:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)  # what the handler raises here is dropped

    with stop_on_signals() as stop:
        assert not stop.is_set()
    with remembered_requests() as is_asked:
        assert not is_asked()
        Doomed()
        assert is_asked()
        assert capfd.readouterr().err == ""
        assert is_asked()
        with stop_on_signals() as stop:
            assert stop.is_set()
    with remembered_requests() as is_asked, stop_on_signals() as stop:
        assert not is_asked()
        assert not stop.is_set()
