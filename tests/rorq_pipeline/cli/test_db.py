"""`rorq db`: what it prints and how it ends, on our own server and on another."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import optuna
import psycopg2
import pytest
from click.testing import CliRunner, Result

from optimize.database.connect import embedded_state_dir, resolve_settings
from optimize.database.embedded import EmbeddedPostgres
from optimize.database.settings import DatabaseSettings
from optimize.storage.schema import rdb_storage
from rorq_pipeline.cli import main


def rorq(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    yield tmp_path
    EmbeddedPostgres(embedded_state_dir(tmp_path)).destroy()


def test_our_own_server_is_started_shown_and_stopped(home: Path) -> None:
    state = home / ".rorq" / "postgres"
    assert rorq("db", "stop").output == "the embedded database was not running\n"
    before = rorq("db", "status").output.splitlines()
    address = resolve_settings(home).address
    assert before == [
        f"database  {address}",
        "settings  embedded",
        "state     not running; commands start it by themselves",
    ]
    started = rorq("db", "start")
    assert started.exit_code == 0, started.output
    assert started.output == f"embedded PostgreSQL at {address}\n"
    found = EmbeddedPostgres(state).status()
    *told, version, holds, others = rorq("db", "status").output.splitlines()
    assert told == [
        f"database   {address}",
        "settings   embedded",
        f"folder     {found.folder}",
        f"log        {found.log_file}",
        "stops      at `rorq db stop`",
    ]
    assert re.fullmatch(r"state      running, PostgreSQL 18[\d.]*", version)
    assert re.fullmatch(r"holds      0 studies, \d+ kB", holds)
    assert others == "in use by  0 other connections"
    (state / "keep").unlink()
    assert "stops      with its last user" in rorq("db", "status").output.splitlines()
    assert rorq("db", "stop").output == "stopped\n"
    assert rorq("db", "status").output.splitlines() == [
        f"database  {address}",
        "settings  embedded",
        f"folder    {found.folder}",
        f"log       {found.log_file}",
        "state     not running; commands start it by themselves",
    ]


def test_another_server_is_used_and_never_stopped(database_environment: DatabaseSettings) -> None:
    address = database_environment.address
    assert rorq("db", "start").output == f"{address} (environment) answers; nothing to start\n"
    assert rorq("db", "stop").output == "the embedded database was not running\n"
    storage = rdb_storage(database_environment)
    for number in range(3):
        optuna.create_study(study_name=f"study {number}", storage=storage)
    storage.engine.dispose()
    with closing(psycopg2.connect(rorq("db", "url", "--show-password").stdout.strip())):
        *told, _, holds, others = rorq("db", "status").output.splitlines()
    assert told == [f"database   {address}", "settings   environment"]
    assert re.fullmatch(r"holds      3 studies, \d+ kB", holds)
    assert others == "in use by  1 other connections"


def test_the_url_hides_the_password_unless_asked(database_environment: DatabaseSettings) -> None:
    password = database_environment.password.get_secret_value()
    hidden, shown = rorq("db", "url").output, rorq("db", "url", "--show-password").output
    assert password not in hidden
    assert hidden.startswith("postgresql://rorq:***@127.0.0.1:")
    url, hint = hidden.splitlines()
    assert shown == url.replace("***", password) + "\n"
    assert hint == "*** stands for the password, which --show-password prints"


def test_the_url_that_help_gives_to_psql_is_one_that_connects(
    database_environment: DatabaseSettings,
) -> None:
    (words,) = re.findall(r'psql "\$\(rorq ([^)]+)\)"', rorq("db", "url", "--help").output)
    with closing(psycopg2.connect(rorq(*words.split()).stdout.strip())) as connection:
        assert connection.info.dbname == database_environment.database


@pytest.mark.parametrize("command", ["start", "status", "url"])
def test_half_a_group_is_one_line_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("PG_HOST", "127.0.0.1")
    result = rorq("db", command)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: PG_PORT, PG_DATABASE, PG_USER, PG_PASSWORD are missing")
    assert result.stderr.count("\n") == 1


def test_a_wrong_password_is_one_line_and_an_exit_code(
    database_environment: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PG_PASSWORD", "no-such-password")
    result = rorq("db", "start")
    assert result.exit_code == 1
    assert "does not accept this user and password" in result.stderr
    assert result.stderr.count("\n") == 1
    assert "no-such-password" not in result.output
