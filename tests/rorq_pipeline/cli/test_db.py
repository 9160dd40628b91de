"""`rorq db`: what it prints and how it ends, on our own server and on another."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from click.testing import CliRunner, Result

from optimize.database.connect import embedded_state_dir
from optimize.database.embedded import EmbeddedPostgres
from optimize.database.settings import DatabaseSettings
from rorq_pipeline.cli import main


def rorq(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path))
    yield tmp_path
    EmbeddedPostgres(embedded_state_dir(tmp_path)).destroy()


def test_our_own_server_is_started_shown_and_stopped(home: Path) -> None:
    assert "not running" in rorq("db", "status").output
    assert "not running" in rorq("db", "stop").output
    started = rorq("db", "start")
    assert started.exit_code == 0, started.output
    status = rorq("db", "status").output
    assert "running, PostgreSQL 18" in status
    assert "at `rorq db stop`" in status
    assert "0 studies" in status
    assert rorq("db", "stop").output == "stopped\n"
    assert "not running" in rorq("db", "status").output


def test_another_server_is_used_and_never_stopped(database_environment: DatabaseSettings) -> None:
    assert "nothing to start" in rorq("db", "start").output
    assert "not running" in rorq("db", "stop").output
    status = rorq("db", "status").output
    assert "environment" in status
    assert "running, PostgreSQL" in status


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
