"""The way into PostgreSQL: what is found, what is refused, and in which words."""

from sqlalchemy import text

from optimize.database import open_engine
from optimize.database_settings import DatabaseSettings


def test_an_engine_reaches_a_fresh_database(database: DatabaseSettings) -> None:
    engine = open_engine(database)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT current_database()")) == database.database
    engine.dispose()
