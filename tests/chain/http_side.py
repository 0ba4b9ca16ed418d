"""The HTTP half of a node that commits faults: requests are passed on, answers come back damaged or not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import h11
import msgspec
import trio

from tests.chain.fault_plan import FaultPlan

if TYPE_CHECKING:
    from tests.chain.fault_proxy import FaultProxy

RETRY_AFTER_S = 1
READ_BYTES = 65_536
AT_BLOCK = {"eth_call": 1, "eth_getBalance": 1, "eth_getCode": 1, "eth_getTransactionCount": 1, "eth_getStorageAt": 2}
"""Methods that name a block, and where."""


class HttpSide:
    """Answers requests for a proxy."""

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy = proxy

    async def run(self, *, task_status: trio.TaskStatus[int]) -> None:
        """Serve on a free port, which is reported, until cancelled."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        await trio.serve_listeners(self._serve, listeners, task_status=_Ported(task_status, port))

    async def _serve(self, stream: trio.SocketStream) -> None:
        plan, connection = self._proxy.plan(), h11.Connection(h11.SERVER)
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
        if self._proxy.deaf:
            await trio.sleep_forever()
        faults = self._proxy.faults
        if plan.strikes("http_cut", faults.http_cut):
            return False
        if plan.strikes("too_many", faults.too_many):
            await _respond(stream, connection, 429, b"too many requests", retry=True)
        elif plan.strikes("failing", faults.failing):
            await _respond(stream, connection, 500, b"internal error")
        else:
            answer = msgspec.json.encode(await self.answers(msgspec.json.decode(body), plan))
            if plan.strikes("http_garbage", faults.http_garbage):
                answer = plan.garbage()
            elif plan.strikes("http_truncate", faults.http_truncate):
                answer = answer[: plan.chance.randrange(1, len(answer))]
            await _respond(stream, connection, 200, answer)
        return True

    async def answers(self, asked: Any, plan: FaultPlan) -> Any:
        """The answer to a request, or to each of a batch."""
        requests = asked if isinstance(asked, list) else [asked]
        fixed = [self._own_answer(one, plan) for one in requests]
        passed = [self._as_of_head(one) for one, own in zip(requests, fixed, strict=True) if own is None]
        brought: dict[Any, Any] = {}
        if passed:
            response = await self._proxy.upstream.post("", content=msgspec.json.encode(passed))
            brought = {answer.get("id"): answer for answer in msgspec.json.decode(response.content)}
        found = [own or self._aged(one, brought[one["id"]]) for one, own in zip(requests, fixed, strict=True)]
        return found if isinstance(asked, list) else found[0]

    def _own_answer(self, one: dict[str, Any], plan: FaultPlan) -> dict[str, Any] | None:
        """What the proxy answers itself; None passes the request on."""
        proxy, method, params = self._proxy, one["method"], one.get("params") or []
        proxy.requests[method] += 1
        found: dict[str, Any] | None = None
        if plan.strikes("rate_error", proxy.faults.rate_error):
            found = _error(one, -32005, "limit exceeded")
        elif method == "eth_chainId" and proxy.chain_id is not None:
            found = _result(one, hex(proxy.chain_id))
        elif method == "net_version" and proxy.chain_id is not None:
            found = _result(one, str(proxy.chain_id))
        elif method == "eth_getLogs" and plan.strikes("no_logs", proxy.faults.no_logs):
            found = _result(one, [])
        elif method == "eth_blockNumber" and proxy.lag:
            found = _result(one, hex(proxy.head))
        elif proxy.lag and method == "eth_getBlockByNumber" and _number(params[0]) > proxy.head:
            found = _result(one, None)
        return found

    def _as_of_head(self, one: dict[str, Any]) -> dict[str, Any]:
        """A request in which `latest` means the head that this node admits to know."""
        if not self._proxy.lag:
            return one
        head, method = hex(self._proxy.head), one["method"]
        params = list(one.get("params") or [])
        at = 0 if method == "eth_getBlockByNumber" else AT_BLOCK.get(method)
        if at is not None and at < len(params) and params[at] in {"latest", "pending"}:
            params[at] = head
        if method == "eth_getLogs" and params[0].get("toBlock") in {None, "latest"} and "blockHash" not in params[0]:
            params[0] = {**params[0], "toBlock": head}
        return {**one, "params": params}

    def _aged(self, one: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """An answer without the blocks that this node does not know yet."""
        found, method = answer.get("result"), one["method"]
        if not self._proxy.lag or not found:
            return answer
        if method == "eth_getBlockByHash" and int(found["number"], 16) > self._proxy.head:
            return _result(one, None)
        if method == "eth_getLogs" and any(int(log["blockNumber"], 16) > self._proxy.head for log in found):
            return _error(one, -32000, "unknown block")
        return answer


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


def _number(block: Any) -> int:
    """A block's number; 0 for a tag, which is never too new."""
    return int(block, 16) if isinstance(block, str) and block.startswith("0x") else 0


def _result(one: dict[str, Any], value: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": one["id"], "result": value}


def _error(one: dict[str, Any], code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": one["id"], "error": {"code": code, "message": message}}
