"""What is written in bulk reads back as what Optuna writes, and the other way round."""

import json
import sys

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial
from optuna_dashboard import wsgi
from sqlalchemy import text

from optimize.database.connect import open_engine
from optimize.storage.driver import Driver
from optimize.storage.schema import ensure_schema, rdb_storage
from optimize.storage.trial_rows import insert_trials, select_trials
from tests.optimize.storage.made_trials import CHOICES, TRIALS


@pytest.fixture
def storage(database):
    driver = Driver(database, "schema")
    driver.transaction(lambda c: ensure_schema(c, database))
    driver.close()
    storage = rdb_storage(database)
    yield storage
    storage.remove_session()
    storage.engine.dispose()


@pytest.fixture
def engine(database):
    engine = open_engine(database)
    yield engine
    engine.dispose()


def write_ours(engine, study):
    ids = list(range(1000, 1000 + len(TRIALS)))
    with engine.begin() as connection:
        insert_trials(connection, study._study_id, TRIALS, ids, first_number=0)


def comparable(trial: FrozenTrial) -> dict:
    fields = (
        "number state values params distributions user_attrs system_attrs intermediate_values "
        "datetime_start datetime_complete"
    )
    return {name: getattr(trial, name) for name in fields.split()}


def test_optuna_reads_back_what_was_written_in_bulk(storage, engine):
    ours = optuna.create_study(storage=storage, study_name="ours", direction="maximize")
    theirs = optuna.create_study(storage=storage, study_name="theirs", direction="maximize")
    write_ours(engine, ours)
    theirs.add_trials(TRIALS)
    read = [comparable(t) for t in ours.trials]
    assert read == [comparable(t) for t in TRIALS]
    assert read == [comparable(t) for t in theirs.trials]
    assert list(ours.trials[0].params) == list(CHOICES)
    assert ours.best_trial.number == theirs.best_trial.number == 3


def test_the_rows_themselves_are_optunas(storage, engine):
    ours = optuna.create_study(storage=storage, study_name="ours", direction="maximize")
    theirs = optuna.create_study(storage=storage, study_name="theirs", direction="maximize")
    write_ours(engine, ours)
    theirs.add_trials(TRIALS)
    queries = (
        "number, state::text, datetime_start, datetime_complete FROM trials t",
        "number, param_name, param_value, distribution_json FROM trial_params",
        "number, objective, value, value_type::text FROM trial_values",
        "number, key, value_json FROM trial_user_attributes",
        "number, key, value_json FROM trial_system_attributes",
    )
    with engine.connect() as connection:
        for query in queries:
            joined = "" if query.endswith(" t") else "JOIN trials t USING (trial_id)"
            statement = text(f"SELECT {query} {joined} WHERE study_id = :id ORDER BY 1, 2")
            rows = [
                connection.execute(statement, {"id": study._study_id}).all()
                for study in (ours, theirs)
            ]
            assert rows[0] == rows[1]
            assert rows[0]


def test_bulk_reading_gives_what_optuna_reads(storage, engine):
    study = optuna.create_study(storage=storage, study_name="theirs", direction="maximize")
    study.add_trials(TRIALS)
    running = study.ask({"x": FloatDistribution(0, 1)})
    running.report(0.5, step=3)
    running.report(float("nan"), step=4)
    with engine.connect() as connection:
        read = select_trials(connection, study._study_id)
    for ours, theirs in zip(read, study.trials, strict=True):
        assert repr(comparable(ours)) == repr(comparable(theirs))
        assert ours._trial_id == theirs._trial_id


def test_bulk_reading_can_begin_after_a_trial(storage, engine):
    study = optuna.create_study(storage=storage, study_name="theirs", direction="maximize")
    study.add_trials(TRIALS)
    after = study.trials[3]._trial_id
    with engine.connect() as connection:
        assert [t.number for t in select_trials(connection, study._study_id, after)] == [4, 5]


def test_optuna_dashboard_shows_a_study_written_in_bulk(storage, engine):
    study = optuna.create_study(storage=storage, study_name="ours", direction="maximize")
    write_ours(engine, study)
    status = []
    answer = wsgi(storage)(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": f"/api/studies/{study._study_id}",
            "QUERY_STRING": "after=0",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
        },
        lambda line, *_: status.append(line),
    )
    shown = json.loads(b"".join(answer))
    assert status[0].startswith("200")
    assert [t["number"] for t in shown["trials"]] == [t.number for t in TRIALS]
    assert {p["name"] for p in shown["trials"][0]["params"]} == set(CHOICES)
