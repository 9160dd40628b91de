"""The way into PostgreSQL: what is reached, what is refused, and in which words."""

import logging
import multiprocessing
import socket
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from optimize.database import connect as module
from optimize.database.connect import ensure_database, open_engine
from optimize.database.embedded import EmbeddedPostgres
from optimize.database.settings import DatabaseSettings
from strategy.errors import DatabaseUnreachableError
from tests.optimize.database.passwords import ODD_PASSWORDS


def run_sql(settings: DatabaseSettings, *statements: str) -> None:
    engine = open_engine(settings)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def refusal(settings: DatabaseSettings) -> str:
    with pytest.raises(DatabaseUnreachableError) as got:
        open_engine(settings)
    message = str(got.value)
    assert "\n" not in message
    assert got.value.remedy
    assert got.value.__cause__ is None
    assert settings.password.get_secret_value() not in message
    return message


def test_an_engine_reaches_a_fresh_database(database: DatabaseSettings) -> None:
    engine = open_engine(database)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT current_database()")) == database.database
        assert connection.scalar(text("SELECT count(*) FROM pg_stat_user_tables")) == 0
    assert database.password.get_secret_value() not in repr(engine)
    engine.dispose()


def test_a_wrong_password_is_said(database: DatabaseSettings) -> None:
    wrong = database.model_copy(update={"password": SecretStr("no-such-password")})
    assert "does not accept this user and password" in refusal(wrong)


def test_a_stopped_server_is_said(database: DatabaseSettings) -> None:
    with socket.socket() as reserved:  # bound, not listening: connections are refused
        reserved.bind(("127.0.0.1", 0))
        stopped = database.model_copy(update={"port": reserved.getsockname()[1]})
        assert "is not running" in refusal(stopped)


def test_an_unknown_host_is_said(database: DatabaseSettings) -> None:
    assert "host name is unknown" in refusal(database.model_copy(update={"host": "no.invalid"}))


def test_an_unknown_database_is_said(database: DatabaseSettings) -> None:
    assert "no such database" in refusal(database.model_copy(update={"database": "absent"}))


def test_another_service_on_the_port_is_said(database: DatabaseSettings) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        executor = multiprocessing.get_context("fork").Process(target=hang_up, args=(listener,))
        executor.start()
        message = refusal(database.model_copy(update={"port": port}))
        executor.join()
    assert "refused the connection" in message


def hang_up(listener: socket.socket) -> None:
    listener.accept()[0].close()


def test_an_old_version_is_said(
    database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OLDEST_VERSION", 99)
    message = refusal(database)
    assert "is version 18" in message
    assert "expected version 99 or later" in message


@pytest.mark.parametrize("password", ODD_PASSWORDS)
def test_any_password_opens_the_door(
    database: DatabaseSettings, password: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    user = f"user_{database.database}"
    literal = password.replace("'", "''").replace("%", "%%")
    run_sql(database, f"CREATE ROLE {user} LOGIN PASSWORD '{literal}'")
    odd = database.model_copy(update={"user": user, "password": SecretStr(password)})
    try:
        engine = open_engine(odd)
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT current_user")) == user
        assert password not in repr(engine) + repr(odd) + caplog.text
        engine.dispose()
    finally:
        run_sql(database, f"DROP ROLE {user}")


def test_ensuring_makes_dagsters_schema_once(
    database_environment: DatabaseSettings, tmp_path: Path
) -> None:
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, mp_context=spawned) as pool:
        found = list(pool.map(ensure_database, [tmp_path] * 8))
    assert set(found) == {database_environment}
    engine = open_engine(database_environment)
    with engine.connect() as connection:
        names = connection.execute(text("SELECT nspname FROM pg_namespace")).scalars().all()
    engine.dispose()
    assert names.count("dagster") == 1
    assert not (tmp_path / ".rorq").exists()


def test_a_user_who_may_not_create_is_told_what_to_grant(
    database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    user = f"user_{database.database}"
    run_sql(database, f"CREATE ROLE {user} LOGIN PASSWORD 'pw'")
    limited = database.model_copy(update={"user": user, "password": SecretStr("pw")})
    for name, value in limited.environment().items():
        monkeypatch.setenv(name, value)
    try:
        with pytest.raises(DatabaseUnreachableError, match="GRANT CREATE ON DATABASE"):
            ensure_database(tmp_path)
        run_sql(database, f"CREATE SCHEMA dagster AUTHORIZATION {user}")
        with pytest.raises(DatabaseUnreachableError, match="GRANT ALL ON SCHEMA public"):
            ensure_database(tmp_path)
        run_sql(database, f"GRANT ALL ON SCHEMA public TO {user}")
        assert ensure_database(tmp_path) == limited
    finally:
        run_sql(database, f"DROP OWNED BY {user} CASCADE", f"DROP ROLE {user}")


def test_the_oldest_admitted_version_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_dir = next(Path("/usr/lib/postgresql").glob("1[5-7]/bin"), None)
    if bin_dir is None:
        pytest.skip("no PostgreSQL 15 to 17 on this machine")
    server = EmbeddedPostgres(tmp_path / "state", bin_dir=bin_dir)
    try:
        own = server.start()
        for name, value in own.environment().items():
            monkeypatch.setenv(name, value)
        settings = ensure_database(tmp_path / "project")
        assert settings.source == "environment"
        engine = open_engine(settings)
        with engine.connect() as connection:
            assert connection.scalar(text("SHOW server_version_num")) < "180000"
        engine.dispose()
    finally:
        server.destroy()
