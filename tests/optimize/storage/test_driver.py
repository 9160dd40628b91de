import threading
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from optimize.database.connect import open_engine
from optimize.storage.driver import Driver, lock_key, turn, worker_name
from strategy.errors import (
    DatabaseLostError,
    ResourceError,
    StudyBusyError,
    StudyInterruptedError,
)
from tests.optimize.studies import record, run, trials_of

ONE = text("SELECT 1")
ME = worker_name()


@pytest.fixture
def engine(database):
    engine = open_engine(database)
    yield engine
    engine.dispose()


def end_other_connections(engine):
    """What a restart of the server does to a client."""
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name LIKE 'rorq study%' AND datname = current_database()"
            )
        )


def test_a_lock_key_is_a_positive_bigint_of_its_name():
    assert lock_key("study", "a") != lock_key("study", "b") != lock_key("schema", "b")
    assert 0 < lock_key("study", "a") < 2**63


def test_a_transaction_is_run_again_after_the_connection_broke(database, engine):
    driver = Driver(database, "s")
    attempts = []

    def work(connection):
        attempts.append(1)
        connection.execute(ONE)
        if len(attempts) == 1:
            end_other_connections(engine)
        return connection.scalar(ONE)

    assert driver.transaction(work) == 1
    assert (len(attempts), driver.n_reconnects) == (2, 1)
    with pytest.raises(StudyBusyError):
        Driver(database, "s")
    driver.close()
    Driver(database, "s", lock_wait_seconds=5).close()


def test_an_error_in_a_statement_is_not_waited_out(database):
    driver = Driver(database, "s")
    with pytest.raises(DBAPIError, match="no_such_table"):
        driver.transaction(lambda c: c.execute(text("SELECT FROM no_such_table")))
    assert driver.transaction(lambda c: c.scalar(ONE)) == 1
    driver.close()


def test_a_full_disk_of_the_server_ends_the_run_at_once(database, engine):
    driver = Driver(database, "s")
    told = "DO $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
    with pytest.raises(ResourceError, match=r"on the disk of the database; .*; free space"):
        driver.transaction(lambda c: c.execute(text(told)))
    assert driver.transaction(lambda c: c.scalar(ONE)) == 1
    driver.close()


def test_a_server_that_stays_away_is_told_and_ends_the_run_with_one_line(
    database, engine, monkeypatch
):
    monkeypatch.setattr("optimize.storage.driver.QUIET_SECONDS", 0.1)
    told: list[str] = []
    driver = Driver(database, "s", patience_seconds=0.5, tell=told.append)
    driver._settings = database.model_copy(update={"port": 1})
    end_other_connections(engine)
    started = time.monotonic()
    with pytest.raises(DatabaseLostError, match=r"away for .* s .*study resumes") as error:
        driver.transaction(lambda c: c.scalar(ONE))
    assert time.monotonic() - started < 10
    assert "\n" not in str(error.value)
    (line,) = told
    assert line.startswith("PostgreSQL is away (")
    assert line.endswith("goes on by itself when it answers within 0 s, Ctrl-C ends the wait")


def test_a_stop_request_ends_a_pause_while_the_server_is_away(database, engine, monkeypatch):
    monkeypatch.setattr("optimize.storage.driver.PATIENCE_ON_STOP_SECONDS", 0.5)
    monkeypatch.setattr("optimize.storage.driver._PAUSES_SECONDS", (20.0, 20.0))
    stop = threading.Event()
    driver = Driver(database, "s", stop=stop)
    driver._settings = database.model_copy(update={"port": 1})
    end_other_connections(engine)
    threading.Timer(0.5, stop.set).start()
    started = time.monotonic()
    with pytest.raises(DatabaseLostError):
        driver.transaction(lambda c: c.scalar(ONE))
    assert time.monotonic() - started < 10


def test_a_study_taken_by_another_run_meanwhile_is_not_written(database, engine, monkeypatch):
    monkeypatch.setattr("optimize.storage.driver.RELOCK_SECONDS", 0.3)
    driver = Driver(database, "s")
    end_other_connections(engine)
    other = Driver(database, "s", lock_wait_seconds=5)
    with pytest.raises(StudyBusyError):
        driver.transaction(lambda c: c.scalar(ONE))
    other.close()
    driver.close()


def test_shared_runs_lock_beside_each_other_and_keep_an_exclusive_one_out(database):
    one, two = Driver(database, "s", shared=True), Driver(database, "s", shared=True)
    with pytest.raises(StudyBusyError):
        Driver(database, "s")
    one.close()
    two.close()
    Driver(database, "s", lock_wait_seconds=5).close()


def test_a_stop_request_ends_the_wait_for_a_lock(database):
    holder, stop = Driver(database, "s"), threading.Event()
    threading.Timer(0.3, stop.set).start()
    started = time.monotonic()
    with pytest.raises(StudyInterruptedError, match="while waiting for study s: rorq study"):
        Driver(database, "s", lock_wait_seconds=30, stop=stop)
    assert time.monotonic() - started < 5
    holder.close()


def test_a_turn_is_waited_for_in_a_line_and_without_processor_time(database, engine):
    told: list[str] = []
    stop = threading.Event()
    with turn(database, "t", stop=stop, tell=told.append):
        threading.Timer(3.0, stop.set).start()
        before, began = time.process_time(), time.monotonic()
        with (
            pytest.raises(StudyInterruptedError, match="stopped on request"),
            turn(database, "t", stop=stop, tell=told.append),
        ):
            pass
        waited = time.monotonic() - began
    assert 2.9 < waited < 4.0
    assert time.process_time() - before < 0.1 * waited
    assert len(told) == 1
    assert told[0].startswith(f"waiting for its turn (one of the t at a time): rorq study {ME}")
    with turn(database, "t", stop=threading.Event(), tell=told.append):
        assert len(told) == 1


def test_a_turn_passes_on_when_its_holder_loses_the_server(database, engine):
    told: list[str] = []
    with turn(database, "t", stop=threading.Event(), tell=told.append):
        threading.Timer(1.0, end_other_connections, [engine]).start()  # the holder's and ours
        with turn(database, "t", stop=threading.Event(), tell=told.append):
            pass
    assert len(told) == 1


def test_a_study_loses_nothing_when_its_connection_breaks_again_and_again(database, engine):
    def meddle(state):
        if state.n_attempts % 60 == 0:
            end_other_connections(engine)

    summary = run(database, n_trials=300, progress=meddle)
    whole = run(database, n_trials=300, study_name="whole")
    assert [record(t) for t in trials_of(database, summary)] == [
        record(t) for t in trials_of(database, whole)
    ]
