"""The store: commits whose answer was lost, tables of another revision, Optuna beside us."""

import optuna
import psycopg2
import pytest
from sqlalchemy.exc import OperationalError

from optimize.storage.driver import Driver
from optimize.storage.schema import rdb_storage
from optimize.storage.study_store import NewTrial, open_store
from strategy.errors import StudyMismatchError
from tests.optimize.storage.made_trials import TRIALS
from tests.optimize.studies import SMALL, execute, run, trials_of


@pytest.fixture
def driver(database):
    driver = Driver(database, "s")
    yield driver
    driver.close()


class LosesAnswers:
    """Commits, then says that the connection broke; every other time."""

    def __init__(self, driver):
        self._attempt = driver._attempt
        self.calls = 0

    def __call__(self, work):
        result = self._attempt(work)
        self.calls += 1
        if self.calls % 2:
            raise OperationalError("COMMIT", {}, psycopg2.OperationalError("connection lost"))
        return result


def test_a_commit_whose_answer_was_lost_is_not_repeated(database, driver):
    store = open_store(driver, database, "s")
    store.open({"about": 1})
    store.load()
    driver._attempt = LosesAnswers(driver)
    for batch in (TRIALS[:2], TRIALS[2:]):
        store.append([NewTrial(trial=t, key=f"key {t.number}") for t in batch])
    read = store.load()
    assert [t.number for t in read] == list(range(len(TRIALS)))
    assert [t.params for t in read] == [t.params for t in TRIALS]
    assert sorted(store.load_keys()) == [f"key {t.number}" for t in TRIALS]


def test_tables_of_an_unknown_revision_are_refused_and_left_alone(database):
    first = run(database, n_trials=4)
    execute(database, "UPDATE alembic_version SET version_num = 'v9.9.9.a'")
    with pytest.raises(StudyMismatchError) as refused:
        run(database, n_trials=8)
    assert str(refused.value) == (
        f"Optuna's tables in {database.database} have the revision v9.9.9.a; expected v3.2.0.a, "
        "that of Optuna 5.0; upgrade them with `optuna storage upgrade`, or set PG_DATABASE to "
        "a database of its own"
    )
    execute(database, "UPDATE alembic_version SET version_num = 'v3.2.0.a'")
    assert len(trials_of(database, first)) == 4
    assert run(database, n_trials=8).resumed


def test_optuna_can_go_on_with_a_study_of_ours_and_we_with_its(database):
    summary = run(database, n_trials=10, space=SMALL)
    storage = rdb_storage(database)
    study = optuna.load_study(
        study_name=summary.study_name,
        storage=storage,
        sampler=optuna.samplers.RandomSampler(seed=1),
    )
    distributions = {n: optuna.distributions.CategoricalDistribution(v) for n, v in SMALL.items()}
    for _ in range(5):
        trial = study.ask(distributions)
        study.tell(trial, 1.0)
    storage.remove_session()
    storage.engine.dispose()
    resumed = run(database, n_trials=60, space=SMALL)
    tried = {str(t.params) for t in trials_of(database, resumed)}
    assert len(tried) == 60
    assert [t.number for t in trials_of(database, resumed)] == list(range(resumed.n_trials))
