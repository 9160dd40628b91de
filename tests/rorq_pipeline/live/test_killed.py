"""SIGKILL in the middle of a study: the range completes without a hand, and no trial is lost."""

import os
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from optimize.database.connect import DatabaseSettings
from optimize.run_study import list_studies, open_study
from strategy.market_data.sample.generate import SampleSettings, write_samples
from tests.rorq_pipeline.live.deployment import Deployment, deployed, parent_of, wait_for

RANGE = "2023-01-03_2023-01-04"
N_TRIALS = 1500  # enough for the kill to come in the middle
STUDY = {
    "n_trials": N_TRIALS,
    "max_attempt_limit": 100_000,
    "min_trade_threshold": 1,
    "ask_batch": 1,
    "progress_seconds": 1.0,
}
QUIET = {"RORQ_QUIET_SECONDS": "100000"}  # the sensor is not what is tested here
Trials = dict[int, tuple[float | None, str]]


def run_worker(dagster: Deployment) -> list[int]:
    """The process that the code server starts for the run; its steps live on."""
    return [
        pid
        for pid in dagster.processes_matching("spawn_main")
        if parent_of(pid) in dagster.processes_matching("api grpc")
    ]


def step_process(dagster: Deployment) -> list[int]:
    """What the run worker forks for each step."""
    servers = dagster.processes_matching("forkserver")
    return [pid for pid in servers if parent_of(pid) in servers]


def everything(dagster: Deployment) -> list[int]:
    return dagster.processes()


@pytest.mark.stress
@pytest.mark.timeout(600)
@pytest.mark.parametrize("victims", [run_worker, step_process, everything])
def test_range_completes_after_sigkill(
    tmp_path: Path, database: DatabaseSettings, victims: Callable[[Deployment], list[int]]
) -> None:
    with deployed(tmp_path, database, **QUIET) as dagster:
        write_samples(dagster.cache, [date(2023, 1, 3), date(2023, 1, 4)], SampleSettings())
        dagster.start()
        dagster.launch("optimize_range", RANGE, {"ops": {"optimization": {"config": STUDY}}})
        wait_for(lambda: len(stored_trials(database)) > 50, 120, "a study at work", dagster.log)

        chosen = victims(dagster)
        assert chosen
        for pid in chosen:
            os.kill(pid, signal.SIGKILL)
        before = stored_trials(database)
        assert len(before) < N_TRIALS
        if victims is everything:
            dagster.start()

        wait_for(lambda: dagster.is_materialized("report", RANGE), 300, "the report", dagster.log)
        wait_for(lambda: all_over(dagster), 60, "the end of all runs", dagster.log)
        after = stored_trials(database)
        assert after.items() >= before.items()
        assert sum(value is not None for value, _ in after.values()) == N_TRIALS
        assert len(list_studies(database)) == 1


def stored_trials(database: DatabaseSettings) -> Trials:
    """Number -> value and parameters of the finished trials of the only study."""
    studies = list_studies(database)
    if not studies:
        return {}
    trials = open_study(database, studies[0].study_name).get_trials(deepcopy=False)
    return {
        trial.number: (trial.value, str(sorted(trial.params.items())))
        for trial in trials
        if trial.state.is_finished()
    }


def all_over(dagster: Deployment) -> bool:
    """Whether no run is under way, and the youngest succeeded."""
    states = [run["status"] for run in dagster.runs()]
    return states[0] == "SUCCESS" and set(states) <= {"SUCCESS", "FAILURE"}
