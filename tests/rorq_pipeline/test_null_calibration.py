"""The null calibration on one data set a strength: the whole chain, in a project of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "design" / "null_calibration.py"


def calibrate(*arguments: object) -> str:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.calibration
@pytest.mark.timeout(1200)
def test_the_chain_judges_noise_and_an_edge_and_goes_on_where_it_stopped(tmp_path):
    file = tmp_path / "verdicts.jsonl"
    for edge in (0, 2, 2):  # the last has nothing left to do
        calibrate("run", file, "--edge", edge, "--data-sets", 1, "--first-seed", 9001)
    noise, edge = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    assert (noise["edge"], noise["seed"], edge["edge"]) == (0, 9001, 2)
    assert noise["decision"] != "trade"
    assert edge["decision"] != "reject"
    for line in (noise, edge):
        assert line["evidence"]["no_look_ahead"] is True
        assert line["evidence"]["replay_agrees"] is True
    assert edge["evidence"]["overfitting_fraction"] < noise["evidence"]["overfitting_fraction"]
    text = calibrate("tell", file)
    assert "## Edge 0, at least 10 trades: 1 data sets" in text
    assert "## Edge 2, at least 10 trades: 1 data sets" in text
    assert "0 trade" in text
