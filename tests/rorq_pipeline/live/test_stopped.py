"""Signals to `rorq materialize` in mid-study: it stops in one line and goes on later."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from click.testing import Result

from optimize.database.connect import DatabaseSettings
from optimize.run_study import list_studies
from rorq_pipeline.project.paths import ProjectPaths

RANGE = "2023-01-03_2023-01-04"
STUDY = {
    "n_trials": 600,
    "max_attempt_limit": 100_000,
    "min_trade_threshold": 1,
    "ask_batch": 1,
    "progress_seconds": 0.5,
}
COMMAND = [
    "materialize",
    RANGE,
    "--select",
    "optimization",
    "--config-json",
    json.dumps({"ops": {"optimization": {"config": STUDY}}}),
]


@pytest.mark.stress
@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_command_goes_on_when_it_is_given_again(
    sampled_project: ProjectPaths,
    database: DatabaseSettings,
    rorq: Callable[..., Result],
    number: signal.Signals,
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "rorq_pipeline.cli", *COMMAND], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if f"of {STUDY['n_trials']} trials" in line and not line.strip().startswith("0 of"):
            process.send_signal(number)
            break
    rest = process.communicate(timeout=60)[1]
    assert process.returncode == (-9 if number is signal.SIGKILL else 1)
    if number is not signal.SIGKILL:
        errors = [line for line in rest.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1
        assert "stopped on request" in errors[0]
        assert "Traceback" not in rest
    (before,) = list_studies(database)
    assert 0 < before.n_complete < STUDY["n_trials"]

    again = rorq(*COMMAND)
    assert again.exit_code == 0, again.output
    (after,) = list_studies(database)
    assert after.n_complete == STUDY["n_trials"]


@pytest.mark.stress
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seconds_after_start", [0.1, 0.7, 1.4])
def test_ctrl_c_in_a_terminal_ends_the_command_in_one_line(
    sampled_project: ProjectPaths, database: DatabaseSettings, seconds_after_start: float
) -> None:
    """Ctrl-C reaches every process of the terminal, in whatever moment of a step."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rorq_pipeline.cli", "materialize", RANGE, "--n-trials", "100000"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    next(line for line in process.stderr if line.startswith("optimization"))
    time.sleep(seconds_after_start)
    os.killpg(process.pid, signal.SIGINT)
    rest = process.communicate(timeout=30)[1].splitlines()
    assert process.returncode == 1
    assert rest[-1].startswith("error: ")
    assert "stopped on request" in rest[-1]
    assert not [line for line in rest if "Traceback" in line or "KeyboardInterrupt" in line]
    assert not [line for line in rest[:-1] if "…" in line]  # no step began after it
