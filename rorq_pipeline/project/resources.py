"""What assets work with besides their inputs: the cached sessions and the study's database."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field, PrivateAttr

from rorq_pipeline.project.fresh_cache import fresh_cache
from rorq_pipeline.project.paths import ProjectPaths

if TYPE_CHECKING:
    from optimize.database.connect import DatabaseSettings
    from strategy.backtest_range import BacktestRange
    from strategy.market_data import PreparedSessions
    from strategy.session import SessionData

# Imported where it is used: what takes long and definitions do without (design/import_times.py).


class MarketData(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The cached sessions."""

    folder: str | None = Field(
        default=None,
        description="Cache folder, or address of a bucket; RORQ_CACHE or polygon_cache/ if empty.",
    )
    allow_missing_sessions: bool = Field(
        default=False,
        description="Work on a range although exchange sessions are missing in its midst.",
    )

    _fresh: set[str] = PrivateAttr(default_factory=set)

    def cache_of(self, ticker: str) -> Path:
        """Return the cache folder; the first time, with the ticker's sessions of the bucket in it.

        Raises:
            BucketError: the cache is a bucket that is not there, cannot be reached, or refuses.
        """
        paths = ProjectPaths.resolve(self.folder)
        if ticker not in self._fresh:
            fresh_cache(paths, ticker)
            self._fresh.add(ticker)
        return paths.cache

    @property
    def prepared(self) -> "PreparedSessions":
        """Return the project's folder of prepared sessions."""
        from strategy.market_data import PreparedSessions

        return PreparedSessions(folder=ProjectPaths.resolve().prepared)

    def load(self, date_range: "BacktestRange") -> "Sequence[SessionData]":
        """Load a range's sessions; those after the last cached one are not yet due."""
        from strategy.market_data import load_sessions

        return load_sessions(
            self.cache_of(date_range.ticker),
            date_range.ticker,
            date_range,
            allow_missing=self.allow_missing_sessions,
            prepared=self.prepared,
        )


class StudyDatabase(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The PostgreSQL that keeps studies: PG_* of the environment, config.py, or the embedded one.

    It has no config, so that no page of Dagster can show a password.
    """

    def settings(self) -> "DatabaseSettings":
        """Return settings with which a database answers."""
        from optimize.database.connect import ensure_database

        return ensure_database(ProjectPaths.resolve().root)
