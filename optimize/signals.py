"""Ctrl-C and SIGTERM as a request: the first sets an event, the second ends at once.

The end of the process that started this one is a request too: a step whose run was killed would
otherwise go on alone, unseen, and keep the next run waiting.
"""

import multiprocessing
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PARENT_POLL_SECONDS = 1.0
_remembered: list[socket.socket] = []  # the reading end, while requests are remembered


@contextmanager
def remembered_requests() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether a stop was asked for since the block began.

    A handler that raises is no memory: Python drops what is raised within a destructor or within a
    callback of a weak reference, and the work goes on. Only a process's main thread is signalled.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    reading, writing = socket.socketpair()
    for end in (reading, writing):
        end.setblocking(False)
    before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    tell_dropped, sys.unraisablehook = sys.unraisablehook, _tell_faults_alone
    _remembered.append(reading)
    try:
        yield _was_asked
    finally:
        sys.unraisablehook = tell_dropped
        signal.set_wakeup_fd(before)
        _remembered.remove(reading)
        reading.close()
        writing.close()


def _tell_faults_alone(dropped: "sys.UnraisableHookArgs") -> None:
    """Print no traceback of a request that Python drops: it is remembered."""
    if issubclass(dropped.exc_type, Exception):
        sys.__unraisablehook__(dropped)


def _was_asked() -> bool:
    """Look at the numbers of the signals that came; they stay for the next look."""
    for reading in _remembered:
        try:
            numbers = reading.recv(4096, socket.MSG_PEEK)
        except BlockingIOError:
            continue
        if any(number in numbers for number in _SIGNALS):
            return True
    return False


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Give an event that is set by the first Ctrl-C or SIGTERM while the block runs.

    Only the main thread of a process can be signalled; elsewhere the event stays clear.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def on_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    if _was_asked():
        stop.set()
    over = threading.Event()
    threading.Thread(target=_stop_with_parent, args=(stop, over), daemon=True).start()
    try:
        yield stop
    finally:
        over.set()
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop_with_parent(stop: threading.Event, over: threading.Event) -> None:
    """Set `stop` when the process that made this one with multiprocessing has ended."""
    parent = multiprocessing.parent_process()
    while parent is not None and not over.wait(_PARENT_POLL_SECONDS):
        if not parent.is_alive():
            stop.set()
            return
