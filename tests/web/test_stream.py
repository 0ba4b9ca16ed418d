"""The WebSocket: who may listen, and how it ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from quart.testing.connections import WebsocketDisconnectError, WebsocketResponseError
from trio.testing import MockClock

from alphapulse_web.stream import REQUESTS_PER_S
from tests.web.web_client import BEARER, ORIGIN, Desk

HOST = {"Host": "127.0.0.1:8700"}


@asynccontextmanager
async def listening(desk: Desk, headers: dict[str, str]) -> AsyncIterator[Any]:
    """A page on the socket of a desk whose hub runs."""
    client = desk.app.test_client(use_cookies=False)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.app.hub.run)
        async with client.websocket("/ws", headers={**HOST, **headers}) as page:
            yield page
        nursery.cancel_scope.cancel()


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


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 4401),
        ({"Origin": ORIGIN}, 4401),
        ({"Authorization": "Bearer wrong"}, 4401),
        ({"Cookie": "alphapulse=x", "Origin": ORIGIN}, 4401),
        ({**BEARER, "Origin": "http://evil.example"}, 4403),
        ({**BEARER, "Origin": "null"}, 4403),
    ],
)
async def test_strangers_are_closed_with_a_code_and_told_nothing(headers: dict[str, str], code: int) -> None:
    async with listening(Desk(), headers) as page:
        with pytest.raises(WebsocketDisconnectError) as refusal:
            await page.receive()
    assert refusal.value.args[0] == code


async def test_a_session_without_an_origin_is_refused() -> None:
    desk = Desk()
    headers = await desk.log_in()
    del headers["Origin"]
    async with listening(desk, headers) as page:
        assert await closing_code(page) == 4403


async def test_a_foreign_host_is_refused_before_the_handshake() -> None:
    async with listening(Desk(), {**BEARER, "Host": "evil.example"}) as page:
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
    desk.clock.advance(12 * 3600 - 5)
    async with listening(desk, headers) as page:
        await first_messages(page)
        assert await closing_code(page) == 4401


async def test_a_page_that_goes_is_forgotten() -> None:
    desk = Desk()
    async with listening(desk, BEARER) as page:
        await first_messages(page)
        assert len(desk.app.hub._clients) == 1
    assert not desk.app.hub._clients
