"""Aligned sessions kept as files that are mapped into memory, in a folder that can be deleted.

`file` is one session's file; `folder` decides when one may be used, and makes it where none may.
"""

from strategy.market_data.prepared.folder import MAX_FOLDER_BYTES, PreparedSessions

__all__ = ["MAX_FOLDER_BYTES", "PreparedSessions"]
