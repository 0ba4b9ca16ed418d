"""Sessions of browsers: whose key opened them, and when they are over."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable

import attrs

from alphapulse.secret import Secret
from alphapulse_web.control_store import ControlStore, StoredSession
from alphapulse_web.errors import StoreError
from alphapulse_web.instants import NS_PER_S
from alphapulse_web.keys import digest_of

ABSOLUTE_S = 12 * 60 * 60
IDLE_S = 15 * 60
SESSION_BYTES = 32
MAX_SESSIONS = 1_000
KEEP_SEEN_NS = 60 * NS_PER_S
"""How often the moment of the last use is written: after a crash a session may be over that much earlier."""

log = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class OpenedSession:
    """A fresh session: its cookie, and its absolute end in ns since 1970 UTC."""

    cookie: Secret
    digest: str
    expires_ns: int


class Sessions:
    """All sessions, over restarts: 12 hours from the log-in, 15 minutes from the last use, 1,000 at most.

    A request uses a session, and so does a page that listens: who watches is not idle. Only digests of the cookies are
    kept. What is over is remembered for a while as one that was there, so that its page is no stranger who guesses.
    """

    def __init__(self, store: ControlStore, now_ns: Callable[[], int]) -> None:
        self._store = store
        self._now_ns = now_ns
        self._open: dict[str, StoredSession] = {}
        self._over: dict[str, None] = {}
        self._unsaved: set[str] = set()

    def restore(self, kept: Iterable[StoredSession]) -> None:
        """What the file held at the start."""
        self._open = {one.digest: one for one in kept} | self._open

    async def open(self, key_id: str) -> OpenedSession:
        """A fresh session, with a fresh id."""
        cookie = Secret(secrets.token_urlsafe(SESSION_BYTES))
        now = self._now_ns()
        session = StoredSession(digest=digest_of(cookie.reveal()), key_id=key_id, opened_ns=now, seen_ns=now)
        self._open[session.digest] = session
        while len(self._open) > MAX_SESSIONS:
            await self.end(next(iter(self._open)))
        await self._keep([session])
        return OpenedSession(cookie=cookie, digest=session.digest, expires_ns=now + ABSOLUTE_S * NS_PER_S)

    def use(self, digest: str) -> StoredSession | None:
        """The session, if it is not over; it is used by this."""
        session = self._open.get(digest)
        if session is None:
            return None
        now = self._now_ns()
        if now >= session.opened_ns + ABSOLUTE_S * NS_PER_S or now >= session.seen_ns + IDLE_S * NS_PER_S:
            self._unsaved.add(digest)
            self._forget(digest)
            return None
        if now >= session.seen_ns + KEEP_SEEN_NS:
            self._unsaved.add(digest)
        self._open[digest] = session = attrs.evolve(session, seen_ns=max(now, session.seen_ns))
        return session

    def was_there(self, digest: str) -> bool:
        """True if the session is one that is over."""
        return digest in self._over

    async def end(self, digest: str) -> None:
        """End a session before its time, on the disk too."""
        self._forget(digest)
        self._unsaved.discard(digest)
        try:
            await self._store.forget_sessions([digest])
        except StoreError:
            # It is written again until it succeeds.
            self._unsaved.add(digest)
            log.exception("the end of a session could not be stored yet")

    async def end_of_key(self, key_id: str) -> list[str]:
        """End all sessions that a key has opened; returns which."""
        digests = [digest for digest, session in self._open.items() if session.key_id == key_id]
        for digest in digests:
            await self.end(digest)
        return digests

    async def save(self) -> None:
        """Write what changed since the last time."""
        changed, self._unsaved = self._unsaved, set()
        await self._keep([self._open[digest] for digest in changed if digest in self._open])
        try:
            if over := [digest for digest in changed if digest not in self._open]:
                await self._store.forget_sessions(over)
        except StoreError:
            self._unsaved |= changed
            log.exception("the end of a session could not be stored yet")

    def _forget(self, digest: str) -> None:
        if self._open.pop(digest, None) is not None:
            self._over[digest] = None
        while len(self._over) > MAX_SESSIONS:
            del self._over[next(iter(self._over))]

    async def _keep(self, sessions: list[StoredSession]) -> None:
        try:
            if sessions:
                await self._store.keep_sessions(sessions)
        except StoreError:
            log.exception("sessions could not be stored; a restart may end them")
