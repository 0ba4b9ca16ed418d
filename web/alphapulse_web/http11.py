"""HTTP/1.1 as Hypercorn speaks it, less what this server does not want to speak."""

from __future__ import annotations

import re

import h11
from hypercorn.events import Event, RawData
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import WSStream

from alphapulse_web.errors import RequestError

VERSIONS = frozenset({b"1.0", b"1.1"})
MAX_HEADER_BYTES = 16 * 1024
BODY = frozenset({b"content-length", b"transfer-encoding"})
EXTENSIONS = b"sec-websocket-extensions"
HASTE = "bytes follow an upgrade that was not accepted yet"


class Http11(H11Protocol):
    """No HTTP/2 in clear, no upgrade to it, no header outside ASCII, no hasty or compressed WebSocket.

    Headers outside ASCII, and bytes behind an upgrade, crash Hypercorn 0.18. Compression would cost the trading loop
    tens of milliseconds for one snapshot, and would let a small frame unpack into a large one. What a proxy before us
    could read in another way ends here: a body with two lengths (RFC 9112, 6.1), a target that names another host.
    """

    async def handle(self, event: Event) -> None:
        """Take in what came. Raises RequestError for a WebSocket's first bytes before it was accepted.

        Hypercorn would refuse it while the application accepts it, and fail on the second answer.
        """
        stream = self.stream
        if isinstance(event, RawData) and event.data and isinstance(stream, WSStream):
            handshake = getattr(stream, "handshake", None)
            if handshake is not None and not handshake.accepted:
                raise RequestError(HASTE)
        await super().handle(event)

    async def _check_protocol(self, event: h11.Request) -> None:
        if event.http_version not in VERSIONS:
            await self._refuse(505, "the version is not HTTP/1.0 or HTTP/1.1")
        for name, value in event.headers:
            if not value.isascii():
                await self._refuse(400, f"the header {name.decode('ascii', 'replace')} is not ASCII")
        if sum(len(name) + len(value) for name, value in event.headers) > MAX_HEADER_BYTES:
            await self._refuse(431, f"the headers are over {MAX_HEADER_BYTES} bytes")  # h11 counts reads, not bytes
        names = {name for name, _ in event.headers}
        if names >= BODY:
            await self._refuse(400, "the body has a length and is chunked too")
        _, absolute, rest = event.target.partition(b"://")
        if absolute and not event.target.startswith(b"/") and _authority(rest) not in _hosts(event):
            await self._refuse(400, "the target names another host than the header Host")
        if b"upgrade" in names and (self.connection.trailing_data[0] or names & BODY):
            await self._refuse(400, HASTE)

    async def _create_stream(self, request: h11.Request) -> None:
        headers = [(name, value) for name, value in request.headers if name != EXTENSIONS]
        if len(headers) < len(request.headers):
            request = h11.Request(
                method=request.method, target=request.target, headers=headers, http_version=request.http_version
            )
        await super()._create_stream(request)

    async def _refuse(self, status: int, problem: str) -> None:
        await self._send_error_response(status)
        raise RequestError(problem)


def _authority(rest: bytes) -> bytes:
    """The host of an address behind its `://`."""
    return re.split(b"[/?#]", rest, maxsplit=1)[0].lower()


def _hosts(event: h11.Request) -> list[bytes]:
    return [value.lower() for name, value in event.headers if name == b"host"]
