"""What the control plane must not forget: replies by idempotency key, and browser sessions. A small SQLite file."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import attrs
import trio

from alphapulse.journal.blocking import RunBlocking
from alphapulse_web.errors import StoreError

FILE = "control.sqlite"
IN_MEMORY = Path(":memory:")
BUSY_S = 2.0
TABLES = """
CREATE TABLE IF NOT EXISTS reply (
    owner TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, born_ns INTEGER NOT NULL,
    status INTEGER, body BLOB, PRIMARY KEY (owner, key)
) STRICT;
CREATE TABLE IF NOT EXISTS session (
    digest TEXT PRIMARY KEY, key_id TEXT NOT NULL, opened_ns INTEGER NOT NULL, seen_ns INTEGER NOT NULL
) STRICT;
"""

log = logging.getLogger(__name__)
T = TypeVar("T")


@attrs.frozen(kw_only=True)
class StoredReply:
    """A request that was begun, and its reply once there is one. `born_ns` is since 1970 UTC."""

    owner: str
    key: str
    fingerprint: bytes = attrs.field(repr=False)
    born_ns: int
    status: int | None = None
    body: bytes | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class StoredSession:
    """A session: the digest of its cookie, whose key opened it, and when it was used last (ns since 1970 UTC)."""

    digest: str = attrs.field(repr=False)
    key_id: str
    opened_ns: int
    seen_ns: int


class ControlStore:
    """The file, mode 0600, synced at each change. Every method blocks elsewhere and raises StoreError if it fails.

    A file that is no database is set aside and begun anew: what it promised for 24 hours is then lost, and the log
    says so. Whoever stops trading never waits for this file.
    """

    def __init__(self, path: Path, run_blocking: RunBlocking) -> None:
        self._path = path
        self._run_blocking = run_blocking
        self._connection: sqlite3.Connection | None = None
        self._turn = trio.Lock()
        # A thread of its own, so that a disk that hangs takes only one from the others.
        self._limiter = trio.CapacityLimiter(1)

    async def load(self) -> tuple[list[StoredReply], list[StoredSession]]:
        """Everything that is kept, oldest first."""

        def read(connection: sqlite3.Connection) -> tuple[list[StoredReply], list[StoredSession]]:
            replies = connection.execute(
                "SELECT owner, key, fingerprint, born_ns, status, body FROM reply ORDER BY born_ns"
            )
            sessions = connection.execute("SELECT digest, key_id, opened_ns, seen_ns FROM session ORDER BY opened_ns")
            return (
                [
                    StoredReply(owner=owner, key=key, fingerprint=mark, born_ns=born, status=status, body=body)
                    for owner, key, mark, born, status, body in replies
                ],
                [
                    StoredSession(digest=digest, key_id=key_id, opened_ns=opened, seen_ns=seen)
                    for digest, key_id, opened, seen in sessions
                ],
            )

        return await self._do(read)

    async def keep_reply(self, reply: StoredReply) -> None:
        """Have it on the disk, in the place of what was kept under its key."""
        row = (reply.owner, reply.key, reply.fingerprint, reply.born_ns, reply.status, reply.body)
        await self._do(lambda connection: connection.execute("REPLACE INTO reply VALUES (?, ?, ?, ?, ?, ?)", row))

    async def forget_replies(self, slots: Iterable[tuple[str, str]]) -> None:
        """Forget what is kept under these owners and keys."""
        rows = list(slots)
        await self._do(lambda one: one.executemany("DELETE FROM reply WHERE owner = ? AND key = ?", rows))

    async def keep_sessions(self, sessions: Iterable[StoredSession]) -> None:
        """Have them on the disk as they are."""
        rows = [(one.digest, one.key_id, one.opened_ns, one.seen_ns) for one in sessions]
        await self._do(lambda one: one.executemany("REPLACE INTO session VALUES (?, ?, ?, ?)", rows))

    async def forget_sessions(self, digests: Iterable[str]) -> None:
        """Forget these sessions."""
        rows = [(digest,) for digest in digests]
        await self._do(lambda one: one.executemany("DELETE FROM session WHERE digest = ?", rows))

    async def aclose(self) -> None:
        """Close the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def _do(self, act: Callable[[sqlite3.Connection], T]) -> T:
        async with self._turn:
            try:
                return await self._run_blocking(self._transact, act, limiter=self._limiter)
            except (sqlite3.Error, OSError) as error:
                raise StoreError(f"{self._path}: expected to be written, found: {error}; is the disk full?") from error

    def _transact(self, act: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._connection or self._open()
        self._connection = connection
        try:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                return act(connection)
        except sqlite3.Error:
            self._connection = None
            with suppress(sqlite3.Error):
                connection.close()
            raise

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            # A full disk or a lock is an OperationalError: nothing is wrong with the file then.
            if isinstance(error, sqlite3.OperationalError):
                raise
            log.exception("%s is no database and is set aside: its replies and sessions are lost", self._path)
            self._path.replace(self._path.with_suffix(".broken"))
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        if self._path != IN_MEMORY:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(TABLES)
        except sqlite3.Error:
            connection.close()
            raise
        return connection
