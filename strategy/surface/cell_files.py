"""Month cells as files: computed once, and again only where something they depend on has changed.

`FOLDER/TICKER/IDENTITY/2023-01.cells` holds the sessions of one month that were ever asked for;
the identity is a hash of search space, fixed parameters and engine version. A session is computed
again if its data fingerprint is another. A file appears whole or not at all; one that is damaged
or lacks a session is completed by computing. The folder may be removed at any time; it is kept
below a size, the identities used longest ago go first.

A file is a zip archive, whose checksums guard against damage, of zstd-compressed arrays: a session
of the seed's space takes about 0.3 MB of 6 MB.
"""

import hashlib
import io
import json
import logging
import os
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from strategy.backtest import ENGINE_VERSION
from strategy.derived_files import DAMAGE, keep_below, mark_used
from strategy.errors import SessionChangedError
from strategy.session import SessionData
from strategy.surface.cells import SessionCell, make_session_cell
from strategy.surface.compute import SurfacePlan
from strategy.whole_file import written_whole

FORMAT_VERSION = 1
MAX_FOLDER_BYTES = 4 * 1024**3  # a decade of the seed's space takes 0.4 GiB
_CODEC = pa.Codec("zstd", compression_level=3)
_PLAIN = ("ticker", "date", "fingerprint", "source")
_ARRAYS = tuple(field.name for field in fields(SessionCell) if field.name not in _PLAIN)
_HEADER = "header.json"
_PackedCell = tuple[dict[str, Any], dict[str, bytes]]  # header and arrays
Complete = Callable[["CellStore", str, Mapping[date, str]], None]
_logger = logging.getLogger("rorq")


class CellStore:
    """The month cells of one plan in a folder; any number of processes may use it at once."""

    def __init__(
        self, folder: Path | str, plan: SurfacePlan, complete: "Complete | None" = None
    ) -> None:
        self.plan = plan
        self._folder = Path(folder)
        self._identity = plan_identity(plan)
        self._complete = complete  # makes absent cells elsewhere, before they are read

    def months(
        self,
        ticker: str,
        fingerprints: Mapping[date, str],
        load: Callable[[date], SessionData],
        *,
        workers: int | None = None,
    ) -> Iterator[tuple[str, list[SessionCell]]]:
        """Give each month, as 2023-01, with the cells of its sessions, in order.

        Args:
            ticker: The underlying.
            fingerprints: The data fingerprint of each session that is wanted.
            load: Called, from several threads, for the sessions that have to be computed.
            workers: Threads, by default one a core.
        """
        if self._complete is not None:  # now, in the caller's thread: it may be interrupted there
            self._complete(self, ticker, fingerprints)
        return self._months(ticker, fingerprints, load, workers)

    def absent(self, ticker: str, fingerprints: Mapping[date, str]) -> dict[str, list[date]]:
        """Return the sessions without a cell of just this data, by month, in order."""
        absent = {}
        for month, days in groupby(sorted(fingerprints), key=month_of):
            kept = _kept_fingerprints(self._path(ticker, month))
            if lacking := [day for day in days if kept.get(day) != fingerprints[day]]:
                absent[month] = lacking
        return absent

    def add(self, ticker: str, data: bytes) -> None:
        """Keep the cells of one month that `file_of_cells` packed, beside those of other days.

        Raises:
            OSError: nothing can be written.
        """
        new = _read_packed(io.BytesIO(data))
        path = self._path(ticker, month_of(date.fromisoformat(new[0][0]["date"])))
        try:
            kept = _read_packed(path)
        except DAMAGE:
            kept = []
        cells = {header["date"]: (header, arrays) for header, arrays in kept + new}
        with written_whole(path) as beside:
            _write_packed(beside, [cells[day] for day in sorted(cells)])

    def of_sessions(
        self, sessions: Sequence[SessionData], *, workers: int | None = None
    ) -> "RangeCells":
        """The cells of sessions of one ticker, in order."""
        return RangeCells(self, sessions, workers)

    def _months(
        self,
        ticker: str,
        fingerprints: Mapping[date, str],
        load: Callable[[date], SessionData],
        workers: int | None,
    ) -> Iterator[tuple[str, list[SessionCell]]]:
        mark_used(self._folder / ticker / self._identity)
        with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
            for month, days in groupby(sorted(fingerprints), key=month_of):
                yield month, self._month(ticker, month, list(days), fingerprints, load, pool)

    def _path(self, ticker: str, month: str) -> Path:
        return self._folder / ticker / self._identity / f"{month}.cells"

    def _month(
        self,
        ticker: str,
        month: str,
        days: list[date],
        fingerprints: Mapping[date, str],
        load: Callable[[date], SessionData],
        pool: ThreadPoolExecutor,
    ) -> list[SessionCell]:
        path = self._path(ticker, month)
        kept = _read(path, pool)
        absent = [d for d in days if d not in kept or kept[d].fingerprint != fingerprints[d]]
        if absent:
            made = pool.map(lambda day: self._made(load(day), fingerprints[day]), absent)
            kept |= {cell.date: cell for cell in made}
            try:
                _write(path, [kept[day] for day in sorted(kept)], pool)
                keep_below(self._folder, MAX_FOLDER_BYTES, spared=path.parent)
            except OSError as error:
                _logger.warning(
                    "%s cannot be written (%s): its sums will be computed again; make room, or "
                    "correct the permissions",
                    path,
                    error.strerror,
                )
        return [kept[day] for day in days]

    def _made(self, session: SessionData, fingerprint: str) -> SessionCell:
        """Evaluate a session that must be of just this data."""
        if session.fingerprint != fingerprint:
            raise SessionChangedError(
                f"session {session.ticker} {session.date} has fingerprint "
                f"{session.fingerprint[:12]}",
                expected=f"{fingerprint[:12]}, with which the work began",
                remedy="let the cache rest, and run the same again",
            )
        return make_session_cell(self.plan, session)


class RangeCells(Collection[SessionCell]):
    """The cells of some sessions, read month by month whenever they are gone through."""

    def __init__(
        self, store: CellStore, sessions: Sequence[SessionData], workers: int | None = None
    ) -> None:
        self.plan = store.plan
        self._store = store
        self._workers = workers
        self._sessions = sessions
        identities = [(session.date, session.fingerprint, session.ticker) for session in sessions]
        self._row = {day: row for row, (day, _, _) in enumerate(identities)}
        self._fingerprints = {day: fingerprint for day, fingerprint, _ in identities}
        self._ticker = identities[0][2] if identities else ""

    def __len__(self) -> int:
        return len(self._row)

    def __iter__(self) -> Iterator[SessionCell]:
        months = self._store.months(
            self._ticker,
            self._fingerprints,
            lambda day: self._sessions[self._row[day]],
            workers=self._workers,
        )
        for _, cells in months:
            yield from cells

    def __contains__(self, cell: object) -> bool:
        return isinstance(cell, SessionCell) and self._fingerprints.get(cell.date) == (
            cell.fingerprint
        )


def month_of(day: date) -> str:
    """Return the calendar month as 2023-01."""
    return f"{day:%Y-%m}"


def plan_identity(plan: SurfacePlan) -> str:
    """Twelve hexadecimal digits of all that a cell depends on, besides its session's data."""
    identity = {
        "format": FORMAT_VERSION,
        "engine_version": ENGINE_VERSION,
        "dimensions": plan.space.to_json_dict(),
        "fixed_params": plan.fixed_params,
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]


def file_of_cells(cells: Iterable[SessionCell]) -> bytes:
    """Return a whole file of cells, as `CellStore.add` takes it."""
    file = io.BytesIO()
    _write_packed(file, [(_header(cell), _packed(cell)) for cell in cells])
    return file.getvalue()


def _write(path: Path, cells: list[SessionCell], pool: ThreadPoolExecutor) -> None:
    packed = pool.map(lambda cell: (_header(cell), _packed(cell)), cells)
    with written_whole(path) as beside:
        _write_packed(beside, list(packed))


def _write_packed(file: Path | BinaryIO, cells: Sequence[_PackedCell]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(_HEADER, json.dumps([header for header, _ in cells]))
        for number, (_, arrays) in enumerate(cells):
            for name, data in arrays.items():
                archive.writestr(f"{number}/{name}", data)


def _read(path: Path, pool: ThreadPoolExecutor) -> dict[date, SessionCell]:
    """Return what a file holds; nothing where it is absent or damaged."""
    try:
        cells = list(pool.map(lambda packed: _unpacked(*packed), _read_packed(path)))
    except DAMAGE:
        return {}
    return {cell.date: cell for cell in cells}


def _read_packed(file: Path | BinaryIO) -> list[_PackedCell]:
    with zipfile.ZipFile(file) as archive:
        headers = json.loads(archive.read(_HEADER))
        return [
            (header, {name: archive.read(f"{number}/{name}") for name in _ARRAYS})
            for number, header in enumerate(headers)
        ]


def _kept_fingerprints(path: Path) -> dict[date, str]:
    """Of the sessions in a file; nothing where it is absent or damaged."""
    try:
        headers = [header for header, _ in _read_packed(path)]
        return {date.fromisoformat(one["date"]): one["fingerprint"] for one in headers}
    except DAMAGE:
        return {}


def _header(cell: SessionCell) -> dict[str, Any]:
    arrays = {name: getattr(cell, name) for name in _ARRAYS}
    return {
        **{name: str(getattr(cell, name)) for name in _PLAIN},
        "arrays": {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()},
    }


def _packed(cell: SessionCell) -> dict[str, bytes]:
    return {
        name: _CODEC.compress(np.ascontiguousarray(getattr(cell, name)).data, asbytes=True)
        for name in _ARRAYS
    }


def _unpacked(header: Mapping[str, Any], packed: Mapping[str, bytes]) -> SessionCell:
    values: dict[str, Any] = {name: header[name] for name in _PLAIN}
    values["date"] = date.fromisoformat(header["date"])
    for name, (dtype, shape) in header["arrays"].items():
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        data = _CODEC.decompress(packed[name], decompressed_size=size) if size else b""
        values[name] = np.frombuffer(data, dtype).reshape(shape)
    return SessionCell(**values)
