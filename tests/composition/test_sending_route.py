"""Requests to a relay that wants to know who asks are signed by an account of its own."""

from __future__ import annotations

import json
import re
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
import trio
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils.crypto import keccak

from alphapulse.composition.sending_route import identity_of, route_of
from alphapulse.config import Config, parse_config
from alphapulse.connections.node_transport import open_transport
from alphapulse.connections.routes.route import Parcel
from alphapulse.errors import ConfigError, KeystoreError, NodeRefused
from alphapulse.rules.nodes.send_verdict import Sent
from tests.connections.bad_nodes import reply, request_body
from tests.connections.bad_servers import serving
from tests.connections.model_nodes import ModelNode, pool_of
from tests.connections.routes.relay_server import RelayServer
from tests.fakes.inline_blocking import run_inline

HANG_S = 20
SIGNED = re.compile(rb"(?i)\r\nx-flashbots-signature: (0x[0-9a-f]{40}):(0x[0-9a-f]{130})\r\n")
KEY = "0x" + "07" * 32
PARCEL = Parcel(b"\x02raw", bytes(32), target_block=0x6F, permit=lambda: True, last_block=0x78)
IDENTITY = '\nrelay_identity = { key_env = "WHO", accept_environment_key = true }'


class StrictRelay(RelayServer):
    """It answers only to whom it knows: `eth_account` says who has signed."""

    def __init__(self) -> None:
        super().__init__()
        self.asking: list[str] = []
        self.answers |= {"eth_sendPrivateTransaction": "0x00", "eth_sendBundle": {"bundleHash": "0x00"}}

    async def serve(self, stream: trio.SocketStream) -> None:
        while (request := await request_body(stream)) is not None:
            head, body = request
            found = SIGNED.search(head + b"\r\n")
            if found is None:
                await stream.send_all(reply(b"", status="403 Forbidden"))
                continue
            said, signature = (one.decode() for one in found.groups())
            signed = encode_defunct(text="0x" + keccak(body).hex())
            assert Account.recover_message(signed, signature=signature) == said
            self.asking.append(said)
            await stream.send_all(self.answer(json.loads(body)))


def config_of(send: str, relay: str, identity: str) -> Config:
    text = f"""
[collectors.day]
kind = "recorded"
logs = ["logs.json"]
[strategies.flash_arbitrage]
[execution]
send = "{send}"
relay = "{relay}"{identity}
"""
    return parse_config(tomllib.loads(text), folder=Path("/there"))


@pytest.mark.real_io
@pytest.mark.parametrize("send", ["private", "bundle"])
async def test_each_request_is_signed_by_an_account_of_its_own(send: str) -> None:
    """The check at the start too; without a signature nobody is let in."""
    server, environ = StrictRelay(), {"WHO": KEY}
    with trio.fail_after(HANG_S):
        async with serving(server.serve) as served, open_transport(run_inline, time.time_ns) as way:

            async def report(identity: str) -> Any:
                config = config_of(send, f"http://127.0.0.1:{served.port}/", identity)
                route = route_of(config, pool_of(ModelNode("one")), way, 137, identity_of(config, environ))
                await route.check()
                return await route.send(PARCEL)

            assert (await report(IDENTITY)).sent is Sent.ACCEPTED
            assert server.asking == [Account.from_key(KEY).address] * 3
            with pytest.raises(NodeRefused):
                await report("")


def test_a_key_that_cannot_be_read_is_named() -> None:
    config = config_of("bundle", "http://127.0.0.1:1/", IDENTITY)
    with pytest.raises(ConfigError, match=r"execution.relay_identity: key_env: expected a key in the environment"):
        identity_of(config, {})
    with pytest.raises(KeystoreError, match="64 hex digits"):
        identity_of(config, {"WHO": "0x12"})
    assert identity_of(config_of("bundle", "http://127.0.0.1:1/", ""), {}) is None
