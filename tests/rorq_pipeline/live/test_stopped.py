"""Signals to `rorq materialize` in mid-study: it stops in one line and goes on later."""

import json
import signal
import subprocess
import sys
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
