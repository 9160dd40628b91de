"""What tests let workers do; imported there too, so the standard library alone."""

import os
import signal
import time
from pathlib import Path


def double(task: tuple[str, float]) -> float:
    """Twice the number, with a mark in the folder that it was begun.

    It comes after a moment; where nobody began it before, not while there is a file
    `<folder>.held`.
    """
    folder, number = task
    (Path(folder) / f"{number}-{os.getpid()}-{time.monotonic_ns()}").touch()
    time.sleep(0.4)
    is_first = len(list(Path(folder).glob(f"{number}-*"))) == 1
    while is_first and Path(f"{folder}.held").exists():
        time.sleep(0.02)
    return 2 * number


def deadly(task: tuple[str, float]) -> float:
    """As `double`, but the number 3 ends the process that works on it."""
    doubled = double(task)
    if task[1] == 3:
        time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGKILL)
    return doubled


def at_fault(number: float) -> float:
    """An error that is none of ours."""
    raise ZeroDivisionError(f"{number} cannot\nbe divided")


def slow(seconds: float) -> None:
    """Does nothing for some time."""
    time.sleep(seconds)
