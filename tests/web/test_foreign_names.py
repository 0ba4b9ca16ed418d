"""Host and Origin: every route and the socket times eighty variants, and an exact verdict on each."""

from __future__ import annotations

import json

import pytest
import trio
from quart.testing.connections import WebsocketDisconnectError, WebsocketResponseError

from alphapulse_web.api.routes import ROUTES
from alphapulse_web.auth import caller_of
from tests.web.hostile import KEY, VERSION
from tests.web.test_policies import path_of
from tests.web.test_serve import running
from tests.web.web_client import BEARER, Desk, answer, keyed

OURS = ("127.0.0.1", "127.0.0.1:8700", "127.0.0.1:1", "localhost", "LOCALHOST", "LocalHost:8700", "[::1]", "[::1]:8700")
"""Hosts that are ours: any case, any port."""
LOOKING_LIKE_OURS = (
    "evil.example", "evil.example:8700", "127.0.0.1.evil.example", "localhost.evil.example", "evil-localhost",
    "localhost.", "localhost.localdomain", "127.0.0.1.nip.io", "127.0.0.1.", "127.0.0.2", "127.1", "2130706433",
    "0x7f000001", "0", "0.0.0.0", "0177.0.0.1", "[::ffff:127.0.0.1]", "[::]", "[::2]", "::1", "[0:0:0:0:0:0:0:1]",  # noqa: S104
    "[::1%25lo]", "localhost%00.evil.example",
)  # fmt: skip
"""Names that lead here by DNS rebinding, other ways to write our address, and names that begin or end like ours."""
WRAPPED = (
    "evil.example@127.0.0.1", "127.0.0.1@evil.example", "127.0.0.1:8700@evil.example", "user:pass@localhost",
    "127.0.0.1/", "http://127.0.0.1", "//127.0.0.1", "127.0.0.1, evil.example", "evil.example, 127.0.0.1",
    "127.0.0.1;evil.example", "127.0.0.1 evil.example", "127.0.0.1?x", "127.0.0.1#x", "127.0.0.1\\evil.example",
)  # fmt: skip
"""User info, paths, schemes and lists around a name."""
MALFORMED = (
    "", " ", ".", ":", ":8700", "127.0.0.1:", "127.0.0.1:port", "127.0.0.1:-1", "127.0.0.1:+8700",
    "127.0.0.1:8700:8700", "127.0.0.1:123456", "127.0.0.1:٨٧٠٠", "[", "]", "[]", "[::1", "::1]", "[::1]]", "[[::1]]",
    "[::1]8700", "[::1]:", "[zz]", "localhost\t", "*", "null", "x" * 300,
)  # fmt: skip
FOREIGN = LOOKING_LIKE_OURS + WRAPPED + MALFORMED
OWN_PAGES = ("http://127.0.0.1:8700", "http://localhost:8700", "HTTP://LOCALHOST:8700", "http://[::1]:8700")
FOREIGN_PAGES = (
    "http://evil.example", "https://evil.example:8700", "null", "", "*", "http://127.0.0.1", "http://127.0.0.1:8701",
    "https://127.0.0.1:8700", "http://127.0.0.1:8700/", "http://127.0.0.1:8700.evil.example",
    "http://127.0.0.1:8700@evil.example", "http://evil.example@127.0.0.1:8700",
    "http://127.0.0.1:8700, http://evil.example", "ws://127.0.0.1:8700", "file://",
    "chrome-extension://abc", "127.0.0.1:8700", "http://[::1", "http://", "http://127.0.0.1:87000",
    "http://127.0.0.1:8700#",
)  # fmt: skip
VARIANTS = [
    *({"Host": host} for host in OURS + FOREIGN),
    *({"Host": "127.0.0.1:8700", "Origin": origin} for origin in OWN_PAGES + FOREIGN_PAGES),
    # never against each other: an Origin that equals a foreign Host is as foreign
    *({"Host": name, "Origin": f"http://{name}"} for name in ("evil.example:8700", "127.0.0.1.nip.io:8700")),
]


def verdict(variant: dict[str, str]) -> int | None:
    """The status with which a variant is refused, None for one that is let in."""
    if variant["Host"] not in OURS:
        return 421
    if "Origin" in variant and variant["Origin"] not in OWN_PAGES:
        return 403
    return None


def test_there_are_as_many_variants_and_requests_as_were_promised() -> None:
    assert len(VARIANTS) >= 80
    assert len(VARIANTS) * (len(PATHS) + 1) >= 2_000


PATHS = sorted({path_of(route) for route in ROUTES} | {"/", "/positions", "/assets/x.js", "/api/v1/nothing"})


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
async def test_host_and_origin_are_judged_alike_on_every_path(path: str) -> None:
    desk = Desk()
    for method in ("GET", "POST", "DELETE"):
        for variant in VARIANTS:
            desk.clock.advance(1)
            response = await desk.ask(method, path, headers={**keyed(BEARER), **variant})
            refused = verdict(variant)
            if refused is None:
                assert response.status_code not in {421, 500}, (method, variant)
                assert (await answer(response) if response.status_code == 403 else {}) == {}, (method, variant)
            else:
                assert response.status_code == refused, (method, variant)
                code = (await answer(response))["error"]["code"]
                assert code == {421: "wrong_host", 403: "wrong_origin"}[refused]
    assert not [call for call in desk.backend.calls if call[0] in {"kill", "resume"}]


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
async def test_host_and_origin_are_judged_alike_on_the_socket(variant: dict[str, str]) -> None:
    desk = Desk()
    ticket = desk.app.tickets.issue(caller_of(desk.app.ring.owner, "x"))
    client = desk.app.test_client(use_cookies=False)
    refused = verdict(variant)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.app.hub.run)
        async with client.websocket("/ws", headers=variant) as page:
            if refused == 421:
                with pytest.raises(WebsocketResponseError) as answered:
                    await page.receive()
                assert answered.value.response.status_code == 421
                assert answered.value.response.headers["X-Content-Type-Options"] == "nosniff"
            elif refused == 403:
                with pytest.raises(WebsocketDisconnectError) as closed:
                    await page.receive()
                assert closed.value.args[0] == 4403
            else:
                await page.send(json.dumps({"type": "ticket", "ticket": ticket.text.reveal()}))
                assert json.loads(await page.receive())["type"] == "hello"
        nursery.cancel_scope.cancel()


RAW = [
    (b"Host: 127.0.0.1\r\nHost: evil.example\r\n", b"400"),
    (b"Host: evil.example\r\nHost: 127.0.0.1\r\n", b"400"),
    (b"Host: 127.0.0.1\r\nHost: 127.0.0.1\r\n", b"400"),
    (b"", b"400"),
    (b"Host: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nOrigin: http://evil.example\r\n", b"403"),
    (b"Host: 127.0.0.1\r\nOrigin: http://evil.example\r\nOrigin: http://127.0.0.1\r\n", b"403"),
    (b"Host: \xe9vil.example\r\n", b"400"),
    (b"Host: 127.0.0.1\r\nOrigin: \xe9\r\n", b"400"),
    (b"Host:\r\n", b"421"),
    (b"Host: 127.0.0.1\x00\r\n", b"400"),
    (b"Host: 127.0.0.1\r\n X\r\n", b"421"),
    (b"Host : 127.0.0.1\r\n", b"400"),
]
"""What only bytes can say: doubled, bare, folded and foreign letters."""


@pytest.mark.real_io
@pytest.mark.parametrize(("lines", "status"), RAW)
@pytest.mark.parametrize("upgrade", [b"", b"Connection: Upgrade\r\nUpgrade: websocket\r\n" + KEY + VERSION])
async def test_doubled_and_malformed_headers_are_refused(lines: bytes, status: bytes, upgrade: bytes) -> None:
    async with running() as rig, await rig.connect() as stream:
        path = b"/ws" if upgrade else b"/livez"
        await stream.send_all(b"GET " + path + b" HTTP/1.1\r\n" + lines + upgrade + b"\r\n")
        head = bytes(await stream.receive_some(65_536))
        if upgrade and status == b"403":
            assert head.startswith(b"HTTP/1.1 101")  # what a browser is told comes as a close code: 4403
            data = head.partition(b"\r\n\r\n")[2] or bytes(await stream.receive_some(65_536))
            assert b"\x11\x33wrong origin" in data
        else:
            assert head.startswith(b"HTTP/1.1 " + status)
        await rig.is_well()


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "none, same-origin", "SAME-ORIGIN", "x"])
async def test_what_is_not_our_own_page_changes_nothing(site: str) -> None:
    desk = Desk()
    for route in ROUTES:
        desk.clock.advance(1)
        desk.backend.calls.clear()
        response = await desk.ask(
            route.method, path_of(route), headers={**keyed(BEARER), "Sec-Fetch-Site": site}, json={"reason": "x"}
        )
        if route.method != "GET":
            assert (await answer(response))["error"]["code"] == "cross_site"
            assert desk.backend.calls == []


@pytest.mark.parametrize("site", ["same-origin", "none"])
async def test_our_own_page_and_a_typed_address_are_let_in(site: str) -> None:
    headers = {**keyed(BEARER), "Sec-Fetch-Site": site}
    response = await Desk().ask("DELETE", "/api/v1/session", headers=headers)
    assert response.status_code == 204
