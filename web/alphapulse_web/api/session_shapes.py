"""Shapes of who asks: sessions, logins, tickets and keys."""

from __future__ import annotations

from typing import Literal

from alphapulse_web.api.schemas import Instant, Shape

RoleWord = Literal["viewer", "operator", "risk", "admin"]


class SessionView(Shape, frozen=True, kw_only=True):
    """Who asks: a browser with a session that ends, or the bearer of a key; `actor` is the key's name."""

    kind: Literal["browser", "bearer"]
    actor: str
    role: RoleWord
    key: str
    expires: Instant | None


class SessionOpened(Shape, frozen=True, kw_only=True):
    """The session is open until then."""

    expires: Instant


class LoginCode(Shape, frozen=True, kw_only=True):
    """A fresh one-time login; `url` carries the code behind `#`, so no server logs it."""

    code: str
    url: str
    expires: Instant


class StreamTicket(Shape, frozen=True, kw_only=True):
    """What a page sends as the first message on its WebSocket; it works once, and not for long."""

    ticket: str
    expires: Instant


class KeyView(Shape, frozen=True, kw_only=True):
    """A key: whose, its id in the audit, and since when."""

    name: str
    role: RoleWord
    key: str
    made: Instant | None


class Keys(Shape, frozen=True, kw_only=True):
    """All keys that are good, the owner's first."""

    keys: list[KeyView]
