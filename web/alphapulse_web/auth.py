"""Who asks: the bearer of a key, or a browser with a session that a key has opened."""

from __future__ import annotations

from typing import Literal

import attrs

from alphapulse.data.roles import Role
from alphapulse_web.errors import ApiError
from alphapulse_web.failures import FailureLimit
from alphapulse_web.instants import NS_PER_S
from alphapulse_web.keys import Key, KeyRing, digest_of
from alphapulse_web.sessions import ABSOLUTE_S, Sessions

MAX_KNOWN = 1_000


@attrs.frozen(kw_only=True)
class Caller:
    """Somebody who is logged in. `actor` is the name of the key; a browser's session ends at `expires_ns` at last."""

    kind: Literal["browser", "bearer"]
    actor: str
    role: Role
    key_id: str
    peer: str
    session: str | None = None
    expires_ns: int | None = None

    @property
    def identity(self) -> str:
        """What requests are counted by: the session, or the key."""
        return self.session or self.key_id


class Authenticator:
    """Judges keys and cookies. An address that was wrong too often is heard again only after a while.

    What was right from an address once is not judged again but known, so that somebody else's guesses from the same
    address (on one machine all have the same) do not lock its owner out.
    """

    def __init__(self, ring: KeyRing, sessions: Sessions, failures: FailureLimit, *, secure: bool) -> None:
        self._ring = ring
        self._sessions = sessions
        self._failures = failures
        self._known: dict[tuple[str, str], None] = {}
        # The prefix makes the browser refuse a cookie that another host or plain HTTP has set.
        self.cookie_name = "__Host-alphapulse" if secure else "alphapulse"

    def caller(
        self, authorization: str | None, cookie: str | None, peer: str, *, always: bool = False
    ) -> Caller | None:
        """Who asks, or None. A key that is wrong is not made good by a cookie. `always`: however often it was wrong.

        Raises:
            ApiError: 429, the address was wrong too often; nothing was judged.
        """
        shown = cookie if authorization is None else authorization
        if shown is None:
            return None
        mark = peer, digest_of(shown)
        if not always and mark not in self._known and (wait_s := self._failures.wait_s(peer)):
            raise too_many_failures(wait_s)
        found = self._browser(shown, peer) if authorization is None else self._bearer(authorization, peer)
        if found is not None:
            self._know(mark)
            return found
        self._known.pop(mark, None)
        if authorization is not None or not self._sessions.was_there(digest_of(shown)):
            self._failures.failed(peer)
        return None

    def is_good(self, caller: Caller) -> bool:
        """True if neither the key nor the session has ended since; a session is used by this."""
        key = self._ring.by_id(caller.key_id)
        if key is None or key.role is not caller.role:
            return False
        return caller.session is None or self._sessions.use(caller.session) is not None

    def _bearer(self, authorization: str, peer: str) -> Caller | None:
        scheme, _, text = authorization.partition(" ")
        key = self._ring.find(text.strip()) if scheme.lower() == "bearer" else None
        return None if key is None else caller_of(key, peer)

    def _browser(self, cookie: str, peer: str) -> Caller | None:
        session = self._sessions.use(digest_of(cookie))
        key = None if session is None else self._ring.by_id(session.key_id)
        if session is None or key is None:
            return None
        expires_ns = session.opened_ns + ABSOLUTE_S * NS_PER_S
        return attrs.evolve(caller_of(key, peer), kind="browser", session=session.digest, expires_ns=expires_ns)

    def _know(self, mark: tuple[str, str]) -> None:
        self._known.pop(mark, None)
        self._known[mark] = None
        while len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]


def caller_of(key: Key, peer: str) -> Caller:
    """The bearer of a key."""
    return Caller(kind="bearer", actor=key.name, role=key.role, key_id=key.id, peer=peer)


def too_many_failures(wait_s: int) -> ApiError:
    """The address was wrong too often."""
    message = f"expected fewer wrong keys and codes from this address; wait {wait_s} s (stopping is always possible)"
    return ApiError(429, "too_many_failures", message, {"retry_after_s": wait_s})
