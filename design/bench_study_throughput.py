"""Trials a second of the study, of plain Optuna on the same server, and of memory alone.

Usage: python design/study_throughput.py [--quick]

The objective does nothing. All three use independent TPE with the same number of start-up trials
and candidates; the study asks one trial at a time here, so that nothing but the storage and the
sampler's code differs. Each is measured from 1, 1,000 and 3,000 trials in the study on. Plain
Optuna goes on with the trials that bulk writing has stored, since it would take minutes by itself.
PostgreSQL is one of our own with its default, durable settings. Figures are kept in
design/study_throughput.md.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution

from optimize.database.connect import DatabaseSettings
from optimize.database.embedded import EmbeddedPostgres
from optimize.run_study import open_study, run_study
from optimize.storage.memory import memory_study
from optimize.storage.schema import rdb_storage
from optimize.study.objective import Outcome
from optimize.study.sampling import make_sampler
from optimize.study.settings import StudySettings
from strategy.date_range import DateRange
from strategy.space import SearchSpace

SPACE = SearchSpace.seed()
DISTRIBUTIONS: dict[str, BaseDistribution] = {
    name: CategoricalDistribution(values) for name, values in SPACE.items()
}
KNOBS = StudySettings(ask_batch=1)
ATTRIBUTES = {f"metric_{i}": i / 7 for i in range(9)} | {"counts": {f"c{i}": i for i in range(7)}}
RANGE = DateRange(date(2023, 1, 3), date(2023, 1, 31))
TIMED = {1: 200, 1000: 1000, 3000: 1000}  # trials held -> trials timed in each round
N_ROUNDS = 2
N_PLAIN = 40  # trials of plain Optuna that are timed


def no_op(combination: Mapping[str, Any], /) -> Outcome:
    """A value that costs nothing, with as many attributes as a real trial has."""
    return Outcome(value=worth(combination), attributes=ATTRIBUTES)


def worth(combination: Mapping[str, Any]) -> float:
    return -abs(combination["stretch_threshold"] - 0.005) * 100 - abs(
        combination["take_profit_percent"] - 60
    )


def study_seconds(database: DatabaseSettings, n_trials: int) -> float:
    """Bring the study to so many trials; the time of its loop, the last flush included."""
    summary = run_study(
        settings=KNOBS.model_copy(update={"n_trials": n_trials, "max_attempt_limit": 10_000}),
        date_range=RANGE,
        sessions=[],
        search_space=SPACE,
        fixed_params={},
        database=database,
        objective=no_op,
    )
    return summary.seconds


def ask_and_tell(study: optuna.Study, n_trials: int) -> float:
    started = time.perf_counter()
    for _ in range(n_trials):
        trial = study.ask(DISTRIBUTIONS)
        for name, value in ATTRIBUTES.items():
            trial.set_user_attr(name, value)
        study.tell(trial, worth(trial.params))
    return time.perf_counter() - started


def in_memory(database: DatabaseSettings, name: str, n_held: int) -> optuna.Study:
    """A study in memory with our sampler and the first trials of the stored one."""
    trials = open_study(database, name).trials[:n_held]
    return memory_study("memory", {}, trials, make_sampler(KNOBS, SPACE))


@contextmanager
def plain_optuna(database: DatabaseSettings, name: str) -> Iterator[optuna.Study]:
    """The stored study itself, driven by Optuna alone."""
    storage = rdb_storage(database)
    sampler = optuna.samplers.TPESampler(
        n_startup_trials=KNOBS.n_startup_trials,
        n_ei_candidates=KNOBS.n_ei_candidates,
        multivariate=False,
        constant_liar=False,
        seed=KNOBS.seed,
    )
    yield optuna.load_study(study_name=name, storage=storage, sampler=sampler)
    storage.remove_session()
    storage.engine.dispose()


def measure(database: DatabaseSettings, held: int, timed: int) -> dict[str, float]:
    """Trials a second of the three from `held` trials on: the best of some rounds, in turns."""
    name = stored_name(database)
    ours, memory = [], []
    for first in range(held, held + N_ROUNDS * timed, timed):
        memory.append(ask_and_tell(in_memory(database, name, first), timed))
        ours.append(study_seconds(database, first + timed))
    with plain_optuna(database, name) as study:
        plain = N_PLAIN / ask_and_tell(study, N_PLAIN)
    drop_last(database, name, N_PLAIN)
    return {"ours": timed / min(ours), "memory": timed / min(memory), "plain": plain}


def stored_name(database: DatabaseSettings) -> str:
    from optimize.run_study import latest_study_name

    return latest_study_name(database, KNOBS.study_name, RANGE.key) or ""


def drop_last(database: DatabaseSettings, name: str, n: int) -> None:
    """Take plain Optuna's trials away again, so that ours goes on from its own."""
    import sqlalchemy

    from optimize.database.connect import open_engine

    engine = open_engine(database)
    with engine.begin() as connection:
        ids = list(
            connection.scalars(
                sqlalchemy.text(
                    "SELECT trial_id FROM trials JOIN studies USING (study_id)"
                    " WHERE study_name = :name ORDER BY number DESC LIMIT :n"
                ),
                {"name": name, "n": n},
            )
        )
        tables = "trial_params trial_values trial_user_attributes trial_system_attributes trials"
        for table in tables.split():
            connection.execute(
                sqlalchemy.text(f"DELETE FROM {table} WHERE trial_id = ANY (:ids)"), {"ids": ids}
            )
    engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="leave out 3,000 trials")
    quick = parser.parse_args().quick
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="rorq-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "state")
        database = server.start()
        try:
            print(
                "| trials in the study | study | in memory | plain Optuna | study / plain |", end=""
            )
            print(" time of study / memory |\n|---:|---:|---:|---:|---:|---:|")
            study_seconds(database, 1)
            for held, timed in list(TIMED.items())[: 2 if quick else 3]:
                study_seconds(database, held)
                row = measure(database, held, timed)
                cells = [f"{row[k]:,.0f}" for k in ("ours", "memory", "plain")]
                ratios = f"{row['ours'] / row['plain']:.1f} | {row['memory'] / row['ours']:.2f}"
                print(f"| from {held:,} | " + " | ".join(cells) + f" | {ratios} |", flush=True)
        finally:
            server.destroy()


if __name__ == "__main__":
    main()
