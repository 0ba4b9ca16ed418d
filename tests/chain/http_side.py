"""The HTTP half of a node that commits faults: requests are passed on, answers come back damaged or not."""

from __future__ import annotations

from functools import partial
from typing import Any

import h11
import msgspec
import trio

from tests.chain.fault_plan import FaultPlan
from tests.chain.faulty_node import FaultyNode

RETRY_AFTER_S = 1
READ_BYTES = 65_536


class HttpSide:
    """Answers requests for a node."""

    def __init__(self, node: FaultyNode) -> None:
        self._node = node

    async def run(self, *, task_status: trio.TaskStatus[int]) -> None:
        """Serve on a free port, which is reported, until cancelled."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        await trio.serve_listeners(self._serve, listeners, task_status=_Ported(task_status, port))

    async def _serve(self, stream: trio.SocketStream) -> None:
        plan, connection = self._node.plan(), h11.Connection(h11.SERVER)
        try:
            async with stream:
                while await self._exchange(stream, connection, plan):
                    connection.start_next_cycle()
        except (h11.ProtocolError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the client has left

    async def _exchange(self, stream: trio.SocketStream, connection: h11.Connection, plan: FaultPlan) -> bool:
        """One request and its answer. Whether the connection goes on."""
        body = await _request(stream, connection)
        if body is None:
            return False
        if self._node.deaf:
            await trio.sleep_forever()
        faults = self._node.faults
        if plan.strikes("http_cut", faults.http_cut):
            return False
        if plan.strikes("too_many", faults.too_many):
            await _respond(stream, connection, 429, b"too many requests", retry=True)
        elif plan.strikes("failing", faults.failing):
            await _respond(stream, connection, 500, b"internal error")
        else:
            answer = msgspec.json.encode(await self._node.answers(msgspec.json.decode(body), plan))
            if plan.strikes("http_garbage", faults.http_garbage):
                answer = plan.garbage()
            elif plan.strikes("http_truncate", faults.http_truncate):
                answer = answer[: plan.chance.randrange(1, len(answer))]
            await _respond(stream, connection, 200, answer)
        return True


class _Ported(trio.TaskStatus[Any]):
    """Reports the port in place of the listeners."""

    def __init__(self, status: trio.TaskStatus[int], port: int) -> None:
        self._status, self._port = status, port

    def started(self, value: Any = None) -> None:
        self._status.started(self._port)


async def _request(stream: trio.SocketStream, connection: h11.Connection) -> bytes | None:
    """A request's body; None if the client has left."""
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await stream.receive_some(READ_BYTES))
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return body
        elif isinstance(event, h11.ConnectionClosed):
            return None


async def _respond(
    stream: trio.SocketStream, connection: h11.Connection, status: int, body: bytes, *, retry: bool = False
) -> None:
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    headers += [("Retry-After", str(RETRY_AFTER_S))] if retry else []
    parts = [h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage()]
    await stream.send_all(b"".join(map(partial(_sent, connection), parts)))


def _sent(connection: h11.Connection, event: Any) -> bytes:
    return connection.send(event) or b""
