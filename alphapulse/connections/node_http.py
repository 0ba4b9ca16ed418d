"""Requests to nodes over HTTP: each has one deadline, and an answer has a limit however it is packed."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import aclosing
from http import HTTPStatus
from typing import Final, NamedTuple

import httpx
import trio

from alphapulse.connections.endpoint import Endpoint
from alphapulse.connections.http import WholeBody
from alphapulse.connections.http_status import status_error
from alphapulse.connections.socket_words import connection_error
from alphapulse.errors import AnswerTooLarge, BadAnswer, NodeError, NodeTimeout, NodeUnreachable

MOST_ANSWER_BYTES: Final = 16 * 1024 * 1024
"""Unpacked: twenty thousand logs."""
CONNECT_SHARE: Final = 0.5
"""Of a request's time, for TCP and TLS: who is not there by then does not answer in time either."""
GZIP: Final = 16 + zlib.MAX_WBITS
SIGNATURE: Final = "X-Flashbots-Signature"


class NodeHttp:
    """Posts requests. `client` is one of `connections.http.node_client`; `now_ns` is the wall clock."""

    def __init__(
        self, client: httpx.AsyncClient, now_ns: Callable[[], int], most_bytes: int = MOST_ANSWER_BYTES
    ) -> None:
        self._client = client
        self._now_ns = now_ns
        self._most_bytes = most_bytes

    async def post(self, endpoint: Endpoint, body: bytes, *, node: str, limit_s: float) -> bytes:
        """The body of the answer, unpacked. `node` is the endpoint's label.

        A refusal of which the body may say more is given back as an answer is: providers tell of limits with status
        400, 413 and others.

        Raises:
            NodeTimeout: it was not there, whole, within `limit_s`.
            NodeError: why there is none.
        """
        reply: _Reply | NodeError | None = None
        with trio.move_on_after(limit_s):
            reply = await self._reply(endpoint, body, node, limit_s)
        # Raised here, so that no error of the library is its context: those know the whole request.
        if reply is None:
            raise NodeTimeout(node, f"there was no whole answer within {limit_s:g} s")
        if isinstance(reply, NodeError):
            raise reply
        if reply.status == HTTPStatus.OK:
            return reply.body
        problem = status_error(node, reply.status, reply.retry_after, self._now_ns())
        if type(problem) in _MAY_SAY_MORE and reply.body.lstrip()[:1] in (b"{", b"[") and b'"error"' in reply.body:
            return reply.body
        raise problem

    async def _reply(self, endpoint: Endpoint, body: bytes, node: str, limit_s: float) -> _Reply | NodeError:
        # At an end the client may be closed before everybody who asks has heard of it.
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._client.is_closed:
            return NodeUnreachable(node, "nodes are asked no more")
        try:
            return await self._read(endpoint, body, node, limit_s)
        except httpx.TimeoutException:
            problem: NodeError = NodeTimeout(node, "no connection in time")
        except httpx.RemoteProtocolError as fault:
            problem = BadAnswer(node, "it speaks no HTTP/1.1")
            if "peer closed" in str(fault) or "disconnected" in str(fault):
                problem = NodeUnreachable(node, "the answer was cut off")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as fault:
            problem = connection_error(node, fault)
        return problem

    async def _read(self, endpoint: Endpoint, body: bytes, node: str, limit_s: float) -> _Reply | NodeError:
        # The library closes a socket whose handshake lasts too long, but leaves open one whose handshake is cancelled.
        timeout = httpx.Timeout(None, connect=limit_s * CONNECT_SHARE)
        headers = {} if endpoint.signature is None else {SIGNATURE: endpoint.signature(body)}
        request = self._client.build_request(
            "POST", endpoint.url.reveal(), content=body, headers=headers, timeout=timeout
        )
        request.stream = WholeBody(body)
        async with aclosing(await self._client.send(request, stream=True)) as response:
            packing = response.headers.get("content-encoding", "identity").strip().lower()
            if packing not in ("identity", "gzip", ""):
                return BadAnswer(node, "expected an answer that is plain or packed by gzip, found another packing")
            taken = _Taken(self._most_bytes, zlib.decompressobj(GZIP) if packing == "gzip" else None)
            # To leave the loop would leave the library's generators half-way: they are cancelled where they wait.
            with trio.CancelScope() as reading:
                async for chunk in response.aiter_raw():
                    if not taken.take(chunk):
                        reading.cancel("nothing more is wanted")
            if taken.too_large:
                return AnswerTooLarge(node, f"its answer has more than {self._most_bytes} bytes; ask for less")
            if taken.broken:
                return BadAnswer(node, "its answer says that it is packed by gzip, and is not")
            return _Reply(response.status_code, response.headers.get("retry-after", ""), bytes(taken.found))


class _Reply(NamedTuple):
    status: int
    retry_after: str
    body: bytes


_MAY_SAY_MORE: Final = (BadAnswer, AnswerTooLarge)


class _Taken:
    """What has come, unpacked never further than the limit: a thousandfold of it may be in it."""

    def __init__(self, most_bytes: int, unpacker: zlib._Decompress | None) -> None:
        self.found = bytearray()
        self.too_large = False
        self._unreadable = False
        self._most_bytes = most_bytes
        self._unpacker = unpacker

    def take(self, chunk: bytes) -> bool:
        """More has come; False if nothing more is wanted."""
        if self.too_large or self._unreadable:
            return False
        try:
            room = self._most_bytes - len(self.found) + 1
            self.found += chunk if self._unpacker is None else self._unpacker.decompress(chunk, room)
        except zlib.error:
            self._unreadable = True
        self.too_large = len(self.found) > self._most_bytes
        return not (self.too_large or self._unreadable)

    @property
    def broken(self) -> bool:
        """True if it could not be unpacked to its end."""
        return self._unreadable or (self._unpacker is not None and not self._unpacker.eof)
