"""Driver: the one connection through which a run writes its study, with the study's lock.

The advisory lock lives and dies with this connection, so a run that has lost the lock cannot
write. Transactions are retried with growing pauses while the server is away. What a transaction
does is given by the caller and must be able to run again: its commit may have been lost on the
way back.

A turn is the same lock without a study: work that must not run twice at once waits for the one
before. Since locks die with their connection, no ended process keeps others waiting.
"""

import hashlib
import math
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg2
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from optimize.database.connect import DatabaseSettings, open_engine, revive
from optimize.database.disk import full_disk
from strategy.errors import (
    DatabaseError,
    DatabaseLostError,
    StudyBusyError,
    StudyInterruptedError,
)

T = TypeVar("T")

PATIENCE_SECONDS = 300.0  # how long a server may be away
QUIET_SECONDS = 2.0  # how long without a word: one of our own is back by then
PATIENCE_ON_STOP_SECONDS = 10.0  # the same once the run is asked to stop
RELOCK_SECONDS = 30.0  # for the server to notice that our former connection is gone
_PAUSES_SECONDS = (0.1, 10.0)  # first and longest pause between attempts
_POLL_SECONDS = 0.25  # between attempts at a lock that another run holds
_KEEPALIVE = "tcp_keepalives_idle=30", "tcp_keepalives_interval=10", "tcp_keepalives_count=3"
_HOLDERS = """
SELECT a.application_name, a.client_addr, a.backend_start
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.pid <> pg_backend_pid() AND l.objsubid = 1
AND l.classid::bigint = (:key >> 32) & 4294967295 AND l.objid::bigint = :key & 4294967295"""


def lock_key(kind: str, name: str) -> int:
    """The number of an advisory lock: 63 bits of SHA-256 over kind and name."""
    digest = hashlib.sha256(f"rorq {kind} {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def tell_nobody(line: str) -> None:
    """Keep a wait to oneself."""


def worker_name() -> str:
    """Who this process is, for claims and for the server's list of connections."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Driver:
    """A lasting right to write one study.

    Args:
        settings: Where to connect; a server of our own is started again if it is gone.
        study_name: What to lock.
        shared: Lock beside other shared runs instead of alone.
        lock_wait_seconds: How long to wait for another run at first.
        patience_seconds: How long the server may be away later.
        stop: Ends a wait for the lock, and shortens the patience, once set.
        tell: Called with a line that says for what is waited: once for each holder of the lock, and
            once each time that the server is away for longer than a moment.
        kind: What is locked, "study" or "turn".
    """

    def __init__(
        self,
        settings: DatabaseSettings,
        study_name: str,
        *,
        shared: bool = False,
        lock_wait_seconds: float = 0.0,
        patience_seconds: float = PATIENCE_SECONDS,
        stop: threading.Event | None = None,
        tell: Callable[[str], None] = tell_nobody,
        kind: str = "study",
    ) -> None:
        self.study_name = study_name
        self.shared = shared
        self.owner = secrets.randbits(62) + 1  # the number under which this run claims
        self.n_reconnects = 0
        self._settings = settings
        self._patience_seconds = patience_seconds
        self._stop = stop or threading.Event()
        self._told_lost_at: float | None = None
        self._turn = threading.Lock()  # the connection serves one thread at a time
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        self._tell = tell
        self._kind = kind
        self._what = (
            f"study {study_name}"
            if kind == "study"
            else f"its turn (one of the {study_name} at a time)"
        )
        self._connect_first(lock_wait_seconds)

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that holds; run it again if the server went away.

        Raises:
            DatabaseLostError: the server stayed away for longer than the patience.
            ResourceError: its disk is full.
            StudyBusyError: another run took the study while the server was away.
        """
        with self._turn:
            return self._until_it_holds(work)

    def _until_it_holds(self, work: Callable[[Connection], T]) -> T:
        lost_at: float | None = None
        pause, longest = _PAUSES_SECONDS
        while True:
            try:
                if self._connection is None:
                    self._connect(RELOCK_SECONDS)
                    self.n_reconnects += 1
                return self._attempt(work)
            except (DBAPIError, DatabaseError) as error:
                if (full := full_disk(error)) is not None:
                    raise full from None
                if not _may_pass(error):
                    raise
                self._drop()
                lost_at = lost_at or time.monotonic()
                self._check_patience(lost_at, error)
            if self._stop.wait(pause):
                time.sleep(_POLL_SECONDS)
            pause = min(2 * pause, longest)

    def close(self) -> None:
        """Let go of the study."""
        self._drop()

    def _attempt(self, work: Callable[[Connection], T]) -> T:
        assert self._connection is not None  # noqa: S101
        with self._connection.begin():
            return work(self._connection)

    def _connect_first(self, lock_wait_seconds: float) -> None:
        """Connect, and again if the server goes away while the lock is waited for."""
        lost_at: float | None = None
        while True:
            try:
                self._connect(lock_wait_seconds)
            except (DBAPIError, DatabaseError) as error:
                is_first = lost_at is None and not isinstance(error, DBAPIError)
                if is_first or not _may_pass(error):
                    raise
                lost_at = lost_at or time.monotonic()
                self._check_patience(lost_at, error)
                self._stop.wait(_POLL_SECONDS)
            else:
                return

    def _connect(self, lock_wait_seconds: float) -> None:
        self._settings = revive(self._settings)
        self._engine = open_engine(self._settings)
        connection = self._engine.connect()
        try:
            with connection.begin():
                connection.execute(
                    text("SELECT set_config('application_name', :name, false)"),
                    {"name": f"rorq study {worker_name()}"[:63]},
                )
                for setting in _KEEPALIVE:
                    connection.execute(text(f"SET {setting}"))
            self._lock(connection, lock_wait_seconds)
        except BaseException:
            connection.invalidate()  # closes the session, and its locks with it
            self._engine.dispose()
            raise
        self._connection = connection

    def _lock(self, connection: Connection, wait_seconds: float) -> None:
        key = lock_key(self._kind, self.study_name)
        mode = "_shared" if self.shared else ""
        deadline = time.monotonic() + wait_seconds
        told = ""
        while True:
            with connection.begin():
                if connection.scalar(text(f"SELECT pg_try_advisory_lock{mode}(:k)"), {"k": key}):
                    connection.execute(text("SELECT pg_advisory_lock(:k)"), {"k": self.owner})
                    return
                holder = _holder(connection, key)
            if time.monotonic() >= deadline:
                raise StudyBusyError(
                    f"{self._what} is driven by {holder}",
                    expected="one run at a time",
                    remedy="wait for it, stop it, or let both join (--join; in run config shared)",
                )
            if holder != told:
                self._tell(
                    f"waiting for {self._what}: {holder} has it; goes on by itself when that ends, "
                    "Ctrl-C ends the wait"
                )
                told = holder
            if self._stop.wait(_POLL_SECONDS):
                raise StudyInterruptedError(
                    f"stopped on request while waiting for {self._what}: {holder} has it",
                    remedy="run the same command again to go on",
                )

    def _check_patience(self, lost_at: float, error: Exception) -> None:
        stopping = self._stop.is_set()
        patience = PATIENCE_ON_STOP_SECONDS if stopping else self._patience_seconds
        away = time.monotonic() - lost_at
        if away > QUIET_SECONDS and self._told_lost_at != lost_at:
            self._told_lost_at = lost_at
            self._tell(
                f"PostgreSQL is away ({_first_line(error)}): goes on by itself when it answers "
                f"within {patience:.0f} s, Ctrl-C ends the wait"
            )
        if away > patience:
            raise DatabaseLostError(
                f"PostgreSQL has been away for {away:.0f} s ({_first_line(error)})",
                expected=f"an answer within {patience:.0f} s",
                remedy="start the server and run again: the study resumes where it was stored",
            ) from None

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()  # closes the session, and its locks with it
        if self._engine is not None:
            self._engine.dispose()


@contextmanager
def turn(
    settings: DatabaseSettings,
    name: str,
    *,
    stop: threading.Event,
    tell: Callable[[str], None],
) -> Iterator[None]:
    """Have the only turn of this name while the block runs; wait for it without end.

    A turn that is lost with the server is not taken again: the work goes on, at worst beside
    another's.

    Raises:
        StudyInterruptedError: asked to stop while it waited.
        DatabaseError: not reached, or gone for more than five minutes.
    """
    driver = Driver(settings, name, lock_wait_seconds=math.inf, stop=stop, tell=tell, kind="turn")
    try:
        yield
    finally:
        driver.close()


def _holder(connection: Connection, key: int) -> str:
    row = connection.execute(text(_HOLDERS), {"key": key}).first()
    if row is None:
        return "another run"
    place = f" at {row.client_addr}" if row.client_addr else ""
    return f"{row.application_name or 'another client'}{place} since {row.backend_start:%F %T%z}"


def _may_pass(error: Exception) -> bool:
    """Whether the fault lies with the server's presence or with a deadlock, not the statement."""
    if not isinstance(error, DBAPIError):
        return not isinstance(error, DatabaseLostError)
    return error.connection_invalidated or isinstance(
        error.orig, psycopg2.OperationalError | psycopg2.InterfaceError
    )


def _first_line(error: Exception) -> str:
    lines = str(getattr(error, "orig", error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__
