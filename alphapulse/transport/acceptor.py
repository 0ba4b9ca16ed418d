"""The part of a listener that all kinds of sockets share: accept, admit, serve, and outlive what peers do."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Generic, NoReturn, Protocol, TypeVar

import trio

from alphapulse.errors import AlphaPulseError, PeerRefused
from alphapulse.transport.byte_link import ByteLink, Handler
from alphapulse.transport.greeting import ADMITTED, refusal

ADMIT_LIMIT_S = 5.0
"""For the TLS handshake and the greeting: a machine that is a second away still makes its four trips."""
PAUSE_S = 0.1
"""After a failed accept: what has failed would fail again at once."""
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})

log = logging.getLogger(__name__)


class Connection(Protocol):
    """What is accepted, before anybody knows whose it is."""

    def close(self) -> object:
        """End it without a word."""


C = TypeVar("C", bound=Connection)


class Acceptor(Generic[C]):
    """Serves what one listener accepts, on one socket or several.

    `identify` makes a link of it, with the peer's identity proven, or raises
    TransportError; it owns the connection. `check` raises PeerRefused for a peer that may not come in, who is then
    told why. Connections that are still being identified are bounded by the same number as those that are served;
    more are closed unheard.
    """

    def __init__(
        self,
        identify: Callable[[C], Awaitable[ByteLink]],
        check: Callable[[ByteLink], None],
        connections: int,
    ) -> None:
        self._identify = identify
        self._check = check
        self._limit = connections
        self._admitting = 0
        self._serving = 0

    async def run(self, accept: Callable[[], Awaitable[C]], handler: Handler) -> NoReturn:
        """Serve each connection that `accept` gives, until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                connection = await accept()
                if self._admitting >= self._limit:
                    connection.close()
                    continue
                self._admitting += 1
                nursery.start_soon(self._welcome, connection, handler)
        raise AssertionError("a loop without an end has ended")

    async def _welcome(self, connection: C, handler: Handler) -> None:
        """Admit one peer and serve it. Nothing that it does reaches the others."""
        link: ByteLink | None = None
        try:
            try:
                with trio.move_on_after(ADMIT_LIMIT_S):
                    link = await self._admit(connection)
            finally:
                self._admitting -= 1
            if link is None:
                log.info("a peer was not admitted: it did not identify itself within %g s", ADMIT_LIMIT_S)
                return
            await handler(link)
        except* (AlphaPulseError, OSError) as group:
            for problem in _flat(group):
                log.info("a connection has ended: %s", problem)
        except* Exception:
            log.exception("a connection was ended: its handler failed")
        finally:
            if link is not None:
                self._serving -= 1
                await link.aclose()

    async def _admit(self, connection: C) -> ByteLink:
        """The link of a peer that may come in, counted as served."""
        link = await self._identify(connection)
        admitted = False
        try:
            refused = self._why_not(link)
            if refused is not None:
                await link.send_all(refusal(str(refused)))
                raise PeerRefused(f"{link.peer.name} was refused: {refused}")
            self._serving += 1
            try:
                await link.send_all(ADMITTED)
                admitted = True
            finally:
                self._serving -= not admitted
            return link
        finally:
            if not admitted:
                await link.aclose()

    def _why_not(self, link: ByteLink) -> PeerRefused | None:
        try:
            self._check(link)
        except PeerRefused as problem:
            return problem
        if self._serving >= self._limit:
            return PeerRefused(f"there are {self._limit} connections already, and no more are allowed")
        return None


def _flat(group: BaseExceptionGroup[Exception]) -> Iterator[BaseException]:
    for problem in group.exceptions:
        if isinstance(problem, BaseExceptionGroup):
            yield from _flat(problem)
        else:
            yield problem


async def accept_socket(listening: socket.socket) -> socket.socket:
    """The next connection of a non-blocking listening socket."""
    while True:
        try:
            connection, _ = listening.accept()
        except BlockingIOError:
            await trio.lowlevel.wait_readable(listening)
        except OSError as problem:
            # Anything else is one peer's bad luck (accept(2): treat network errors like EAGAIN).
            if problem.errno in _EXHAUSTED:
                log.warning("no further connection can be accepted now: %s", problem)
            await trio.sleep(PAUSE_S)
        else:
            try:
                await trio.lowlevel.checkpoint()
            except trio.Cancelled:
                connection.close()
                raise
            return connection
