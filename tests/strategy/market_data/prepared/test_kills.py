"""Processes that prepare sessions are killed at random; what they leave is whole, or unused."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from strategy.market_data import PreparedSessions, load_session
from tests.strategy.market_data.same_session import is_same_session
from tests.strategy.market_data.sound_session import DAY, sound_tables, write_tables

pytestmark = [pytest.mark.stress, pytest.mark.timeout(600)]

ROUNDS = 8
KILLS_A_ROUND = 5

WRITER = """
import sys
from datetime import date
from pathlib import Path
from strategy.market_data import PreparedSessions
prepared = PreparedSessions(folder=Path(sys.argv[2]))
session = prepared.load(sys.argv[1], "SPY", date(2023, 1, 3))
print("ready", flush=True)
while True:
    prepared._write(session)
"""


def test_killed_writers_leave_nothing_that_is_used(tmp_path: Path) -> None:
    cache, chance = tmp_path / "cache", random.Random(0)
    prepared = PreparedSessions(folder=tmp_path / "prepared")
    write_tables(cache, sound_tables())
    aligned = load_session(cache, "SPY", DAY)
    command = [sys.executable, "-c", WRITER, str(cache), str(prepared.folder)]
    half_written = 0
    for _ in range(ROUNDS):
        writers = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            for _ in range(KILLS_A_ROUND)
        ]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            time.sleep(chance.uniform(0, 0.02))
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
            assert is_same_session(prepared.load(cache, "SPY", DAY), aligned)
        half_written += sum(path.name.startswith(".") for path in prepared.folder.iterdir())
    assert half_written > 0  # some were killed in the midst of writing
    assert len([p for p in prepared.folder.iterdir() if not p.name.startswith(".")]) == 1
