"""A byte link over any Trio stream: Unix sockets and TLS are links by it."""

from __future__ import annotations

import enum
import ssl

import trio

from alphapulse.errors import LinkClosed, LinkStalled, TransportError
from alphapulse.transport.byte_link import PeerIdentity
from alphapulse.transport.tls_errors import tls_error

CLOSE_LIMIT_S = 1.0
"""A goodbye that takes longer is not worth waiting for."""


class _Sending(enum.Enum):
    IDLE = "idle"
    BUSY = "busy"
    TORN = "torn"


class StreamLink:
    """A link that sends nothing behind a torn message, and closes within a second."""

    def __init__(self, stream: trio.abc.Stream, peer: PeerIdentity) -> None:
        self._stream = stream
        self._peer = peer
        self._sending = _Sending.IDLE
        self._closed = False

    @property
    def peer(self) -> PeerIdentity:
        """Who is at the other end."""
        return self._peer

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything; see `ByteLink`."""
        if self._sending is _Sending.BUSY:
            raise trio.BusyResourceError(f"another task is sending to {self._peer.name}")
        if self._closed:
            raise LinkClosed(f"the link to {self._peer.name} was closed here")
        if self._sending is _Sending.TORN:
            raise LinkClosed(f"a send to {self._peer.name} was cut short before, so that nothing may follow it")
        self._sending = _Sending.BUSY
        sent = False
        try:
            await self._stream.send_all(data)
            sent = True
        except (trio.BrokenResourceError, trio.ClosedResourceError) as problem:
            raise self._ended(problem) from problem
        except LinkStalled as problem:
            raise LinkStalled(f"{self._peer.name}: {problem}") from problem
        finally:
            self._sending = _Sending.IDLE if sent else _Sending.TORN

    async def receive_some(self, max_bytes: int) -> bytes:
        """Some bytes, or `b""` at the end; see `ByteLink`."""
        if self._closed:
            raise LinkClosed(f"the link to {self._peer.name} was closed here")
        try:
            return bytes(await self._stream.receive_some(max_bytes))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as problem:
            raise self._ended(problem) from problem

    async def aclose(self) -> None:
        """End the stream: in order if nothing is half sent, else at once."""
        self._closed = True
        if self._sending is not _Sending.IDLE:
            await trio.aclose_forcefully(self._stream)
            return
        with trio.move_on_after(CLOSE_LIMIT_S):
            try:
                await self._stream.aclose()
            except (trio.BrokenResourceError, LinkStalled):
                return  # it is gone: there was nobody left to say goodbye to

    def _ended(self, problem: BaseException) -> TransportError:
        if self._closed or isinstance(problem, trio.ClosedResourceError):
            return LinkClosed(f"the link to {self._peer.name} was closed here")
        if isinstance(problem.__cause__, ssl.SSLError):
            return tls_error(problem.__cause__, self._peer.name)
        return LinkClosed(f"the connection to {self._peer.name} broke off: {problem.__cause__ or problem}")
