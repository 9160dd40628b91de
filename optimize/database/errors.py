"""What a PostgreSQL driver says, turned into one line for the user, without the password."""

from optimize.database.settings import DatabaseSettings
from strategy.errors import DatabaseError, DatabaseUnreachableError

CONNECT_SECONDS = 10


def describe_connection_error(error: Exception, settings: DatabaseSettings) -> DatabaseError:
    """Turn a driver's failure to connect into the one line for the user, without the password."""
    said = sanitised(error, settings)
    where = f"PostgreSQL at {settings.address} ({settings.source})"
    for phrase, found, remedy in _DIAGNOSES:
        if phrase in said:
            return DatabaseUnreachableError(f"{where} {found}", remedy=remedy)
    return DatabaseUnreachableError(
        f"{where} refused the connection: {said}", remedy="check the PG_* settings and the server"
    )


# (what the driver says, what it means, what to do)
_DIAGNOSES = (
    (
        "password authentication failed",
        "does not accept this user and password",
        "check PG_USER and PG_PASSWORD",
    ),
    (
        "no password supplied",
        "asks for a password and PG_PASSWORD is empty",
        "set PG_PASSWORD",
    ),
    (
        "does not exist",
        "has no such database or user",
        "create it (`createdb`), or check PG_DATABASE and PG_USER",
    ),
    (
        "Connection refused",
        "is not running: nothing answers there",
        "start the server, or check PG_HOST and PG_PORT",
    ),
    (
        "could not translate host name",
        "is not found: the host name is unknown",
        "check PG_HOST",
    ),
    (
        "timeout expired",
        f"did not answer within {CONNECT_SECONDS} seconds",
        "check PG_HOST, PG_PORT and the network",
    ),
    (
        "No route to host",
        "cannot be reached from here",
        "check PG_HOST and the network",
    ),
    (
        "too many clients",
        "has no connection left",
        "end other clients, or raise max_connections",
    ),
    (
        "no pg_hba.conf entry",
        "admits no such user from this machine",
        "add a line to its pg_hba.conf, or check PG_USER and PG_DATABASE",
    ),
)


def sanitised(error: Exception, settings: DatabaseSettings) -> str:
    """Return the driver's words in one line, without the statement and without the password."""
    origin = getattr(error, "orig", None) or error
    said = " ".join(str(origin).split())
    password = settings.password.get_secret_value()
    return said.replace(password, "***") if password else said
