"""The WebSocket: who may listen, and how it ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import trio
from quart.testing.connections import WebsocketDisconnectError, WebsocketResponseError
from trio.testing import MockClock

from alphapulse.data.roles import Role
from alphapulse_web.keys import Key, digest_of
from alphapulse_web.stream import REQUESTS_PER_S
from tests.web.web_client import BEARER, ORIGIN, Desk, answer

HOST = {"Host": "127.0.0.1:8700"}


async def ticket_for(desk: Desk, headers: dict[str, str]) -> str:
    """A fresh ticket for whoever has these headers."""
    response = await desk.ask("POST", "/api/v1/stream/ticket", headers=headers)
    return str((await answer(response))["ticket"])


@asynccontextmanager
async def connected(desk: Desk, headers: dict[str, str]) -> AsyncIterator[Any]:
    """A page on the socket of a desk whose hub runs; it has said nothing yet."""
    client = desk.app.test_client(use_cookies=False)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.app.hub.run)
        async with client.websocket("/ws", headers={**HOST, **headers}) as page:
            yield page
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def listening(desk: Desk, headers: dict[str, str]) -> AsyncIterator[Any]:
    """A page that has introduced itself; of the headers only the Origin goes with the socket."""
    ticket = await ticket_for(desk, headers)
    async with connected(desk, {name: headers[name] for name in ("Origin",) if name in headers}) as page:
        await page.send(introduction(ticket))
        yield page


def introduction(ticket: str, **others: Any) -> str:
    return json.dumps({"type": "ticket", "ticket": ticket, **others})


async def closing_code(page: Any) -> int:
    """The code with which the server closes, after whatever it still sends."""
    while True:
        try:
            await page.receive()
        except WebsocketDisconnectError as error:
            code = error.args[0]
            assert isinstance(code, int)
            return code


async def first_messages(page: Any) -> list[str]:
    return [json.loads(await page.receive())["type"] for _ in range(2)]


async def test_the_bearer_may_listen() -> None:
    async with listening(Desk(), BEARER) as page:
        assert await first_messages(page) == ["hello", "snapshot"]


async def test_a_browser_may_listen_with_its_session_and_origin() -> None:
    desk = Desk()
    async with listening(desk, await desk.log_in()) as page:
        assert await first_messages(page) == ["hello", "snapshot"]


async def introduced(headers: dict[str, str], message: str | bytes, desk: Desk | None = None) -> int:
    """The code with which a page is closed that says this first. Fails if it is told anything."""
    async with connected(desk or Desk(), headers) as page:
        await page.send(message)
        with pytest.raises(WebsocketDisconnectError) as refusal:
            await page.receive()
    code = refusal.value.args[0]
    assert isinstance(code, int)
    return code


@pytest.mark.parametrize(
    "message",
    [
        introduction("wrong"),
        introduction(""),
        introduction("x" * 200),
        introduction("x", more=1),
        '{"type": "ticket"}',
        '{"type": "subscribe", "topics": ["firehose"]}',
        "",
        "[]",
        introduction("x").encode(),
    ],
)
@pytest.mark.parametrize("headers", [{}, BEARER, {"Origin": ORIGIN}], ids=["nobody", "bearer", "page"])
async def test_who_shows_no_ticket_is_closed_whatever_else_he_shows(
    headers: dict[str, str], message: str | bytes
) -> None:
    assert await introduced(headers, message) == 4401


async def test_a_session_alone_opens_no_socket() -> None:
    desk = Desk()
    assert await introduced(await desk.log_in(), introduction("x"), desk) == 4401


async def test_who_says_nothing_is_closed_after_five_seconds(autojump_clock: MockClock) -> None:
    async with connected(Desk(), BEARER) as page:
        assert await closing_code(page) == 4401
    assert trio.current_time() == 5


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:8701", ""])
async def test_a_foreign_page_is_closed_before_its_ticket_is_looked_at(origin: str) -> None:
    desk = Desk()
    ticket = await ticket_for(desk, BEARER)
    async with connected(desk, {"Origin": origin}) as page:
        assert await closing_code(page) == 4403
    async with connected(desk, {}) as page:
        await page.send(introduction(ticket))
        assert await first_messages(page) == ["hello", "snapshot"]


async def test_a_ticket_works_once_and_for_thirty_seconds() -> None:
    desk = Desk()
    used, old = [await ticket_for(desk, BEARER) for _ in range(2)]
    async with connected(desk, {}) as page:
        await page.send(introduction(used))
        assert await first_messages(page) == ["hello", "snapshot"]
    assert await introduced({}, introduction(used), desk) == 4401
    desk.clock.advance(30)
    assert await introduced({}, introduction(old), desk) == 4401


async def test_a_ticket_of_a_session_that_has_ended_opens_nothing() -> None:
    desk = Desk()
    headers = await desk.log_in()
    ticket = await ticket_for(desk, headers)
    await desk.ask("DELETE", "/api/v1/session", headers=headers)
    assert await introduced({"Origin": ORIGIN}, introduction(ticket), desk) == 4401


async def test_a_session_without_an_origin_is_refused() -> None:
    desk = Desk()
    ticket = await ticket_for(desk, await desk.log_in())
    assert await introduced({}, introduction(ticket), desk) == 4403


async def test_a_key_that_is_revoked_closes_its_pages(autojump_clock: MockClock) -> None:
    """The key is asked for again each second, and so is the session that it opened."""
    desk = Desk()
    key = Key(name="anna", role=Role.VIEWER, digest=digest_of("k" * 43))
    desk.app.ring.replace([key])
    async with listening(desk, {"Authorization": "Bearer " + "k" * 43}) as page:
        await first_messages(page)
        desk.app.ring.replace([])
        assert await closing_code(page) == 4401


async def test_a_role_that_changes_closes_its_pages(autojump_clock: MockClock) -> None:
    desk = Desk()
    key = Key(name="anna", role=Role.ADMIN, digest=digest_of("k" * 43))
    desk.app.ring.replace([key])
    async with listening(desk, {"Authorization": "Bearer " + "k" * 43}) as page:
        await first_messages(page)
        desk.app.ring.replace([attrs.evolve(key, role=Role.VIEWER)])
        assert await closing_code(page) == 4401


async def test_a_page_that_listens_keeps_its_session_from_being_idle(autojump_clock: MockClock) -> None:
    desk = Desk()
    headers = await desk.log_in()
    async with listening(desk, headers) as page:
        await first_messages(page)
        for _ in range(4):
            desk.clock.advance(10 * 60)
            await trio.sleep(2)
    assert (await desk.ask("GET", "/api/v1/status", headers=headers)).status_code == 200


async def test_a_foreign_host_is_refused_before_the_handshake() -> None:
    async with connected(Desk(), {**BEARER, "Host": "evil.example"}) as page:
        with pytest.raises(WebsocketResponseError) as refusal:
            await page.receive()
    assert refusal.value.response.status_code == 421


def request(type_: str = "subscribe", **others: Any) -> str:
    return json.dumps({"type": type_, "topics": ["firehose"], **others})


@pytest.mark.parametrize(
    "message",
    [
        "hello?",
        "",
        "[]",
        "null",
        '{"type": "subscribe"',
        request("kill"),
        request(topics=[]),
        request(topics=["status"]),
        request(topics=["firehose", "firehose"]),
        request(topics="firehose"),
        request(seq=1),
        '{"type": "subscribe"}',
        request().encode(),
        b"\xff",
        "[" * 60_000,
    ],
)
async def test_a_page_that_says_anything_else_is_closed(message: str | bytes) -> None:
    async with listening(Desk(), BEARER) as page:
        await page.send(message)
        assert await closing_code(page) == 1008


async def test_a_page_is_sent_what_it_asks_for_until_it_wants_it_no_more() -> None:
    desk = Desk()
    async with listening(desk, BEARER) as page:
        await first_messages(page)
        await page.send(request())
        while not desk.backend.watched:  # noqa: ASYNC110 - no event tells of it
            await trio.lowlevel.checkpoint()
        desk.backend.add_frames(1)
        while (message := json.loads(await page.receive()))["type"] != "delta":
            pass
        assert (message["topic"], message["op"]) == ("firehose", "append")
        assert [frame["n"] for frame in message["data"]["frames"]] == [1]
        await page.send(request("unsubscribe"))
        while desk.backend.watched:  # noqa: ASYNC110 - no event tells of it
            await trio.lowlevel.checkpoint()


async def test_a_page_that_goes_listens_no_more() -> None:
    desk = Desk()
    async with listening(desk, BEARER) as page:
        await page.send(request())
        while not desk.backend.watched:  # noqa: ASYNC110 - no event tells of it
            await trio.lowlevel.checkpoint()
    assert not desk.backend.watched


async def test_a_page_that_asks_without_end_is_closed() -> None:
    async with listening(Desk(), BEARER) as page:
        for _ in range(REQUESTS_PER_S + 1):
            await page.send(request())
        assert await closing_code(page) == 1008


async def test_a_page_may_ask_again_and_again_in_its_time(autojump_clock: MockClock) -> None:
    desk = Desk()
    async with listening(desk, BEARER) as page:
        for _ in range(REQUESTS_PER_S):
            await page.send(request())
            await page.send(request("unsubscribe"))
            await trio.sleep(0.5)
        assert await first_messages(page) == ["hello", "snapshot"]


async def test_a_stop_closes_with_1001() -> None:
    desk = Desk()
    async with listening(desk, BEARER) as page:
        await first_messages(page)
        desk.app.hub.close()
        assert await closing_code(page) == 1001


async def test_logging_out_closes_the_page() -> None:
    desk = Desk()
    headers = await desk.log_in()
    async with listening(desk, headers) as page:
        await first_messages(page)
        await desk.ask("DELETE", "/api/v1/session", headers=headers)
        assert await closing_code(page) == 4401


async def test_a_session_that_ends_closes_its_page(autojump_clock: MockClock) -> None:
    desk = Desk()
    headers = await desk.log_in()
    for _ in range(12 * 6 - 1):
        desk.clock.advance(600)
        desk.app.sessions.use(digest_of(headers["Cookie"].partition("=")[2]))
    desk.clock.advance(595)
    async with listening(desk, headers) as page:
        await first_messages(page)
        assert await closing_code(page) == 4401


async def test_a_page_that_goes_is_forgotten() -> None:
    desk = Desk()
    async with listening(desk, BEARER) as page:
        await first_messages(page)
        assert len(desk.app.hub._clients) == 1
    assert not desk.app.hub._clients
