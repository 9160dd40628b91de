"""The way into PostgreSQL: resolve the settings, start our own server on demand, open an engine.

Which settings there are belongs to `database_settings`, the server of our own to
`embedded_postgres`.
"""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from optimize.database.errors import CONNECT_SECONDS, describe_connection_error, sanitised
from optimize.database.settings import (
    DatabaseSettings,
    group_from_config_file,
    group_from_environment,
)
from strategy.errors import DatabaseSettingsError, DatabaseUnreachableError

if TYPE_CHECKING:
    from optimize.database.embedded import EmbeddedPostgres

__all__ = ["DatabaseSettings", "ensure_database", "open_engine", "resolve_settings", "revive"]

DAGSTER_SCHEMA = "dagster"
OLDEST_VERSION = 15  # major version of PostgreSQL
_STARTUP_SECONDS = 30.0


def embedded_state_dir(project_root: Path) -> Path:
    """Return the state folder of the checkout's own server."""
    return project_root.resolve() / ".rorq" / "postgres"


def resolve_settings(project_root: Path) -> DatabaseSettings:
    """Find the PG_* group: environment, else `config.py`, else the embedded server (not started).

    A group that names the embedded server, as `rorq env` prints it, counts as embedded.

    Raises:
        DatabaseSettingsError: a group is partly set, or a value cannot be.
    """
    group = group_from_environment()
    if group:
        return _or_embedded(DatabaseSettings.from_group(group, "environment"), project_root)
    group = group_from_config_file(project_root)
    if group:
        return _or_embedded(DatabaseSettings.from_group(group, "config.py"), project_root)
    return _embedded(embedded_state_dir(project_root)).settings


def ensure_database(project_root: Path, *, keep_running: bool = False) -> DatabaseSettings:
    """Return settings with which a database answers, our own server started where it is meant.

    Args:
        project_root: the folder of `config.py` and `.rorq`.
        keep_running: let our own server outlive this process, until `rorq db stop`.

    Raises:
        DatabaseError: no usable database; one line with the remedy.
    """
    settings = revive(resolve_settings(project_root), keep_running=keep_running)
    engine = open_engine(settings)
    try:
        _ensure_schemas(engine, settings)
    finally:
        engine.dispose()
    return settings


def revive(settings: DatabaseSettings, *, keep_running: bool = False) -> DatabaseSettings:
    """Start the embedded server again if it is what the settings mean; the port may change."""
    if settings.source != "embedded" or settings.state_dir is None:
        return settings
    return _embedded(settings.state_dir).start(keep_running=keep_running)


def open_engine(settings: DatabaseSettings) -> Engine:
    """Return an engine whose database was reached and is recent enough.

    Raises:
        DatabaseUnreachableError: not reached, login refused, or too old; one line, no password.
    """
    engine = create_engine(
        settings.sqlalchemy_url(),
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "rorq",
            "keepalives_idle": 30,
        },
    )
    try:
        _check_version(_server_version(engine, settings), settings)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _embedded(state_dir: Path) -> "EmbeddedPostgres":
    if sys.platform == "win32":
        raise DatabaseSettingsError(
            "the embedded PostgreSQL does not run on Windows",
            expected="a PostgreSQL 15 or later of your own",
            remedy="set PG_HOST, PG_PORT, PG_DATABASE, PG_USER and PG_PASSWORD",
        )
    from optimize.database.embedded import EmbeddedPostgres  # does not load on Windows

    return EmbeddedPostgres(state_dir)


def _or_embedded(settings: DatabaseSettings, project_root: Path) -> DatabaseSettings:
    """Recognise the embedded server by its generated password, even when its port changed."""
    state_dir = embedded_state_dir(project_root)
    if settings.host != "127.0.0.1" or not (state_dir / "password").is_file():
        return settings
    own = _embedded(state_dir).settings
    is_own = (settings.user, settings.database, settings.password) == (
        own.user,
        own.database,
        own.password,
    )
    return own if is_own else settings


def _server_version(engine: Engine, settings: DatabaseSettings) -> str:
    deadline = time.monotonic() + _STARTUP_SECONDS
    while True:
        try:
            with engine.connect() as connection:
                return str(connection.scalar(text("SHOW server_version_num")))
        except DBAPIError as error:
            is_starting = "system is starting up" in str(error)
            if not is_starting or time.monotonic() > deadline:
                raise describe_connection_error(error, settings) from None
        time.sleep(0.2)


def _check_version(version_number: str, settings: DatabaseSettings) -> None:
    major = int(version_number) // 10_000
    if major < OLDEST_VERSION:
        raise DatabaseUnreachableError(
            f"PostgreSQL at {settings.address} ({settings.source}) is version {major}",
            expected=f"version {OLDEST_VERSION} or later",
            remedy="upgrade it, or unset the PG_* settings to use the embedded one",
        )


def _ensure_schemas(engine: Engine, settings: DatabaseSettings) -> None:
    """Make Dagster's schema; its tables must not meet Optuna's, both own `alembic_version`."""
    try:
        with engine.begin() as connection:
            # Two processes may come here at once, and IF NOT EXISTS alone is no protection.
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('rorq.schemas'))"))
            known = text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
            if connection.scalar(known, {"name": DAGSTER_SCHEMA}) is None:
                connection.execute(text(f"CREATE SCHEMA {DAGSTER_SCHEMA}"))
            may = text("SELECT has_schema_privilege(current_user, :name, 'CREATE')")
            closed = [
                name
                for name in (DAGSTER_SCHEMA, "public")
                if not connection.scalar(may, {"name": name})
            ]
    except DBAPIError as error:
        raise DatabaseUnreachableError(
            f"the schema {DAGSTER_SCHEMA} cannot be made in {settings.address}: "
            f"{sanitised(error, settings)}",
            remedy=f'GRANT CREATE ON DATABASE "{settings.database}" TO "{settings.user}"',
        ) from None
    if closed:
        raise DatabaseUnreachableError(
            f"user {settings.user} may not create tables in {' and '.join(closed)} "
            f"of {settings.address}",
            remedy="; ".join(f'GRANT ALL ON SCHEMA {s} TO "{settings.user}"' for s in closed),
        )
