"""A cache in object storage: a folder here that holds what the bucket says, session by session.

Everything that reads the cache reads this folder, as on disk; `refresh` brings it up to date, and
what is written into it goes to the bucket at once. In the bucket a session is a manifest that
names its files by their SHA-256:

    SPY/sessions/2023-01-03.<fingerprint>.<digest of the manifest>.json
    SPY/2023-01-03/options-<SHA-256>.parquet

An object never changes, and the manifest comes last, so that a session is there whole or not at
all, though a bucket knows no rename; the newest manifest of a day counts. The names alone tell
which sessions are new: a listing of a thousand of them is one request.
"""

import fcntl
import hashlib
import json
import logging
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strategy.errors import CacheError, CorruptFileError
from strategy.market_data.layout import (
    combine_file_hashes,
    date_or_none,
    list_sessions,
    session_folder,
    session_source,
    ticker_folder,
)
from strategy.market_data.placing import folder_lock, moved_aside
from strategy.market_data.schema import FETCH_AGAIN, FILE_SCHEMAS, QUOTES_FILE, SYNTHETIC
from strategy.whole_file import written_whole

if TYPE_CHECKING:
    from strategy.market_data.object_store import ObjectStore

# Imported where it is used: pyarrow's file systems take 50 ms, and a cache on disk needs none.

_ADDRESS_FILE = ".bucket"  # in the mirror's folder: the bucket's address
MARKER_FILE = ".bucket.json"  # in a session's folder: the manifest it came by, or went with
_MANIFESTS = "sessions"
_FORMAT = 1
_MAX_MANIFEST_BYTES = 100_000
_FETCHING = ".fetching-"
_REMEDY = "fetch the session again with `rorq download RANGE`, or `rorq cache upload --replace` it"
_AT_ONCE = 8  # sessions under way
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})\.([0-9a-f]{64})\.([0-9a-f]{16})\.json")

_logger = logging.getLogger("rorq")

OnSession = Callable[[int, int], object]  # told how many sessions are done, and of how many


@dataclass(frozen=True, kw_only=True, order=True)
class Held:
    """A session as the bucket's listing tells of it; of one day the greatest counts."""

    changed_seconds: float  # since 1970, by the server's clock
    name: str  # of the manifest

    @property
    def fingerprint(self) -> str:
        """As `session_fingerprint` of its files."""
        return self.name.split(".")[1]

    @property
    def signature(self) -> str:
        """What differs whenever a file does."""
        return self.name.split(".")[2]


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """The folder of a cache that is kept in a bucket."""

    folder: Path
    address: str

    @cached_property
    def store(self) -> "ObjectStore":
        """The bucket."""
        from strategy.market_data.object_store import ObjectStore

        return ObjectStore(self.address)

    def held(self, ticker: str) -> dict[date, Held]:
        """The sessions of the bucket, by date; nothing is fetched.

        Raises:
            BucketError: the bucket cannot be listed.
        """
        return {day: max(all_of_it) for day, all_of_it in sorted(self._all_held(ticker).items())}

    def source(self, ticker: str, day: date) -> str:
        """Source that the bucket's session of a day states."""
        manifest = self._manifest(ticker, self.held(ticker)[day])
        return str(manifest["source"]) if manifest else ""

    def refresh(self, ticker: str, on_session: OnSession | None = None) -> None:
        """Make the ticker's sessions here those of the bucket.

        What is there is not fetched again, so that an interrupted call is continued by the next
        one. Sessions that were written here and did not reach the bucket are put there first.
        A session whose objects are absent or altered comes without them, and is told: who reads
        it says which file it lacks.

        Raises:
            BucketError: the bucket is not there, cannot be reached, or refuses.
            CacheError: the folder cannot be written to.
        """
        folder = ticker_folder(self.folder, ticker)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / ".refresh.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._refresh(ticker, on_session or (lambda _done, _total: None))
        except OSError as error:
            raise CacheError(
                f"{folder} cannot be written to ({error.strerror})",
                expected="a folder with free space for a copy of the bucket's sessions",
                remedy="make room or correct its permissions",
            ) from None

    def upload(self, ticker: str, day: date, folder: Path | None = None) -> None:
        """Put a session of this folder, or of another one, into the bucket in place of its own.

        Raises:
            BucketError: as `refresh`.
            CorruptFileError: the session lacks a file.
        """
        source = folder or session_folder(self.folder, ticker, day)
        states = _states(source)
        lacking = [name for name in FILE_SCHEMAS if name not in states]
        if lacking:
            raise CorruptFileError(
                f"session {ticker} {day} lacks {', '.join(lacking)} in {source}",
                expected="three files in a session",
                remedy=FETCH_AGAIN,
            )
        files = {name: (source / name).read_bytes() for name in states}
        hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        manifest = {
            "format": _FORMAT,
            "source": session_source(source),
            "files": {
                name: {"sha256": hashes[name], "bytes": len(data)} for name, data in files.items()
            },
        }
        text = json.dumps(manifest, sort_keys=True, indent=1).encode()
        name = f"{day}.{combine_file_hashes(hashes)}.{_digest(text)}.json"
        replaced = [held for held in self._all_held(ticker).get(day, ()) if held.name != name]
        for file, data in files.items():
            self.store.put(_object_key(ticker, day, file, hashes[file]), data)
        self.store.put(f"{ticker}/{_MANIFESTS}/{name}", text)
        self._remove(ticker, day, replaced)  # what another writer put meanwhile stays
        if folder is None:
            with folder_lock(source.parent):
                if _states(source) == states:
                    _mark(source, name, states, is_whole=True)

    def upload_all(
        self, ticker: str, cache_dir: Path, *, replace: bool, on_session: OnSession
    ) -> int:
        """Put the ticker's sessions of a cache on disk into the bucket; gives how many.

        Args:
            ticker: The underlying.
            cache_dir: The cache on disk.
            replace: Whether sessions that the bucket holds are put there too.
            on_session: Told how many sessions are put, and of how many.

        Raises:
            BucketError: as `refresh`.
            CorruptFileError: a session lacks a file.
        """
        held = {} if replace else self.held(ticker)
        days = [day for day in list_sessions(cache_dir, ticker) if day not in held]

        def put(day: date) -> None:
            self.upload(ticker, day, session_folder(cache_dir, ticker, day))

        _at_once(put, days, on_session)
        return len(days)

    def forget(self, ticker: str, day: date) -> None:
        """Remove a session from the bucket.

        Raises:
            BucketError: as `refresh`.
        """
        self._remove(ticker, day, self._all_held(ticker).get(day, ()))

    def _refresh(self, ticker: str, on_session: OnSession) -> None:
        for dead in ticker_folder(self.folder, ticker).glob(f".*{_FETCHING}*"):
            shutil.rmtree(dead, ignore_errors=True)
        self._upload_pending(ticker)
        held = self.held(ticker)
        for day in set(list_sessions(self.folder, ticker)) - set(held):
            self._drop(ticker, day)
        wanted = [day for day, one in held.items() if not self._is_same(ticker, day, one)]
        _at_once(lambda day: self._fetch(ticker, day, held[day]), wanted, on_session)

    def _upload_pending(self, ticker: str) -> None:
        """Put what an earlier process wrote here, and could not put; a real session stays."""
        pending = [day for day in list_sessions(self.folder, ticker) if self._is_own(ticker, day)]
        held = self.held(ticker) if pending else {}
        for day in pending:
            folder = session_folder(self.folder, ticker, day)
            if day in held and session_source(folder) == SYNTHETIC != self.source(ticker, day):
                self._drop(ticker, day)
            else:
                self.upload(ticker, day)

    def _fetch(self, ticker: str, day: date, held: Held) -> None:
        final = session_folder(self.folder, ticker, day)
        fetching = Path(tempfile.mkdtemp(prefix=f".{day}{_FETCHING}", dir=final.parent))
        try:
            fetching.chmod(0o755)
            faults = self._fill(fetching, ticker, day, held)
            newer = self.held(ticker).get(day) if faults else None
            if newer is not None and newer.name != held.name:  # replaced after it was listed
                return self._fetch(ticker, day, newer)
            for fault in faults:
                name = f"{self.address}/{ticker}/{_MANIFESTS}/{held.name}"
                _logger.warning("%s %s; %s", name, fault, _REMEDY)
            _mark(fetching, held.name, _states(fetching), is_whole=not faults)
            with folder_lock(final.parent), moved_aside(final):
                fetching.rename(final)
        finally:
            shutil.rmtree(fetching, ignore_errors=True)

    def _fill(self, folder: Path, ticker: str, day: date, held: Held) -> list[str]:
        """Put the files that a manifest names into a folder; what is wrong with the others."""
        manifest = self._manifest(ticker, held)
        if manifest is None:
            return ["is absent or altered"]
        faults = []
        for name in (*FILE_SCHEMAS, QUOTES_FILE):
            stated = manifest["files"].get(name)
            if stated is None:
                continue
            key = _object_key(ticker, day, name, stated["sha256"])
            data = self.store.get(key, max_bytes=stated["bytes"])
            if data is not None and hashlib.sha256(data).hexdigest() == stated["sha256"]:
                (folder / name).write_bytes(data)
            else:
                faults.append(f"names {key}, which is {'absent' if data is None else 'altered'}")
        return faults

    def _is_same(self, ticker: str, day: date, held: Held) -> bool:
        """Whether a session here is what the listing tells, unharmed."""
        folder = session_folder(self.folder, ticker, day)
        marker = read_marker(folder)
        return bool(
            marker.get("manifest") == held.name
            and marker["is_whole"]
            and _states(folder) == marker["files"]
        )

    def _is_own(self, ticker: str, day: date) -> bool:
        """Whether a session was written here, or its quotes were, and are not in the bucket."""
        folder = session_folder(self.folder, ticker, day)
        states, marker = _states(folder), read_marker(folder)
        if not marker:
            return set(FILE_SCHEMAS) <= set(states) and not (folder / MARKER_FILE).exists()
        known = {**marker["files"], QUOTES_FILE: states.get(QUOTES_FILE)}
        is_quoted = QUOTES_FILE in states and known == states != marker["files"]
        return is_quoted and bool(marker["is_whole"])

    def _all_held(self, ticker: str) -> dict[date, list[Held]]:
        held: dict[date, list[Held]] = {}
        for listed in self.store.objects(f"{ticker}/{_MANIFESTS}"):
            found = _NAME.fullmatch(listed.name)
            day = date_or_none(found.group(1)) if found else None
            if day is not None:
                one = Held(changed_seconds=listed.changed_seconds, name=listed.name)
                held.setdefault(day, []).append(one)
        return held

    def _manifest(self, ticker: str, held: Held) -> dict[str, Any] | None:
        """What a manifest says; None where it is absent, altered, or not of this format."""
        key = f"{ticker}/{_MANIFESTS}/{held.name}"
        text = self.store.get(key, max_bytes=_MAX_MANIFEST_BYTES)
        if text is None or _digest(text) != held.signature:
            return None
        manifest: dict[str, Any] = json.loads(text)
        return manifest if manifest.get("format") == _FORMAT else None

    def _remove(self, ticker: str, day: date, doomed: Sequence[Held]) -> None:
        """Remove manifests of a day, and the objects that no other manifest of it names."""
        if not doomed:
            return
        named = {key for held in doomed for key in self._objects_of(ticker, day, held)}
        for held in doomed:
            self.store.delete(f"{ticker}/{_MANIFESTS}/{held.name}")
        left = self._all_held(ticker).get(day, ())
        spared = {key for held in left for key in self._objects_of(ticker, day, held)}
        for key in named - spared:
            self.store.delete(key)

    def _objects_of(self, ticker: str, day: date, held: Held) -> set[str]:
        manifest = self._manifest(ticker, held)
        files = manifest["files"] if manifest else {}
        return {_object_key(ticker, day, name, files[name]["sha256"]) for name in files}

    def _drop(self, ticker: str, day: date) -> None:
        folder = session_folder(self.folder, ticker, day)
        with folder_lock(folder.parent), moved_aside(folder):
            pass


def mirror_of(cache_dir: Path | str) -> Mirror | None:
    """The mirror that a folder is; None for a cache on disk."""
    try:
        address = (Path(cache_dir) / _ADDRESS_FILE).read_text(encoding="utf-8")
    except OSError:
        return None
    return Mirror(folder=Path(cache_dir), address=address)


def make_mirror(folder: Path, address: str) -> Mirror:
    """The mirror of a bucket in a folder, which is made where it is absent."""
    known = mirror_of(folder)
    if known is None or known.address != address:
        with written_whole(folder / _ADDRESS_FILE) as beside:
            beside.write_text(address, encoding="utf-8")
    return Mirror(folder=folder, address=address)


def read_marker(folder: Path) -> dict[str, Any]:
    """What is noted in a session's folder of where it comes from; empty on disk, or damaged."""
    try:
        marker = json.loads((folder / MARKER_FILE).read_bytes())
        return {name: marker[name] for name in ("manifest", "files", "is_whole")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def is_partial(folder: Path) -> bool:
    """Whether a session came from the bucket without some of its files."""
    marker = read_marker(folder)
    return bool(marker) and not marker["is_whole"]


def marked_signature(folder: Path) -> str | None:
    """The signature of a session that is as the bucket has it; None for any other."""
    marker = read_marker(folder)
    if not marker or is_partial(folder) or _states(folder) != marker["files"]:
        return None
    return Held(changed_seconds=0, name=marker["manifest"]).signature


def _mark(folder: Path, manifest: str, states: Mapping[str, list[int]], *, is_whole: bool) -> None:
    marker = {"manifest": manifest, "files": states, "is_whole": is_whole}
    with written_whole(folder / MARKER_FILE) as beside:
        beside.write_text(json.dumps(marker), encoding="utf-8")


def _states(folder: Path) -> dict[str, list[int]]:
    """Size and time of change of each file of a session that is there."""
    states = {}
    for name in (*FILE_SCHEMAS, QUOTES_FILE):
        try:
            found = (folder / name).stat()
        except OSError:
            continue
        states[name] = [found.st_size, found.st_mtime_ns]
    return states


def _at_once(work: Callable[[date], None], days: Sequence[date], on_session: OnSession) -> None:
    """Go through sessions, several at once; the first error ends it, with what is under way."""
    pool = ThreadPoolExecutor(_AT_ONCE, "rorq-bucket")
    try:
        under_way = [pool.submit(work, day) for day in days]
        for done, future in enumerate(as_completed(under_way), start=1):
            future.result()
            on_session(done, len(days))
    finally:
        pool.shutdown(cancel_futures=True)


def _object_key(ticker: str, day: date, name: str, sha256: str) -> str:
    stem, _, suffix = name.partition(".")
    return f"{ticker}/{day}/{stem}-{sha256}.{suffix}"


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:16]
