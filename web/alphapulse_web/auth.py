"""Who asks: the bearer of the token, or a browser with a signed session cookie."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from typing import Literal

import attrs

from alphapulse_web.instants import NS_PER_S

SESSION_S = 12 * 60 * 60
MAX_REVOKED = 1_000
COOKIE = re.compile(r"([0-9a-f]{32})\.([0-9]{1,12})\.([0-9a-f]{64})")


@attrs.frozen(kw_only=True)
class Caller:
    """Somebody who is logged in. A browser has a session that ends at `expires_ns` (wall clock)."""

    kind: Literal["browser", "bearer"]
    session: str | None = None
    expires_ns: int | None = None


@attrs.frozen(kw_only=True)
class Session:
    """A fresh session: the cookie's value and when it ends, in ns since 1970 UTC."""

    cookie: str = attrs.field(repr=False)
    expires_ns: int


class Authenticator:
    """Checks tokens and cookies. The cookies' key is derived from the token, so a login survives a restart."""

    def __init__(self, token: str, now_ns: Callable[[], int], *, secure: bool) -> None:
        self._token = token.encode()
        self._key = hmac.digest(self._token, b"alphapulse web session 1", "sha256")
        self._now_ns = now_ns
        self._revoked: dict[str, int] = {}
        # The prefix makes the browser refuse a cookie that another host or plain HTTP has set.
        self.cookie_name = "__Host-alphapulse" if secure else "alphapulse"

    def caller(self, authorization: str | None, cookie: str | None) -> Caller | None:
        """Who asks, or None. A token that is wrong is not made good by a cookie."""
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            right = hmac.compare_digest(token.strip().encode(), self._token)
            return Caller(kind="bearer") if right and scheme.lower() == "bearer" else None
        return None if cookie is None else self._browser(cookie)

    def open_session(self) -> Session:
        """A fresh session of 12 hours."""
        session = secrets.token_hex(16)
        expires_s = self._now_ns() // NS_PER_S + SESSION_S
        cookie = f"{session}.{expires_s}.{self._sign(session, expires_s)}"
        return Session(cookie=cookie, expires_ns=expires_s * NS_PER_S)

    def revoke(self, caller: Caller) -> None:
        """End a browser's session before its time. Kept in memory: a restart forgets it, the cookie itself is gone."""
        if caller.session is None or caller.expires_ns is None:
            return
        now = self._now_ns()
        self._revoked = {session: end for session, end in self._revoked.items() if end > now}
        self._revoked[caller.session] = caller.expires_ns
        while len(self._revoked) > MAX_REVOKED:
            del self._revoked[next(iter(self._revoked))]

    def _browser(self, cookie: str) -> Caller | None:
        match = COOKIE.fullmatch(cookie)
        if match is None:
            return None
        session, expires_s = match[1], int(match[2])
        if not hmac.compare_digest(match[3], self._sign(session, expires_s)):
            return None
        expires_ns = expires_s * NS_PER_S
        if expires_ns <= self._now_ns() or session in self._revoked:
            return None
        return Caller(kind="browser", session=session, expires_ns=expires_ns)

    def _sign(self, session: str, expires_s: int) -> str:
        return hmac.digest(self._key, f"{session}.{expires_s}".encode(), "sha256").hex()
