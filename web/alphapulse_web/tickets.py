"""Tickets with which a page opens its WebSocket: one use, 30 seconds."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import attrs

from alphapulse.secret import Secret
from alphapulse_web.auth import Caller
from alphapulse_web.instants import NS_PER_S
from alphapulse_web.keys import digest_of

TICKET_BYTES = 32
TICKET_NS = 30 * NS_PER_S
MAX_TICKETS = 1_000
MAX_OF_A_CALLER = 20


@attrs.frozen(kw_only=True)
class Ticket:
    """A ticket of 256 bits and when it ends, in ns since 1970 UTC."""

    text: Secret
    expires_ns: int


class Tickets:
    """Only digests are kept, at most 20 of a caller and 1,000 of all: the oldest goes first."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._issued: dict[str, tuple[Caller, int]] = {}

    def issue(self, caller: Caller) -> Ticket:
        """A fresh ticket: whoever shows it is the caller."""
        ticket = Ticket(text=Secret(secrets.token_urlsafe(TICKET_BYTES)), expires_ns=self._now_ns() + TICKET_NS)
        own = [digest for digest, (owner, _) in self._issued.items() if owner.identity == caller.identity]
        for digest in own[: len(own) - MAX_OF_A_CALLER + 1]:
            del self._issued[digest]
        self._issued[digest_of(ticket.text.reveal())] = caller, ticket.expires_ns
        while len(self._issued) > MAX_TICKETS:
            del self._issued[next(iter(self._issued))]
        return ticket

    def redeem(self, text: str) -> Caller | None:
        """Use a ticket up. None if it is wrong, used or too old."""
        caller, expires_ns = self._issued.pop(digest_of(text), (None, 0))
        return caller if expires_ns > self._now_ns() else None
