"""The verdict by the whole chain, on one history a strength, in a project of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "design" / "verdict_chain.py"


@pytest.mark.calibration
@pytest.mark.timeout(1200)
def test_the_chain_rejects_noise_and_trades_an_edge(tmp_path):
    file = tmp_path / "verdicts.jsonl"
    for edge in (0, 2):
        command = [sys.executable, SCRIPT, file, "--edge", edge, "--months", 5, "--seed", 9001]
        command = [*map(str, command), "--trials", "30"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        assert done.returncode == 0, done.stderr
    noise, edge = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    assert noise["decision"] != "trade"
    assert edge["decision"] == "trade"
    for line in (noise, edge):
        assert line["evidence"]["no_look_ahead"] is True
        assert line["evidence"]["replay_agrees"] is True
        assert line["evidence"]["policy_months"] == 2  # after three that are looked back on
    assert edge["evidence"]["selection_test_p_value"] <= 0.025
    assert edge["evidence"]["overfitting_fraction"] < noise["evidence"]["overfitting_fraction"]
