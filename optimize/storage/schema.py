"""The tables of a study: Optuna's own, of a known revision, and `seen_combos` beside them."""

import optuna
from sqlalchemy import Connection, text

from optimize.database.connect import DatabaseSettings
from optimize.storage import dedup
from optimize.storage.driver import lock_key
from strategy.errors import StudyMismatchError

KNOWN_REVISION = "v3.2.0.a"  # schema of Optuna 5.0, as its alembic_version says


def ensure_schema(connection: Connection, settings: DatabaseSettings) -> None:
    """Create what is missing.

    Raises:
        StudyMismatchError: there are tables of another revision than the known one.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": lock_key("schema", "")})
    revision = stored_revision(connection)
    if revision is None:
        rdb_storage(settings).engine.dispose()  # its constructor creates the tables
        revision = stored_revision(connection)
    if revision != KNOWN_REVISION:
        raise StudyMismatchError(
            f"Optuna's tables in {settings.database} have the revision {revision}",
            expected=f"{KNOWN_REVISION}, that of Optuna 5.0",
            remedy="upgrade them with `optuna storage upgrade`, or set PG_DATABASE to a database "
            "of its own",
        )
    dedup.ensure_table(connection)


def stored_revision(connection: Connection) -> str | None:
    """The revision of Optuna's tables, None where there are none."""
    exists = text(
        "SELECT FROM pg_tables WHERE schemaname = 'public' AND tablename = 'alembic_version'"
    )
    if connection.execute(exists).first() is None:
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM public.alembic_version"))
    return revision


def rdb_storage(settings: DatabaseSettings) -> optuna.storages.RDBStorage:
    """Optuna's own storage on the same database, for what is not worth doing faster.

    Raises:
        StudyMismatchError: Optuna refuses the tables it finds.
    """
    url = settings.sqlalchemy_url().render_as_string(hide_password=False)
    try:
        return optuna.storages.RDBStorage(url, engine_kwargs={"pool_pre_ping": True})
    except RuntimeError as error:
        raise StudyMismatchError(
            f"Optuna {optuna.__version__} refuses the tables in {settings.database}",
            expected="tables of its own revision",
            remedy=str(error).partition("). ")[2] or "upgrade the tables or Optuna",
        ) from None
