"""A node's URL may hold a key: nothing that is printed, logged or raised ever shows it."""

from __future__ import annotations

import logging
import pickle
import time
import traceback
from contextlib import suppress
from pathlib import Path
from random import Random

import attrs
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.connections.endpoint import HTTP, WEBSOCKET, Endpoint, endpoint_of, read_endpoint
from alphapulse.connections.feed import open_feed
from alphapulse.connections.node import Node
from alphapulse.connections.node_terms import NodeTerms
from alphapulse.connections.node_transport import NodeTransport, open_transport
from alphapulse.errors import ConfigError, NodeError
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.secret import masked
from tests.connections.bad_nodes import reply, replying
from tests.connections.bad_nodes import saying as answering_http
from tests.connections.bad_servers import answering, good, hangs_up, serving, silent
from tests.fakes.inline_blocking import run_inline
from tests.fakes.log_stream import log_stream

KEY = "k3y-cAn4ry-0123456789abcdef"
USER = "us3r-cAn4ry"
PASSWORD = "pa55-cAn4ry-0123"
HANG_S = 60


def test_a_url_in_its_parts() -> None:
    endpoint = read_endpoint(f"wss://{USER}:{PASSWORD}@node.example:8443/v2/{KEY}?apikey={KEY}", "ws", WEBSOCKET)
    assert (endpoint.tls, endpoint.port, endpoint.host.reveal()) == (True, 8443, "node.example")
    assert endpoint.target.reveal() == f"/v2/{KEY}?apikey={KEY}"
    assert endpoint.authorization is not None
    plain = read_endpoint("ws://[::1]", "ws", WEBSOCKET)
    assert (plain.tls, plain.port, plain.host.reveal(), plain.target.reveal()) == (False, 80, "::1", "/")
    named = [
        read_endpoint(url, "ws", WEBSOCKET).authority.reveal()
        for url in ("ws://[::1]:81/", "wss://a:443", "ws://a:443")
    ]
    assert named == ["[::1]:81", "a", "a:443"]
    assert read_endpoint("https://a", "http", HTTP).port == 443


@pytest.mark.parametrize(
    "url",
    ["", "node", "ftp://node/", "wss://node/", "https:///", "https://:1/", "https://node:0/", "https://node:99999/",
     "https://node:x/", "https://no de/", "https://node/#a", "https://n\u00f6de/", "https://node/\n", "https://[::1",
     "x" * 5_000],
)  # fmt: skip
def test_what_is_no_url_of_a_node_is_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^nodes\[0\]\.http: expected a URL such as https://") as raised:
        read_endpoint(url + (KEY if url else ""), "nodes[0].http", HTTP)
    assert KEY not in "".join(traceback.format_exception(raised.value))


@given(st.text(max_size=80))
def test_any_text_is_an_endpoint_or_a_config_error(url: str) -> None:
    endpoint = None
    with suppress(ConfigError):
        endpoint = read_endpoint(url, "http", HTTP)
    assert endpoint is None or endpoint.host.reveal()


def test_a_url_comes_from_the_text_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"https://node/{KEY}\n")
    file.chmod(0o600)
    assert endpoint_of("http", HTTP, url=f"https://node/{KEY}").target.reveal() == f"/{KEY}"
    assert endpoint_of("http", HTTP, env="URL", environ={"URL": f" https://node/{KEY} "}).target.reveal() == f"/{KEY}"
    assert endpoint_of("http", HTTP, file=file).target.reveal() == f"/{KEY}"
    with pytest.raises(ConfigError, match="environment variable URL, found nothing"):
        endpoint_of("http", HTTP, env="URL", environ={})
    with pytest.raises(ConfigError, match="found none"):
        endpoint_of("http", HTTP, file=tmp_path / "missing")
    with pytest.raises(ConfigError, match="exactly one of"):
        endpoint_of("http", HTTP, url="https://node/", file=file)
    with pytest.raises(ConfigError, match="exactly one of"):
        endpoint_of("http", HTTP)
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="expected mode 0600"):
        endpoint_of("http", HTTP, file=file)


def test_an_endpoint_shows_nothing_of_itself() -> None:
    endpoint = read_endpoint(f"https://{USER}:{PASSWORD}@node.example/{KEY}?k={KEY}", "http", HTTP)
    terms = NodeTerms(label="one", http=endpoint)
    shown = f"{endpoint!r} {endpoint} {terms!r} {attrs.asdict(terms)!r}".encode() + pickle.dumps(attrs.astuple(terms))
    for secret in (KEY, USER, PASSWORD, "node.example"):
        assert secret.encode() not in shown


def test_a_node_on_this_machine_hides_no_other_address() -> None:
    endpoint = read_endpoint("http://127.0.0.1:8545/", "http", HTTP)
    assert masked("the page is at http://127.0.0.1:8321/") == "the page is at http://127.0.0.1:8321/"
    assert endpoint.host.reveal() == "127.0.0.1"
    provider = read_endpoint("https://a-b-c.provider.example/", "http", HTTP)
    assert masked("connecting to a-b-c.provider.example:443") == "connecting to ***:443"
    assert provider.port == 443


def told_of(problem: BaseException) -> str:
    """All that an error gives away: itself, its attributes, its causes and contexts, its traceback."""
    told = "".join(traceback.format_exception(problem))
    waiting: list[BaseException | None] = [problem]
    while waiting:
        error = waiting.pop()
        if error is not None:
            told += repr(error) + str(vars(error))
            waiting += [error.__cause__, error.__context__]
    return told


ECHO = f'{{"jsonrpc":"2.0","id":1,"error":{{"code":-32000,"message":"no access to /v2/{KEY} for {USER}"}}}}'


@pytest.mark.real_io
async def test_no_fault_of_a_node_gives_its_url_away() -> None:
    """Servers that refuse, hang up, redirect, and repeat the key in their own texts: it is in no log and no error."""
    handlers = {
        "http": [
            hangs_up,
            answering_http(reply(b"", status="401 Who")),
            answering_http(reply(b"", status="302 There", headers=f"Location: http://127.0.0.1:9/v2/{KEY}\r\n")),
            answering_http(reply(f"no such key: {KEY}".encode(), status="403 No")),
            answering_http(f"HTTP/1.1 200 {KEY}\r\nContent-Length: 1\r\n\r\nx".encode()),
            answering_http(b"garbage"),
        ],
        "ws": [
            hangs_up,
            silent,
            answering(f"HTTP/1.1 403 {KEY}\r\nContent-Length: 0\r\n\r\n".encode()),
            answering(b"garbage\r\n\r\n"),
        ],
    }
    told = ""
    with trio.fail_after(HANG_S), log_stream() as log:
        async with open_transport(run_inline, time.time_ns) as transport:
            for handler in handlers["http"]:
                async with serving(handler) as server:
                    node = node_of(server.port, transport)
                    try:
                        await node.ask([RpcCall("a")], limit_s=0.3)
                    except NodeError as problem:
                        logging.getLogger("test").exception("a fault")
                        told += told_of(problem) + repr(node.health.report(0, None))
            async with serving(replying(lambda _: reply(ECHO.encode()))) as server:
                node = node_of(server.port, transport)
                (answer,) = await node.ask([RpcCall("a")])
                logging.getLogger("test").error("%s", answer)
                told += told_of(answer)
            for handler in handlers["ws"]:
                async with serving(handler) as server:
                    endpoint = endpoint_at("ws", server.port)
                    try:
                        with trio.fail_after(0.3):
                            async with open_feed(endpoint, node="one", now_ns=time.time_ns):
                                pass
                    except (NodeError, trio.TooSlowError) as problem:
                        logging.getLogger("test").exception("a fault")
                        told += told_of(problem)
            async with (
                serving(good) as server,
                open_feed(endpoint_at("ws", server.port), node="one", now_ns=time.time_ns) as feed,
            ):
                await feed.receive()
    assert log.getvalue().count("Traceback") >= 8
    for secret in (KEY, USER, PASSWORD):
        assert secret not in told
        assert secret not in log.getvalue()


def endpoint_at(scheme: str, port: int) -> Endpoint:
    schemes = HTTP if scheme == "http" else WEBSOCKET
    return read_endpoint(f"{scheme}://{USER}:{PASSWORD}@127.0.0.1:{port}/v2/{KEY}?apikey={KEY}", scheme, schemes)


def node_of(port: int, transport: NodeTransport) -> Node:
    terms = NodeTerms(label="one", http=endpoint_at("http", port))
    return Node(terms, transport, monotonic_ns=time.monotonic_ns, random=Random(1))
