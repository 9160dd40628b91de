"""Market data on disk: layout, schema, reading, validation, samples, import and download."""

from strategy.market_data.layout import (
    list_sessions,
    session_fingerprint,
    session_folder,
)
from strategy.market_data.loading import (
    LazySessions,
    load_days,
    load_session,
    load_sessions,
    open_sessions,
)
from strategy.market_data.prepared import PreparedSessions
from strategy.market_data.reader import SessionFrames, build_session, read_session_frames
from strategy.market_data.writing import remove_session, write_session

__all__ = [
    "LazySessions",
    "PreparedSessions",
    "SessionFrames",
    "build_session",
    "list_sessions",
    "load_days",
    "load_session",
    "load_sessions",
    "open_sessions",
    "read_session_frames",
    "remove_session",
    "session_fingerprint",
    "session_folder",
    "write_session",
]
