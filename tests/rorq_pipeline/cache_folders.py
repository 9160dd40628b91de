"""Session folders whose files nobody reads."""

from datetime import date
from pathlib import Path

FILES = ("underlying.parquet", "chain.parquet", "options.parquet")


def put_session(cache: Path, day: date, content: bytes = b"x", ticker: str = "SPY") -> Path:
    """Put a session into the cache, each file with the same content."""
    folder = cache / ticker / day.isoformat()
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).write_bytes(content)
    return folder
