"""What every test may use: a PostgreSQL of its own, and an environment without the developer's."""

import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest

from optimize.database.embedded import EmbeddedPostgres
from optimize.database.settings import GROUP, DatabaseSettings

_DEVELOPERS_OWN = (
    *GROUP,
    "POLYGON_API_KEY",
    "DAGSTER_HOME",
)
_FAST = {"fsync": "off", "full_page_writes": "off"}  # a test database need not survive the machine


@pytest.fixture(autouse=True)
def _nothing_of_the_developer(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Hide the developer's settings; the project root is an empty folder without a config.py."""
    for name in [*os.environ]:
        if name in _DEVELOPERS_OWN or name.startswith("RORQ_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RORQ_HOME", str(tmp_path_factory.mktemp("project")))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseSettings]:
    """A PostgreSQL server on a loopback port, made for this test run and removed after it."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres") / "state", extra_settings=_FAST)
    yield server.start()
    server.destroy()


@pytest.fixture
def database(postgres: DatabaseSettings) -> Iterator[DatabaseSettings]:
    """A fresh, empty database on the test server, dropped after the test."""
    with fresh_database(postgres) as settings:
        yield settings


@contextmanager
def fresh_database(postgres: DatabaseSettings) -> Iterator[DatabaseSettings]:
    """An empty database on a server, dropped at the end."""
    name = f"test_{secrets.token_hex(6)}"
    _run_sql(postgres, f"CREATE DATABASE {name}")
    yield postgres.model_copy(update={"database": name, "source": "environment", "state_dir": None})
    _run_sql(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_environment(
    database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> DatabaseSettings:
    """The fresh database, with PG_* set to it for this process and its children."""
    for name, value in database.environment().items():
        monkeypatch.setenv(name, value)
    return database


def _run_sql(settings: DatabaseSettings, statement: str) -> None:
    connection = psycopg2.connect(
        host=settings.host,
        port=settings.port,
        user=settings.user,
        password=settings.password.get_secret_value(),
        dbname="postgres",
    )
    with closing(connection), connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(statement)


def pytest_configure() -> None:
    """Hear Ctrl-C even where the shell has it ignored, as it does for jobs in the background."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
