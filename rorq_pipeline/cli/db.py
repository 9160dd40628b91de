"""`rorq db`: the database of this checkout, started, stopped, shown."""

from typing import TYPE_CHECKING

import click

from rorq_pipeline.cli.common import console, error_console
from rorq_pipeline.project.paths import ProjectPaths

if TYPE_CHECKING:
    from optimize.database.connect import DatabaseSettings
    from optimize.database.embedded import EmbeddedPostgres

# Imported where it is used: what takes over 50 ms (design/import_times.py), for quick help.


@click.group()
def command() -> None:
    """Start, stop and show the database."""


@command.command()
def start() -> None:
    """Start the embedded database; it then stays until `rorq db stop`.

    Commands start it by themselves and let it go with the last of them.
    """
    from optimize.database.connect import ensure_database

    settings = ensure_database(ProjectPaths.resolve().root, keep_running=True)
    if settings.source == "embedded":
        console.print(f"embedded PostgreSQL at {settings.address}")
    else:
        console.print(f"{settings.address} ({settings.source}) answers; nothing to start")


@command.command()
def stop() -> None:
    """Stop the embedded database, for every process that uses it. Nothing is lost."""
    was_running = _embedded().stop()
    console.print("stopped" if was_running else "the embedded database was not running")


@command.command()
def status() -> None:
    """Show which database is used, whether it answers, and what it holds."""
    from optimize.database.connect import resolve_settings

    settings = resolve_settings(ProjectPaths.resolve().root)
    rows = {"database": settings.address, "settings": settings.source}
    if settings.source == "embedded":
        found = _embedded().status()
        if found.folder is not None:
            rows |= {"folder": str(found.folder), "log": str(found.log_file)}
        if not found.is_running:
            rows["state"] = "not running; commands start it by themselves"
            return _print_rows(rows)
        rows["stops"] = "at `rorq db stop`" if found.is_kept else "with its last user"
    return _print_rows(rows | _contents(settings))


@command.command()
@click.option("--show-password", is_flag=True, help="Print the password, too.")
def url(show_password: bool) -> None:
    """Print the database URL: psql "$(rorq db url --show-password)"."""
    from optimize.database.connect import resolve_settings

    settings = resolve_settings(ProjectPaths.resolve().root)
    plain = settings.sqlalchemy_url().set(drivername="postgresql")
    click.echo(plain.render_as_string(hide_password=not show_password))
    if not show_password:
        error_console.print("*** stands for the password, which --show-password prints")


def _embedded() -> "EmbeddedPostgres":
    from optimize.database.connect import embedded_state_dir
    from optimize.database.embedded import EmbeddedPostgres

    return EmbeddedPostgres(embedded_state_dir(ProjectPaths.resolve().root))


def _contents(settings: "DatabaseSettings") -> dict[str, str]:
    from sqlalchemy import text

    from optimize.database.connect import open_engine

    engine = open_engine(settings)
    try:
        with engine.connect() as connection:
            version = connection.scalar(text("SHOW server_version"))
            size = connection.scalar(
                text("SELECT pg_size_pretty(pg_database_size(current_database()))")
            )
            others = connection.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
            has_studies = connection.scalar(text("SELECT to_regclass('public.studies')"))
            studies = (
                connection.scalar(text("SELECT count(*) FROM public.studies")) if has_studies else 0
            )
    finally:
        engine.dispose()
    return {
        "state": f"running, PostgreSQL {version}",
        "holds": f"{studies} studies, {size}",
        "in use by": f"{others} other connections",
    }


def _print_rows(rows: dict[str, str]) -> None:
    width = max(map(len, rows))
    for name, value in rows.items():
        console.print(f"{name:<{width}}  {value}", highlight=False)
