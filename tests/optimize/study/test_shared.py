"""Several runs that drive one study."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from optuna.trial import TrialState
from sqlalchemy import text

from optimize.database.connect import open_engine
from optimize.run_study import open_study
from optimize.storage.schema import rdb_storage
from optimize.study.objective import Outcome
from tests.optimize.studies import SMALL, height, run

EVALUATED: Counter[str] = Counter()
LOCK = threading.Lock()


@dataclass(frozen=True)
class Counting:
    """A landscape that counts, across the runs of this process, what was evaluated."""

    def __call__(self, combination):
        with LOCK:
            EVALUATED[str(combination)] += 1
        return Outcome(value=height(combination))


def together(database, n_runs, **about):
    EVALUATED.clear()
    with ThreadPoolExecutor(n_runs) as pool:
        futures = [
            pool.submit(run, database, shared=True, objective=Counting(), **about)
            for _ in range(n_runs)
        ]
        return [future.result() for future in futures]


def test_three_runs_evaluate_a_small_space_once(database):
    summaries = together(database, 3, n_trials=200, space=SMALL, ask_batch=3)
    assert {s.stop_reason for s in summaries} == {"search space exhausted"}
    assert len(EVALUATED) == 60
    assert set(EVALUATED.values()) == {1}
    trials = open_study(database, summaries[0].study_name).trials
    assert [t.number for t in trials] == list(range(len(trials)))
    complete = [t for t in trials if t.state == TrialState.COMPLETE]
    assert len({str(t.params) for t in complete}) == len(complete) == 60
    rest = [t for t in trials if t.state != TrialState.COMPLETE]
    assert {t.state for t in rest} <= {TrialState.PRUNED}
    assert {t.user_attrs["duplicate_source"] for t in rest} <= {"database", "memory"}


def test_runs_that_share_learn_from_each_other_and_stop_together(database):
    summaries = together(database, 2, n_trials=60, ask_batch=4)
    trials = open_study(database, summaries[0].study_name).trials
    n_complete = sum(t.state == TrialState.COMPLETE for t in trials)
    assert 60 <= n_complete <= 60 + 2 * 4
    assert max(EVALUATED.values()) == 1


def test_optuna_reads_a_shared_study_in_order(database):
    name = together(database, 2, n_trials=30)[0].study_name
    storage = rdb_storage(database)
    ours = [(t.number, t.params) for t in open_study(database, name).trials]
    study_id = storage.get_study_id_from_name(name)
    assert [(t.number, t.params) for t in storage.get_all_trials(study_id)] == ours
    storage.remove_session()
    storage.engine.dispose()


def test_claims_of_a_dead_run_are_evaluated_by_those_that_live(database):
    first = run(database, n_trials=10, space=SMALL, shared=True)
    engine = open_engine(database)
    tried = {str(t.params) for t in open_study(database, first.study_name).trials}
    left = [p for i in range(60) if str(p := SMALL.combination(i)) not in tried][:3]
    from optimize.storage.dedup import combo_key

    with engine.begin() as connection:
        for params in left:
            connection.execute(
                text(
                    "INSERT INTO seen_combos (study_name, combo_key, owner, state)"
                    " VALUES (:name, :key, 12345, 'claimed')"
                ),
                {"name": first.study_name, "key": combo_key(params)},
            )
    last = run(database, n_trials=200, space=SMALL, shared=True)
    assert last.stop_reason == "search space exhausted"
    assert last.n_complete == 60
    with engine.connect() as connection:
        assert not connection.scalar(
            text("SELECT count(*) FROM seen_combos WHERE state = 'claimed'")
        )
    engine.dispose()
