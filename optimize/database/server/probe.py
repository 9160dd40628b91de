"""Asks what answers on a port: our server, another one, or nothing; and which ports are free."""

import random
import socket
from contextlib import closing

import psycopg2

from optimize.database.server import process
from optimize.database.server.home import ServerHome
from optimize.database.settings import DatabaseSettings
from strategy.errors import DatabaseUnreachableError

HOST = "127.0.0.1"
DATABASE = "rorq"
_PORTS = range(15432, 32000)  # below the ports that outgoing connections use


def is_ours(settings: DatabaseSettings, home: ServerHome) -> bool:
    """Tell whether the server that answers there works on our data folder."""
    try:
        with closing(_connect(settings)) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW data_directory")
            return bool(cursor.fetchone() == (str(home.data_dir),))
    except psycopg2.Error as error:
        refused = "password authentication failed" in str(error)
        if (
            refused
            and process.server_process(home)
            and process.recorded_port(home) == settings.port
        ):
            raise DatabaseUnreachableError(
                "the embedded PostgreSQL does not accept the password that is stored for it",
                expected=f"the password in {settings.state_dir}/password, as made with the server",
                remedy="restore that file, or `rorq db stop` and move "
                f"{home.data_dir} away to start with an empty database",
            ) from None
        return False


def _connect(settings: DatabaseSettings) -> "psycopg2.extensions.connection":
    """Connect as the superuser; a stranger on our port never gets the password in clear."""
    return psycopg2.connect(
        host=settings.host,
        port=settings.port,
        user=settings.user,
        password=settings.password.get_secret_value(),
        dbname="postgres",
        connect_timeout=3,
        require_auth="scram-sha-256",
        gssencmode="disable",
        sslmode="disable",
    )


def ensure_database_exists(settings: DatabaseSettings) -> None:
    """Make the database that users connect to, where it is absent."""
    with closing(_connect(settings)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE {DATABASE}")


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a loopback port on which nothing listens.

    Raises:
        DatabaseUnreachableError: there is none.
    """
    for port in random.sample(_PORTS, 100):
        if is_free(port):
            return port
    raise DatabaseUnreachableError(
        f"no free port between {_PORTS.start} and {_PORTS.stop} on {HOST}",
        remedy="end what holds them, or set PG_HOST and the other PG_* names",
    )
