"""Where sessions lie on disk; how they come and go whole stands in `writing`.

A session is a folder `<cache>/<ticker>/<date>` that appears by one rename. Names that begin with a
dot are work in progress and are never read.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from strategy.errors import CacheError
from strategy.market_data.plain_file import require_plain_file
from strategy.market_data.schema import (
    FILE_SCHEMAS,
    SOURCE_KEY,
    UNKNOWN,
)
from strategy.ticker import TICKER_EXPECTED, is_ticker

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def ticker_folder(cache_dir: Path | str, ticker: str) -> Path:
    """Folder of one underlying's sessions.

    Raises:
        CacheError: the ticker is not of the form that exchanges use.
    """
    if not is_ticker(ticker):
        raise CacheError(
            f"ticker {ticker[:40]!r}",
            expected=TICKER_EXPECTED,
            remedy="correct the ticker",
        )
    return Path(cache_dir) / ticker


def session_folder(cache_dir: Path | str, ticker: str, day: date) -> Path:
    """Folder of one session, whether it exists or not."""
    return ticker_folder(cache_dir, ticker) / day.isoformat()


def list_sessions(cache_dir: Path | str, ticker: str) -> list[date]:
    """Dates of the cached sessions, in order; folders that are no dates are passed over.

    A link that leads in a circle is listed, so that who reads the session says what is wrong.

    Raises:
        CacheError: what should be a folder cannot be listed.
    """
    folder = ticker_folder(cache_dir, ticker)
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if _DATE.fullmatch(e.name) and _may_be_session(e)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unlistable(folder, error) from None
    return sorted(day for name in names if (day := date_or_none(name)) is not None)


def _may_be_session(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return True


def unlistable(folder: Path, error: OSError) -> CacheError:
    """Make the error for a ticker's folder that cannot be listed."""
    return CacheError(
        f"{folder}: {error.strerror}",
        expected="a folder of sessions that can be read",
        remedy="correct RORQ_CACHE, or the folder and its permissions",
    )


def session_source(folder: Path) -> str:
    """Source that a session states in the first of its files that can be read, else `unknown`."""
    for name in FILE_SCHEMAS:
        try:
            require_plain_file(folder / name)
            metadata = pq.read_metadata(folder / name).metadata or {}
        except (OSError, pa.ArrowException):
            continue
        source: bytes = metadata.get(SOURCE_KEY, UNKNOWN.encode())
        return source.decode(errors="replace")
    return UNKNOWN


def session_fingerprint(folder: Path) -> str:
    """SHA-256 over the names and bytes of the session's three files, hexadecimal."""
    hashes = {}
    for name in FILE_SCHEMAS:
        require_plain_file(folder / name)
        with (folder / name).open("rb") as file:
            hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return combine_file_hashes(hashes)


def combine_file_hashes(hashes: Mapping[str, str]) -> str:
    """Like `session_fingerprint`, from the SHA-256 of each file, by file name."""
    digest = hashlib.sha256()
    for name in FILE_SCHEMAS:
        digest.update(f"{name} {hashes[name]}\n".encode())
    return digest.hexdigest()


def date_or_none(name: str) -> date | None:
    """The date that a name says; None where it says none."""
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None
