"""A command behind another study says so, takes no processor time, and hears signals."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from optimize.database.connect import DatabaseSettings
from optimize.storage.driver import turn, worker_name
from rorq_pipeline.project.paths import ProjectPaths
from tests.rorq_pipeline.conftest import small_config

COMMAND = [
    *(sys.executable, "-m", "rorq_pipeline.cli", "materialize", "2023-01-03_2023-01-04"),
    *("--select", "optimization", "--config-json", small_config("optimization")),
]
TICKS_A_SECOND = 100  # of /proc/PID/stat


def processor_seconds(pid: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


@pytest.mark.stress
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_wait_for_another_study_is_told_and_ends_at_once_on_a_signal(
    sampled_project: ProjectPaths, database: DatabaseSettings, number: signal.Signals
) -> None:
    with turn(database, "studies", stop=threading.Event(), tell=print):
        process = subprocess.Popen(COMMAND, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        line = next(line for line in process.stderr if "waiting" in line)
        assert f"rorq study {worker_name()}" in line
        before = processor_seconds(process.pid)
        time.sleep(5)
        assert processor_seconds(process.pid) - before < 0.5
        process.send_signal(number)
        signalled = time.monotonic()
        line = process.stderr.readline()
        assert time.monotonic() - signalled < 5
        rest = line + process.communicate(timeout=30)[1]  # Python takes a while to end
    assert process.returncode == 1
    assert "Traceback" not in rest
    assert rest.count("error: ") == 1
    assert "stopped on request while waiting" in rest
