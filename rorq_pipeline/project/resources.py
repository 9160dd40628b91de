"""What assets work with besides their inputs: the cached sessions and the study's database."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

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
        default=None, description="Cache folder; RORQ_CACHE or polygon_cache/ if empty."
    )
    allow_missing_sessions: bool = Field(
        default=False,
        description="Work on a range although exchange sessions are missing in its midst.",
    )

    @property
    def cache_dir(self) -> Path:
        """Return the cache folder."""
        return Path(self.folder) if self.folder else ProjectPaths.resolve().cache

    @property
    def prepared(self) -> "PreparedSessions":
        """Return the project's folder of prepared sessions."""
        from strategy.market_data import PreparedSessions

        return PreparedSessions(folder=ProjectPaths.resolve().prepared)

    def load(self, date_range: "BacktestRange") -> "Sequence[SessionData]":
        """Load a range's sessions; those after the last cached one are not yet due."""
        from strategy.market_data import load_sessions

        return load_sessions(
            self.cache_dir,
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
