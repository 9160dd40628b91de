"""Workers, runs and the server are killed at random moments; the study is as if they had not been.

Linux only: the victims are found in /proc.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from optuna.trial import TrialState
from sqlalchemy import text

from optimize.database.connect import open_engine
from optimize.database.embedded import EmbeddedPostgres
from optimize.database.settings import DatabaseSettings
from optimize.run_study import open_study
from optimize.study.tally import StudyProgress
from strategy.backtest import run_backtest
from strategy.session import SessionData
from strategy.space import strategy_params
from tests.optimize.stress.slow_backtest import MIN_TRADES, make_sessions, run_slowly
from tests.optimize.studies import SMALL
from tests.optimize.test_run_study import record

pytestmark = [
    pytest.mark.stress,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="victims are found in /proc"),
]
N_TRIALS = 500
N_KILLS = 50


@pytest.fixture(scope="module")
def sessions() -> list[SessionData]:
    return make_sessions()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server that may be stopped and started; as if it were not ours to start again."""
    server = EmbeddedPostgres(tmp_path / "state")
    server.start(keep_running=True)
    yield server
    server.destroy()


def address(server: EmbeddedPostgres) -> DatabaseSettings:
    return server.settings.model_copy(update={"source": "environment", "state_dir": None})


def workers_of(parent: int) -> list[int]:
    """Process ids of the worker processes of a run."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if int(stat[1]) == parent and b"optimize.study.worker_process" in command:
            found.append(int(folder.name))
    return found


def claims(database: DatabaseSettings, study_name: str) -> dict[int | None, str]:
    engine = open_engine(database)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT trial_number, state FROM seen_combos WHERE study_name = :n"),
            {"n": study_name},
        ).all()
    engine.dispose()
    assert len({row.trial_number for row in rows}) == len(rows)
    return {row.trial_number: row.state for row in rows}


def require_sound(database: DatabaseSettings, study_name: str, sessions: list[SessionData]) -> None:
    """Nothing twice, nothing lost, nothing running, and every value that of a fresh backtest."""
    trials = open_study(database, study_name).trials
    assert [t.number for t in trials] == list(range(len(trials)))
    fresh = [t for t in trials if not t.user_attrs.get("duplicate")]
    assert len({json.dumps(t.params) for t in fresh}) == len(fresh)
    assert {t.state for t in trials} <= {TrialState.COMPLETE, TrialState.PRUNED}
    assert claims(database, study_name) == dict.fromkeys([t.number for t in fresh], "done")
    for trial in fresh:
        metrics = run_backtest(strategy_params(trial.params, {}), sessions).metrics
        is_complete = trial.state == TrialState.COMPLETE
        assert is_complete == (metrics.total_trades >= MIN_TRADES)
        if is_complete:
            assert trial.value == metrics.return_on_risk_percent


class Meddler(threading.Thread):
    """Kills workers of this process at random, and restarts the server twice in between.

    It lets the study get ahead a little after each kill, however slow the machine is.
    """

    def __init__(self, server: EmbeddedPostgres) -> None:
        super().__init__(daemon=True)
        self.n_kills, self.n_restarts = 0, 0
        self._server = server
        self._random = random.Random(4)
        self.done = threading.Event()
        self._n_batches = 0

    def note(self, progress: StudyProgress) -> None:
        """The study has told a batch."""
        self._n_batches += 1

    def run(self) -> None:
        while not self.done.wait(self._random.uniform(0.0, 0.2)):
            target = self._n_batches + self._random.randint(1, 3)
            while self._n_batches < target and not self.done.wait(0.01):
                pass
            victims = workers_of(os.getpid())
            if not victims:
                continue
            os.kill(self._random.choice(victims), signal.SIGKILL)
            self.n_kills += 1
            if self.n_kills in (N_KILLS // 3, 2 * N_KILLS // 3):
                self._server.stop()
                self.done.wait(2.0)
                self._server.start(keep_running=True)
                self.n_restarts += 1


def test_killed_workers_and_a_restarted_server_leave_no_trace(
    server: EmbeddedPostgres, sessions: list[SessionData]
) -> None:
    database = address(server)
    meddler = Meddler(server)
    meddler.start()
    try:
        disturbed = run_slowly(
            database, sessions, 0.02, n_trials=N_TRIALS, workers=4, progress=meddler.note
        )
    finally:
        meddler.done.set()
        meddler.join(60)
    assert meddler.n_kills >= N_KILLS
    assert meddler.n_restarts == 2
    assert disturbed.n_complete == N_TRIALS
    require_sound(database, disturbed.study_name, sessions)
    calm = run_slowly(database, sessions, 0.0, n_trials=N_TRIALS, study_name="calm")
    assert [record(t) for t in open_study(database, disturbed.study_name).trials] == [
        record(t) for t in open_study(database, calm.study_name).trials
    ]


@pytest.mark.parametrize("shared", [False, True])
def test_killed_runs_leave_a_study_that_goes_on(
    database: DatabaseSettings, sessions: list[SessionData], shared: bool
) -> None:
    chance = random.Random(7)
    knobs = {"n_trials": N_TRIALS, "shared": shared, "lock_wait_seconds": 30}
    n_runs, n_kills = (2, 12) if shared else (1, 12)
    processes: list[subprocess.Popen[bytes]] = []
    while n_kills:
        processes = [p for p in processes if p.poll() is None]
        while len(processes) < n_runs:
            processes.append(start(database, knobs))
        time.sleep(chance.uniform(0.5, 4.0))
        victim = chance.choice(processes)
        victim.kill()
        victim.wait()
        n_kills -= 1
    for process in processes:
        assert process.wait(timeout=300) in (0, -signal.SIGKILL)
    last = run_slowly(database, sessions, 0.0, **knobs)
    assert last.n_complete >= N_TRIALS
    require_sound(database, last.study_name, sessions)
    if not shared:
        calm = run_slowly(database, sessions, 0.0, n_trials=N_TRIALS, study_name="calm")
        assert [record(t) for t in open_study(database, last.study_name).trials] == [
            record(t) for t in open_study(database, calm.study_name).trials
        ]


def start(database: DatabaseSettings, knobs: dict[str, object]) -> "subprocess.Popen[bytes]":
    settings = database.model_dump(mode="json") | {"password": database.password.get_secret_value()}
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.optimize.stress.slow_backtest",
            json.dumps(settings),
            "0.01",
            json.dumps(knobs),
        ]
    )


def test_eight_workers_evaluate_a_small_space_once_and_stop(
    database: DatabaseSettings, sessions: list[SessionData]
) -> None:
    summary = run_slowly(
        database, sessions, 0.02, space=SMALL, workers=8, ask_batch=16, n_trials=200
    )
    assert summary.stop_reason == "search space exhausted"
    assert summary.n_trials == 60
    require_sound(database, summary.study_name, sessions)
