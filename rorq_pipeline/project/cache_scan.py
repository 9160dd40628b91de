"""A fast look at the cache: which sessions lie there, and which may have changed.

Sizes and modification times are compared first; only a session where they differ is hashed. Ten
years of sessions are scanned in a fraction of a second. Of a cache in object storage the names of
its objects tell the same, so that nothing is fetched.
"""

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strategy.date_range import DateRange

# Imported where it is used: what takes long and definitions do without (design/import_times.py).

_SIGNATURE_BYTES = 8
UNREADABLE = "unreadable"  # signature of a session folder whose files cannot be listed


@dataclass(frozen=True, kw_only=True)
class CacheScan:
    """What one look at a ticker's folder gave."""

    signatures: Mapping[date, str]  # session -> digest of its files' names, sizes and times
    changed_seconds: Mapping[date, float]  # session -> time of its last change, since 1970
    newest_change_seconds: float  # since 1970; 0 where the folder is absent
    fingerprints: Mapping[date, str] = field(default_factory=dict)  # where they are known

    def quiet_seconds(self, now: float | None = None) -> float:
        """Return for how long nothing has changed; a change in the future counts as long ago."""
        age = (time.time() if now is None else now) - self.newest_change_seconds
        return age if age >= 0 else float("inf")


def scan_cache(cache_dir: Path, ticker: str) -> CacheScan:
    """Look at the sessions that are cached now, on disk or in the bucket.

    Raises:
        CacheError: the folder, or the bucket, cannot be listed.
    """
    from strategy.market_data.mirror import mirror_of

    mirror = mirror_of(cache_dir)
    if mirror is None:
        return scan_folder(cache_dir, ticker)
    held = mirror.held(ticker)
    changes = {day: session.changed_seconds for day, session in held.items()}
    return CacheScan(
        signatures={day: session.signature for day, session in held.items()},
        changed_seconds=changes,
        newest_change_seconds=max(changes.values(), default=0.0),
        fingerprints={day: session.fingerprint for day, session in held.items()},
    )


def scan_folder(cache_dir: Path, ticker: str) -> CacheScan:
    """Look at every session folder, and at those in the making for the time of the last change.

    Raises:
        CacheError: what should be a folder of sessions cannot be listed.
    """
    from strategy.market_data.layout import ticker_folder, unlistable  # with pandas and pyarrow

    folder = ticker_folder(cache_dir, ticker)
    signatures: dict[date, str] = {}
    changes: dict[date, float] = {}
    try:
        newest = _changed(folder.stat())
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return CacheScan(signatures={}, changed_seconds={}, newest_change_seconds=0.0)
    except OSError as error:
        raise unlistable(folder, error) from None
    for entry in entries:
        if not _may_be_session(entry):
            continue
        found = _look_at(entry)
        if found is None:  # a folder in the making was renamed or removed meanwhile
            continue
        signature, changed = found
        newest = max(newest, changed)
        day = _date_or_none(entry.name)
        if day is not None:
            signatures[day], changes[day] = signature, changed
    return CacheScan(
        signatures=dict(sorted(signatures.items())),
        changed_seconds=changes,
        newest_change_seconds=newest,
    )


def following_signatures(signatures: Mapping[date, str], date_range: "DateRange") -> dict[str, str]:
    """Return the cached sessions after a range, as many as it has: ISO date -> signature."""
    days = [day for day in sorted(signatures) if day > date_range.end_date]
    return {day.isoformat(): signatures[day] for day in days[: len(date_range.sessions)]}


def _may_be_session(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle: who reads the session will say so
        return True


def _look_at(folder: "os.DirEntry[str]") -> tuple[str, float] | None:
    """Signature and time of the last change; None where the folder is gone meanwhile."""
    try:
        newest = _changed(folder.stat())
        with os.scandir(folder) as entries:
            files = sorted((entry.name, entry.stat()) for entry in entries if entry.is_file())
    except FileNotFoundError:
        return None
    except OSError:  # who reads the session will say what is wrong with it
        return UNREADABLE, 0.0
    text = "\n".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in files)
    signature = hashlib.blake2b(text.encode(), digest_size=_SIGNATURE_BYTES).hexdigest()
    newest = max([newest, *(_changed(stat) for _, stat in files)])
    return _marked_signature(folder, files) or signature, newest


def _marked_signature(
    folder: "os.DirEntry[str]", files: list[tuple[str, os.stat_result]]
) -> str | None:
    """The signature that a session of a bucket has there, so that both looks say the same."""
    from strategy.market_data.mirror import MARKER_FILE, marked_signature

    is_marked = any(name == MARKER_FILE for name, _ in files)
    return marked_signature(Path(folder.path)) if is_marked else None


def _changed(stat: os.stat_result) -> float:
    """The time of change, which a copy that keeps modification times cannot set back."""
    return stat.st_ctime


def _date_or_none(name: str) -> date | None:
    try:
        return date.fromisoformat(name) if len(name) == len("2023-01-03") else None
    except ValueError:
        return None
