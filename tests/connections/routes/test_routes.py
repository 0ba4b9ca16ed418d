"""Routes to a relay that is a real server of HTTP: checked at the start, and believed in nothing."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from alphapulse.connections.endpoint import HTTP, read_endpoint
from alphapulse.connections.node_transport import open_transport
from alphapulse.connections.routes.bundle import BundleRoute
from alphapulse.connections.routes.private import PrivateRoute
from alphapulse.connections.routes.relay import Relay
from alphapulse.connections.routes.route import Parcel
from alphapulse.errors import NodeError, NodeRefused, NodeUnreachable, NoNode, RelayRefused
from alphapulse.rules.nodes.send_verdict import Sent
from tests.connections.bad_nodes import reply, replying
from tests.connections.bad_servers import hangs_up, serving
from tests.connections.routes.relay_server import MISSING, RelayServer
from tests.fakes.inline_blocking import run_inline

HANG_S = 60
RAW, HASH = b"\x02raw", bytes(31) + b"\x01"
pytestmark = pytest.mark.real_io


@asynccontextmanager
async def open_relay(server: RelayServer, handler: Any = None) -> AsyncIterator[Relay]:
    with trio.fail_after(HANG_S):
        async with (
            serving(handler or replying(server.answer)) as served,
            open_transport(run_inline, time.time_ns) as way,
        ):
            endpoint = read_endpoint(f"http://127.0.0.1:{served.port}/key-0123456789", "relay", HTTP)
            yield Relay("relay", endpoint, way, 137)


def parcel(**changes: Any) -> Parcel:
    fields: dict[str, Any] = {
        "raw": RAW,
        "hash": HASH,
        "target_block": 0x6F,
        "permit": lambda: True,
        "last_block": 0x78,
    }
    return Parcel(**(fields | changes))


async def test_a_relay_that_serves_chain_and_method_is_taken() -> None:
    """It is called once without a transaction: that it finds fault with that shows that it knows the method."""
    server = RelayServer()
    async with open_relay(server) as relay:
        await PrivateRoute(relay).check()
        await BundleRoute(relay).check()
    methods = ["eth_chainId", "eth_sendPrivateTransaction", "eth_chainId", "eth_sendBundle"]
    assert [method for method, _ in server.asked] == methods


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"eth_chainId": "0x1"}, 'expected a relay of chain 137 \\(0x89\\), found one of "0x1"'),
        ({"eth_chainId": MISSING}, "expected a relay that tells its chain id, found error -32601"),
        ({"eth_sendBundle": MISSING}, "expected a relay that knows eth_sendBundle"),
        ({"eth_sendBundle": {"code": -32000, "message": "method not supported"}}, "knows eth_sendBundle"),
        ({"eth_sendBundle": {"code": -32601, "message": "no"}}, "knows eth_sendBundle"),
    ],
)
async def test_a_relay_that_does_not_serve_the_chain_is_refused(answers: dict[str, Any], words: str) -> None:
    server = RelayServer()
    server.answers |= answers
    async with open_relay(server) as relay:
        with pytest.raises(RelayRefused, match=words) as refused:
            await BundleRoute(relay).check()
    assert "key-0123456789" not in str(refused.value)


async def test_a_relay_that_stumbles_over_a_call_without_a_transaction_is_taken() -> None:
    """It has told its chain; that it fails over an empty call is no word about the method. A closed door is one."""
    server = RelayServer()
    status = "500 Oops"

    def answer(request: Any) -> bytes:
        return (
            server.answer(request) if request["method"] == "eth_chainId" else reply(b"KeyError: 'txs'", status=status)
        )

    async with open_relay(server, replying(answer)) as relay:
        await BundleRoute(relay).check()
        status = "403 No"
        with pytest.raises(NodeRefused):
            await BundleRoute(relay).check()


async def test_a_relay_that_is_not_there_is_a_node_error() -> None:
    """Not refused: it may be there later. What answers garbage, or another type, is no relay either."""
    server = RelayServer()
    async with open_relay(server, hangs_up) as relay:
        with pytest.raises(NodeUnreachable):
            await PrivateRoute(relay).check()
    server.answers["eth_chainId"] = 137
    async with open_relay(server) as relay:
        with pytest.raises(NodeError):
            await PrivateRoute(relay).check()


async def test_a_private_transaction_names_its_last_block() -> None:
    server = RelayServer()
    server.answers["eth_sendPrivateTransaction"] = "0x" + HASH.hex()
    async with open_relay(server) as relay:
        report = await PrivateRoute(relay).send(parcel())
        assert (report.sent, list(report.nodes)) == (Sent.ACCEPTED, ["relay"])
        await PrivateRoute(relay).send(parcel(last_block=None))
    assert server.asked == [
        ("eth_sendPrivateTransaction", [{"tx": "0x02726177", "maxBlockNumber": "0x78"}]),
        ("eth_sendPrivateTransaction", [{"tx": "0x02726177"}]),
    ]


async def test_a_bundle_names_the_next_block() -> None:
    """Without a head there is no next block: nothing leaves."""
    server = RelayServer()
    server.answers["eth_sendBundle"] = {"bundleHash": "0x01"}
    async with open_relay(server) as relay:
        route = BundleRoute(relay)
        assert (await route.send(parcel())).sent is Sent.ACCEPTED
        with pytest.raises(NoNode, match="expected a head of the chain"):
            await route.send(parcel(target_block=None))
        assert route.each_block
    assert server.asked == [("eth_sendBundle", [{"txs": ["0x02726177"], "blockNumber": "0x6f"}])]


async def test_what_a_relay_does_not_answer_may_have_arrived() -> None:
    """Refused only with a text that says so; without leave nothing is asked at all."""
    server = RelayServer()
    async with open_relay(server) as relay:
        server.answers["eth_sendPrivateTransaction"] = {"code": -32000, "message": "nonce too high"}
        assert (await PrivateRoute(relay).send(parcel())).sent is Sent.REFUSED
        server.answers["eth_sendPrivateTransaction"] = {"code": -32000, "message": "we are having lunch"}
        assert (await PrivateRoute(relay).send(parcel())).sent is Sent.UNKNOWN
        server.asked.clear()
        assert (await PrivateRoute(relay).send(parcel(permit=lambda: False))).sent is Sent.WITHHELD
        assert server.asked == []
    async with open_relay(server, hangs_up) as relay:
        assert (await PrivateRoute(relay).send(parcel())).sent is Sent.UNKNOWN
