"""Runs of the whole chain, each killed and started again, in a folder of its own.

`python -m tests.rorq_pipeline.live.chaos N [SEED [VICTIM...]]` does N rounds at random moments. A
victim is one of command, postgres, dev and step; all by default, the command more often.
`python -m tests.rorq_pipeline.live.chaos matrix [SIGNAL...]` ends `rorq dev` by each signal in each
step of the chain, and goes on with a command, the daemon, or both at once.

The matrix goes through all steps again and again, each time with another pair of signal and sequel.
`matrix 28` does the first 28 cases, `matrix 29 56` those from the 29th to the 56th.

Each round begins without study, artifacts and runs. A line a round, then a summary; it ends with 1
if a round did not end in time, or with other artifacts than the undisturbed run's. What time that
is, is measured again whenever a round is late: other work on the machine may be the reason.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from optimize.database.connect import open_engine
from optimize.database.embedded import EmbeddedPostgres
from optimize.storage.catalog import delete_stored, list_studies
from rorq_pipeline.results.models import BestParams, Optimization, VerdictRecord
from strategy.market_data.sample.generate import SampleSettings, write_samples
from tests.rorq_pipeline.conftest import small_config
from tests.rorq_pipeline.live.deployment import Deployment, wait_for

DAYS = (date(2023, 1, 3), date(2023, 1, 4))
RANGE = "2023-01-03_2023-01-04"
CONFIG: dict[str, Any] = json.loads(
    small_config("validated_cache", "optimization", "parameter_surface", n_trials=40, ask_batch=1)
)
VICTIMS = ("command", "command", "command", "postgres", "dev", "step")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
SPARE_SECONDS = 30.0  # beyond an undisturbed run
HANG_SECONDS = 240.0  # when a round is given up
END_SECONDS = 60.0  # that Dagster may take to end its servers
THEN = ("command", "daemon", "both")

Outcome = dict[str, Any]


@dataclass
class Round:
    """What was done, and what came of it."""

    victim: str
    how: signal.Signals
    then: str
    at_seconds: float  # after the start of the run, or of the step
    step: str = ""  # in which it is killed, where that is not by chance
    seconds: float = 0.0  # from the second start to the artifacts
    allowed_seconds: float = 0.0
    same: bool = False
    problems: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return self.same and not self.problems and self.seconds <= self.allowed_seconds

    def line(self) -> str:
        verdict = "good" if self.is_good else "BAD"
        return (
            f"{verdict:4} {self.victim:8} {self.how.name:7} at {self.at_seconds:5.1f} s"
            f"{self.step and f' of {self.step}'}, then "
            f"{self.then:7}: {self.seconds:5.1f} s of {self.allowed_seconds:5.1f}"
            f"{'' if self.same else ', other artifacts'}{''.join(f', {p}' for p in self.problems)}"
        )


class Chaos:
    """A project folder with its own server, and the undisturbed run to hold others against."""

    def __init__(self, home: Path, rng: random.Random, victims: Sequence[str]) -> None:
        self.home, self.rng, self.victims = home, rng, victims
        self.server = EmbeddedPostgres(home / ".rorq" / "postgres")
        self.settings = self.server.start(keep_running=True)
        write_samples(home / "polygon_cache", DAYS, SampleSettings())
        hidden = ("RORQ_", "PG_", "DAGSTER_")
        clean = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
        self.environment = {**clean, "RORQ_HOME": str(home), "PYTHONUNBUFFERED": "1"}
        self.dagster = Deployment(home, self.settings, RORQ_QUIET_SECONDS="100000")
        self.command_seconds = self.dev_seconds = self.dev_start_seconds = 0.0
        self.step_seconds: dict[str, float] = {}  # of the undisturbed run, in their order
        self.expected: Outcome = {}

    def measure(self) -> None:
        """Time the run as a command, the second time, and under `rorq dev`."""
        if not self.expected:  # what is compiled and prepared once is no part of a run
            self.measure_command()
            self.expected = self.outcome()
        self.measure_command()
        if {"dev", "step"} & set(self.victims):
            self.measure_dev()
        say(
            f"undisturbed: command {self.command_seconds:.1f} s, under rorq dev "
            f"{self.dev_seconds:.1f} s, whose start takes {self.dev_start_seconds:.1f} s"
        )

    def measure_command(self) -> None:
        self.dagster.stop()
        self.reset()
        began = time.monotonic()
        assert self.command().wait(HANG_SECONDS) == 0, self.log()
        self.command_seconds = time.monotonic() - began

    def measure_dev(self) -> None:
        self.reset()
        began = time.monotonic()
        self.dagster.start()
        self.dev_start_seconds = time.monotonic() - began
        began = time.monotonic()
        run_id = self.dagster.launch("optimize_range", RANGE, CONFIG)
        self.wait_until_done()
        self.dev_seconds = time.monotonic() - began
        assert self.outcome() == self.expected
        self.step_seconds = {
            step: float(seconds)
            for step, seconds in self.sql(
                "SELECT step_key, extract(epoch FROM max(timestamp) - min(timestamp)) "
                "FROM dagster.event_logs WHERE run_id = :run_id "
                "AND dagster_event_type IN ('STEP_START', 'STEP_SUCCESS') "
                "GROUP BY step_key ORDER BY min(id)",
                run_id=run_id,
            )
        }

    def reset(self) -> None:
        """Forget what was done: runs too, which a daemon would otherwise retry in a later round."""
        shutil.rmtree(self.home / "artifacts", ignore_errors=True)
        self.settings = self.server.start(keep_running=True)
        for info in list_studies(self.settings):
            delete_stored(self.settings, info.study_name)
        if self.sql("SELECT to_regclass('dagster.runs') IS NOT NULL")[0][0]:
            for table in ("run_tags", "event_logs", "runs"):
                self.sql(f"DELETE FROM dagster.{table}")

    def sql(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        engine = open_engine(self.settings)
        try:
            with engine.begin() as connection:
                result = connection.execute(text(statement), parameters)
                return [tuple(row) for row in result] if result.returns_rows else []
        finally:
            engine.dispose()

    def command(self) -> "subprocess.Popen[bytes]":
        arguments = ["materialize", RANGE, "--config-json", json.dumps(CONFIG)]
        with (self.home / "command.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "rorq_pipeline.cli", *arguments],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def log(self) -> str:
        return (self.home / "command.log").read_text(errors="replace")[-3000:]

    def wait_until_done(self) -> None:
        wait_for(self.is_done, HANG_SECONDS, "the report", self.dagster.log)

    def is_done(self) -> bool:
        states = {run["status"] for run in self.dagster.runs()}
        over = states <= {"SUCCESS", "FAILURE", "CANCELED"}
        return over and self.dagster.is_materialized("report", RANGE) and self.has_report()

    def has_begun(self, run_id: str, step: str) -> bool:
        of_step = "run_id = :run_id AND step_key = :step AND dagster_event_type = 'STEP_START'"
        found = self.sql(
            f"SELECT 1 FROM dagster.event_logs WHERE {of_step}", run_id=run_id, step=step
        )
        return bool(found)

    def has_report(self) -> bool:
        return (self.home / "artifacts" / "report" / f"{RANGE}.html").exists()

    def outcome(self) -> Outcome:
        """What must not depend on how often a run was killed."""
        folder = self.home / "artifacts"
        study = Optimization.read(RANGE, folder).study
        return {
            "best": BestParams.read(RANGE, folder).model_dump(mode="json"),
            "trials": (study.n_trials, study.n_complete, study.best_trial_number),
            "verdict": VerdictRecord.read(RANGE, folder).verdict.line,
            "report": self.has_report(),
        }

    def random_round(self) -> Round:
        """Choose whom to kill, how and when."""
        victim, how = self.rng.choice(self.victims), self.rng.choice(SIGNALS)
        span = self.command_seconds if victim in ("command", "postgres") else self.dev_seconds
        then = {"dev": self.rng.choice(THEN), "step": "daemon"}.get(victim, "command")
        return Round(victim, how, then, self.rng.uniform(0, 0.95 * span))

    def do(self, told: Round) -> Round:
        """Kill something once, start again, wait, and compare."""
        kinds: dict[str, Callable[[Round], None]] = {
            "command": self.kill_command,
            "postgres": self.kill_postgres,
            "dev": self.kill_dev,
            "step": self.kill_step,
        }
        try:
            self.reset()
            kinds[told.victim](told)
            told.same = self.outcome() == self.expected
        except Exception as error:  # noqa: BLE001  a round that breaks is a result
            told.problems.append(f"{type(error).__name__}: {str(error)[-2000:]}")
        if told.same and told.seconds > self.allowed_seconds(told):
            self.measure()
        told.allowed_seconds = self.allowed_seconds(told)
        if told.then == "both" or told.problems:
            self.dagster.kill_everything()  # it might retry a run in the midst of the next round
        return told

    def allowed_seconds(self, told: Round) -> float:
        """How long a round may take from the second start on."""
        by_command = self.command_seconds if told.then != "daemon" else 0.0
        if told.victim == "step":
            by_daemon = told.at_seconds + self.dev_seconds
        else:
            by_daemon = self.dev_start_seconds + self.dev_seconds if told.then != "command" else 0.0
        return by_command + by_daemon + SPARE_SECONDS

    def kill_command(self, told: Round) -> None:
        self.dagster.stop()
        process = self.command()
        time.sleep(told.at_seconds)
        process.send_signal(told.how)
        with self.given_up(process):
            process.wait(SPARE_SECONDS)
        self.again_by_command(told)

    def kill_postgres(self, told: Round) -> None:
        self.dagster.stop()
        process = self.command()
        time.sleep(told.at_seconds)
        self.signal_postgres(told.how)
        with self.given_up(process):
            process.wait(self.command_seconds + SPARE_SECONDS)
        self.again_by_command(told)

    def kill_dev(self, told: Round) -> None:
        run_id = self.launched_run()
        if told.step:
            begun = partial(self.has_begun, run_id, told.step)
            wait_for(begun, HANG_SECONDS, told.step, self.dagster.log, poll_seconds=0.05)
        time.sleep(told.at_seconds)
        process = self.dagster.process
        process.send_signal(told.how)
        with self.given_up(process):
            process.wait(END_SECONDS)
        if told.then == "command":
            self.again_by_command(told)
            return self.dagster.kill_everything()
        began = time.monotonic()
        command = self.command() if told.then == "both" else None
        self.dagster.start()
        self.wait_until_done()
        assert command is None or command.wait(HANG_SECONDS) == 0, self.log()
        told.seconds = time.monotonic() - began
        return None

    def kill_step(self, told: Round) -> None:
        self.launched_run()
        began = time.monotonic()
        time.sleep(told.at_seconds)
        for pid in step_processes(self.dagster):
            with suppress(ProcessLookupError):
                os.kill(pid, told.how)
        self.wait_until_done()
        told.seconds = time.monotonic() - began

    def launched_run(self) -> str:
        if not self.dagster.is_up:
            self.dagster.start()
        return self.dagster.launch("optimize_range", RANGE, CONFIG)

    def again_by_command(self, told: Round) -> None:
        began = time.monotonic()
        process = self.command()
        with self.given_up(process):
            code = process.wait(HANG_SECONDS)
        told.seconds = time.monotonic() - began
        assert code == 0, self.log()

    def signal_postgres(self, how: signal.Signals) -> None:
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                folder = self.server.status().folder
                if process.cwd() == f"{folder}/data" and process.parent().cwd() != process.cwd():
                    process.send_signal(how)

    @contextmanager
    def given_up(self, process: "subprocess.Popen[bytes]") -> Iterator[None]:
        try:
            yield
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def step_processes(dagster: Deployment) -> list[int]:
    """What a run worker forks for its steps."""
    servers = dagster.processes_matching("forkserver")
    found = []
    for pid in servers:
        with suppress(psutil.NoSuchProcess):
            found += [pid] if psutil.Process(pid).ppid() in servers else []
    return found


def main(n_rounds: int, seed: int, victims: Sequence[str] = VICTIMS) -> int:
    """Kill at random; return the number of bad rounds."""
    with chaos_of(seed, victims) as chaos:
        rounds = (chaos.random_round() for _ in range(n_rounds))
        return tell_all(chaos, rounds)


def matrix(signals: Sequence[signal.Signals], first: int = 1, last: int | None = None) -> int:
    """End `rorq dev` in every step, in these of all cases; return the number of bad rounds."""
    with chaos_of(0, ("dev",)) as chaos:
        n = len(signals)
        cases = [
            (step, signals[(i + k) % n], THEN[(i // n + k // n) % len(THEN)])
            for k in range(n * len(THEN))
            for i, step in enumerate(chaos.step_seconds)
        ]
        return tell_all(
            chaos,
            (
                Round("dev", how, then, chaos.rng.uniform(0, chaos.step_seconds[step]), step)
                for step, how, then in cases[first - 1 : last]
            ),
        )


@contextmanager
def chaos_of(seed: int, victims: Sequence[str]) -> Iterator[Chaos]:
    home = Path(tempfile.mkdtemp(prefix="chaos-"))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by jobs in the background
    chaos = Chaos(home, random.Random(seed), victims)
    try:
        chaos.measure()
        yield chaos
    finally:
        chaos.dagster.stop()
        chaos.server.destroy()
        shutil.rmtree(home, ignore_errors=True)


def tell_all(chaos: Chaos, planned: Iterable[Round]) -> int:
    """Do the rounds, with a line each; return how many were bad."""
    rounds: list[Round] = []
    for number, told in enumerate(planned, start=1):
        rounds.append(chaos.do(told))
        say(f"{number:3} {told.line()}")
    bad = [r for r in rounds if not r.is_good]
    spare = min((r.allowed_seconds - r.seconds for r in rounds), default=0.0)
    say(f"{len(rounds) - len(bad)} of {len(rounds)} rounds good; {spare:.1f} s to spare at least")
    return len(bad)


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[0] == "matrix":
        names = [word for word in words[1:] if not word.isdecimal()]
        numbers = [int(word) for word in words[1:] if word.isdecimal()]
        cases = (1, *numbers) if len(numbers) == 1 else numbers
        sys.exit(min(1, matrix([signal.Signals[n] for n in names] or SIGNALS, *cases)))
    sys.exit(min(1, main(int(words[0]), int(words[1]) if words[1:] else 0, words[2:] or VICTIMS)))
