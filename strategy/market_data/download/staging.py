"""What is kept between interrupted runs: a session's answers so far, and days without data.

`<cache>/<ticker>/.download/<date>/` holds one Parquet file an answer, each there whole or not at
all; an empty one says that the provider has nothing. The folder goes when the session is written.
"""

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from strategy.market_data.layout import ticker_folder
from strategy.whole_file import written_whole

_FOLDER = ".download"
_EMPTY_DAYS = "empty_days.json"


class Staging:
    """The answers of one session so far."""

    def __init__(self, folder: Path) -> None:
        """Take the session's folder, made where it is absent."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def load(self, name: str, schema: pa.Schema) -> pa.Table | None:
        """Return a stored answer; None where there is none that can be read."""
        try:
            table = pq.read_table(self._path(name))
        except (OSError, pa.ArrowException):
            return None
        return table if table.schema.equals(schema) else None

    def store(self, name: str, table: pa.Table) -> None:
        """Keep an answer."""
        with written_whole(self._path(name)) as beside:
            pq.write_table(table, beside)

    @property
    def is_removed(self) -> bool:
        """Whether nothing is left to continue with."""
        return not self._folder.exists()

    def remove(self) -> None:
        """Forget all answers; the session is in the cache."""
        shutil.rmtree(self._folder)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name.replace(':', '_').replace('/', '_')}.parquet"


@contextmanager
def staging_of(
    cache_dir: Path | str, ticker: str, day: date, *, wait: bool, folder_name: str = _FOLDER
) -> Iterator[Staging | None]:
    """Hold a session's staging alone, in a folder beside the sessions.

    Yields None if another process holds it and `wait` is false.
    """
    folder = ticker_folder(cache_dir, ticker) / folder_name
    folder.mkdir(parents=True, exist_ok=True)
    lock_file = folder / f"{day.isoformat()}.lock"
    with lock_file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield None
        else:
            staging = Staging(folder / day.isoformat())
            yield staging
            # Who waits for the removed file finds the session in the cache.
            if staging.is_removed:
                lock_file.unlink(missing_ok=True)


class EmptyDays:
    """Days for which the provider has nothing, remembered in the cache."""

    def __init__(self, cache_dir: Path | str, ticker: str) -> None:
        """Take the ticker's folder; nothing is made yet."""
        self._folder = ticker_folder(cache_dir, ticker) / _FOLDER

    def load(self) -> dict[date, str]:
        """Return the days with what was missing; a file that cannot be read counts as none."""
        try:
            stored = json.loads((self._folder / _EMPTY_DAYS).read_text(encoding="utf-8"))
            return {date.fromisoformat(day): str(what) for day, what in stored.items()}
        except (OSError, ValueError, AttributeError):
            return {}

    def add(self, day: date, what: str) -> None:
        """Remember one day more."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{_EMPTY_DAYS}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            days = {**self.load(), day: what}
            text = json.dumps({d.isoformat(): days[d] for d in sorted(days)}, indent=1)
            with written_whole(self._folder / _EMPTY_DAYS) as beside:
                beside.write_text(text, encoding="utf-8")
