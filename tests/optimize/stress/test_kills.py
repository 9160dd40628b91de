"""Runs and the server are killed at random moments; the study is as if they had not been."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from optuna.trial import TrialState
from sqlalchemy import text

from optimize.database.connect import open_engine
from optimize.database.embedded import EmbeddedPostgres
from optimize.database.settings import DatabaseSettings
from optimize.run_study import list_studies, open_study
from strategy.backtest import run_backtest
from strategy.session import SessionData
from strategy.space import strategy_params
from tests.optimize.stress.slow_backtest import MIN_TRADES, make_sessions, run_slowly
from tests.optimize.studies import SMALL, record

pytestmark = [pytest.mark.stress, pytest.mark.timeout(900)]
N_TRIALS = 500
N_KILLS = 8


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


def kill_and_restart(
    server: EmbeddedPostgres, knobs: dict[str, object], n_runs: int
) -> list["subprocess.Popen[bytes]"]:
    """Kill runs in their middle, and restart the server twice; return the runs that are left."""
    chance = random.Random(7)
    processes: list[subprocess.Popen[bytes]] = []
    for kill in range(N_KILLS):
        while len(processes) < n_runs:
            processes.append(start(address(server), knobs))
        wait_for_more_trials(server)
        if kill in (N_KILLS // 3, 2 * N_KILLS // 3):
            server.stop()
            time.sleep(2.0)
            server.start(keep_running=True)
            wait_for_more_trials(server)
        time.sleep(chance.uniform(0.0, 0.5))
        processes = [p for p in processes if p.poll() is None]  # some may have met no server yet
        victim = processes.pop(chance.randrange(len(processes)))
        victim.kill()
        victim.wait()
    return processes


def wait_for_more_trials(server: EmbeddedPostgres) -> None:
    """Wait until the study has stored trials beyond those of now."""
    before = n_stored(server)
    while n_stored(server) <= before:
        time.sleep(0.05)


def n_stored(server: EmbeddedPostgres) -> int:
    return sum(study.n_trials for study in list_studies(address(server)))


@pytest.mark.parametrize("shared", [False, True])
def test_killed_runs_and_a_restarted_server_leave_a_study_that_goes_on(
    server: EmbeddedPostgres, sessions: list[SessionData], shared: bool
) -> None:
    database = address(server)
    knobs = {"n_trials": N_TRIALS, "shared": shared, "lock_wait_seconds": 30, "workers": 2}
    for process in kill_and_restart(server, knobs, n_runs=2 if shared else 1):
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
            "0.02",
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
