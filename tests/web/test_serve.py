"""The server on real sockets: hostile clients harm nobody, and a stop ends in time."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import attrs
import pytest
import trio
from hypercorn.events import Event as HypercornEvent
from quart import websocket
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Request, TextMessage
from wsproto.utilities import RemoteProtocolError

from alphapulse.data.roles import Role
from alphapulse.errors import ConfigError
from alphapulse_web import guard
from alphapulse_web.app import create_app
from alphapulse_web.auth import caller_of
from alphapulse_web.http11 import Http11
from alphapulse_web.keys import Key, digest_of
from alphapulse_web.serve import ControlPlane, hypercorn_config
from tests.web.fake_backend import PAIR, FakeBackend
from tests.web.hostile import CORPUS, GET, KILLERS, TEXT, TICKET, Attack, api, frame, upgrade
from tests.web.web_client import TOKEN, Clock, web_settings

pytestmark = pytest.mark.real_io

LIMIT_S = 60
LOOK_S = 0.02
"""How long an attacker looks for an answer before it sends its next chunk."""


@attrs.define(eq=False)
class Rig:
    """A control plane on a free port, and a task beside it that stands for trading."""

    plane: ControlPlane
    backend: FakeBackend
    port: int
    scope: trio.CancelScope
    done: trio.Event
    beats: int = 0
    streams: list[trio.SocketStream] = attrs.field(factory=list)

    async def trade(self) -> None:
        while True:
            self.beats += 1
            await trio.sleep(0.005)

    async def connect(self, receive_buffer: int | None = None) -> trio.SocketStream:
        raw = trio.socket.socket()
        if receive_buffer is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            await raw.connect(("127.0.0.1", self.port))
        except OSError:
            raw.close()
            raise
        self.streams.append(trio.SocketStream(raw))
        return self.streams[-1]

    async def get(self) -> bytes:
        """The status line of a plain request."""
        async with await self.connect() as stream:
            await stream.send_all(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            text = b""
            async for chunk in stream:
                text += chunk
        return text.partition(b"\r\n")[0].strip()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait in real time, for a while."""
        with trio.fail_after(LIMIT_S):
            while not condition():  # noqa: ASYNC110  # the kernel sets no event
                await trio.sleep(0.005)

    async def is_well(self) -> None:
        """A stranger is answered, and trading goes on."""
        with trio.fail_after(LIMIT_S):
            assert await self.get() == b"HTTP/1.1 200"
        beats = self.beats
        await self.until(lambda: self.beats >= beats + 3)

    def hang_up(self) -> None:
        """Close whatever this rig's clients left open."""
        for stream in self.streams:
            stream.socket.close()

    async def emptied(self) -> None:
        """Fails unless every connection ends: one that is stuck would hold its place for ever."""
        with trio.fail_after(LIMIT_S):
            await self.plane.ward.emptied()

    async def stop(self) -> None:
        """Cancel the plane; fails if it hangs."""
        self.scope.cancel()
        with trio.fail_after(LIMIT_S):
            await self.done.wait()


@asynccontextmanager
async def running(backend: FakeBackend | None = None) -> AsyncIterator[Rig]:
    """A rig, and its stop."""
    backend = backend or FakeBackend()
    plane = ControlPlane(create_app(backend, web_settings(Clock())), port=0)
    scope, done = trio.CancelScope(), trio.Event()

    async def serve(*, task_status: trio.TaskStatus[str]) -> None:
        try:
            with scope:
                await plane.run(task_status=task_status)
        finally:
            done.set()

    async with trio.open_nursery() as nursery:
        url = await nursery.start(serve)
        rig = Rig(plane, backend, int(url.rpartition(":")[2]), scope, done)
        nursery.start_soon(rig.trade)
        yield rig
        await rig.stop()
        rig.hang_up()
        nursery.cancel_scope.cancel()


async def attack(rig: Rig, attack: Attack, *, reset: bool) -> None:
    """Send the chunks, look at the answers, and go: in good order, or with a reset."""
    stream = await rig.connect()
    try:
        for chunk in attack.chunks:
            with trio.move_on_after(5):
                ticket = fresh_ticket(rig).encode() if TICKET in chunk else b""
                await stream.send_all(chunk.replace(TICKET, ticket))
            with trio.move_on_after(LOOK_S):
                await stream.receive_some(65_536)
    except trio.BrokenResourceError:
        # Cut off before it had said everything: an answer like any other.
        reset = True
    if reset:
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await trio.aclose_forcefully(stream)


def fresh_ticket(rig: Rig) -> str:
    """A ticket of the token's bearer."""
    app = rig.plane._app
    return app.tickets.issue(caller_of(app.ring.owner, "127.0.0.1")).text.reveal()


def introduction(rig: Rig) -> str:
    """What a page says first."""
    return json.dumps({"type": "ticket", "ticket": fresh_ticket(rig)})


class Page:
    """A dashboard on a real socket."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.wire = WSConnection(ConnectionType.CLIENT)

    async def open(self, rig: Rig) -> None:
        await self.stream.send_all(self.wire.send(Request(host="127.0.0.1", target="/ws")))
        assert isinstance(await self.next(), AcceptConnection)
        await self.stream.send_all(self.wire.send(TextMessage(introduction(rig))))

    async def next(self) -> Event:
        while True:
            for event in self.wire.events():
                return event
            self.wire.receive_data(await self.stream.receive_some(65_536) or None)

    async def closing_code(self) -> int:
        """The code with which the server closes; a connection that just ends counts as 1006."""
        while True:
            try:
                event = await self.next()
            except (RemoteProtocolError, trio.BrokenResourceError):
                return 1006
            if isinstance(event, CloseConnection):
                return event.code


def sending() -> int:
    """How many tasks of this process are within a send."""

    def count(task: trio.lowlevel.Task) -> int:
        names = {frame.f_code.co_name for frame, _ in task.iter_await_frames()}
        below = sum(count(child) for nursery in task.child_nurseries for child in nursery.child_tasks)
        return below + ("send_all" in names)

    root = trio.lowlevel.current_root_task()
    assert root is not None
    return count(root)


async def stalled_page(rig: Rig) -> trio.SocketStream:
    """A dashboard that reads its handshake and nothing more, with as little room as the kernel gives."""
    stream = await rig.connect(receive_buffer=2_048)
    await stream.send_all(upgrade())
    await stream.receive_some(64)
    await stream.send_all(frame(TEXT, introduction(rig).encode()))
    return stream


@pytest.mark.slow
@pytest.mark.parametrize("reset", [False, True], ids=["fin", "rst"])
@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
async def test_an_attack_harms_nobody_else(case: Attack, reset: bool) -> None:
    async with running() as rig:
        await attack(rig, case, reset=reset)
        await rig.is_well()
        await rig.emptied()


async def test_all_attacks_at_once_harm_nobody_else() -> None:
    async with running() as rig:
        page = Page(await rig.connect())
        await page.open(rig)
        await page.next()
        async with trio.open_nursery() as nursery:
            for case in CORPUS:
                nursery.start_soon(partial(attack, rig, case, reset=len(case.name) % 2 == 0))
        await rig.is_well()
        rig.backend.touch("tree")
        with trio.fail_after(LIMIT_S):
            while not (isinstance(event := await page.next(), TextMessage) and '"topic":"tree"' in event.data):
                pass


@pytest.mark.parametrize("case", KILLERS, ids=lambda case: case.name)
async def test_what_kills_stock_hypercorn_is_contained_and_counted(case: Attack) -> None:
    async with running() as rig:
        await attack(rig, case, reset=False)
        await rig.is_well()
        await rig.until(lambda: rig.plane.ward.contained >= 1)


async def test_who_speaks_before_it_was_accepted_is_cut_off_without_a_fault(caplog: pytest.LogCaptureFixture) -> None:
    """A WebSocket's first bytes may come while the application accepts it: no request of ours fails of that."""
    async with running() as rig:
        for waits in range(40):
            stream = await rig.connect()
            await stream.send_all(upgrade())
            for _ in range(waits % 8):
                await trio.lowlevel.checkpoint()
            with suppress(trio.BrokenResourceError):
                await stream.send_all(frame(TEXT, b"hi"))
                await stream.receive_some(4096)
            await trio.aclose_forcefully(stream)
        await rig.emptied()
        await rig.is_well()
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


async def test_no_step_of_a_connection_takes_in_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others have their turn after each few kilobytes, however much a client has sent already."""
    heard: list[int] = []

    class Counting(Http11):
        async def handle(self, event: HypercornEvent) -> None:
            heard.append(len(getattr(event, "data", b"")))
            await super().handle(event)

    monkeypatch.setattr(guard, "Http11", Counting)
    async with running() as rig:
        stream = await rig.connect()
        with suppress(trio.BrokenResourceError):
            await stream.send_all(GET.replace(b"\r\n\r\n", b"\r\nX: " + b"x" * 200_000))
            await stream.receive_some(4096)
        await trio.aclose_forcefully(stream)
        await rig.emptied()
    assert 0 < max(heard) <= guard.HEARD_BYTES


@pytest.mark.parametrize("reset", [False, True], ids=["fin", "rst"])
async def test_a_page_that_vanishes_stops_nobody(reset: bool) -> None:
    """A send to a closed connection returns without a checkpoint; a loop of such sends would freeze the process."""
    async with running() as rig:
        pages = [await stalled_page(rig) for _ in range(5)]
        for stream in pages:
            if reset:
                stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await trio.aclose_forcefully(stream)
        for _ in range(5):
            rig.backend.touch()
            await rig.is_well()
        await rig.until(lambda: not rig.plane._app.hub._clients)


@pytest.mark.parametrize("reset", [False, True], ids=["fin", "rst"])
async def test_a_handler_that_only_sends_does_not_freeze_the_process(reset: bool) -> None:
    """The server itself puts the checkpoint before each send, whatever a handler does."""
    async with running() as rig:
        ended = trio.Event()

        @rig.plane._app.websocket("/spin")
        async def spin() -> None:
            await websocket.accept()
            try:
                while True:
                    await websocket.send("x" * 1_000)
            finally:
                ended.set()

        stream = await rig.connect()
        await stream.send_all(upgrade(line=b"GET /spin HTTP/1.1"))
        await stream.receive_some(65_536)
        if reset:
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await trio.aclose_forcefully(stream)
        await rig.is_well()
        with trio.fail_after(LIMIT_S):
            await ended.wait()


@pytest.mark.slow
async def test_a_page_that_stops_reading_is_cut_off() -> None:
    backend = FakeBackend()
    async with running(backend) as rig:
        backend.add_points(PAIR, 5_000)
        await stalled_page(rig)
        with trio.fail_after(LIMIT_S):
            while not rig.plane.ward.stalled:
                backend.touch()
                await trio.sleep(0.01)
        await rig.is_well()


@pytest.mark.slow
async def test_a_stop_with_twenty_stalled_pages_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SEND_LIMIT_S", LIMIT_S)
    backend = FakeBackend()
    async with running(backend) as rig:
        backend.add_points(PAIR, 5_000)
        for _ in range(20):
            await stalled_page(rig)
        await rig.until(lambda: sending() == 20)
        await rig.is_well()
        await rig.stop()


@pytest.mark.slow
async def test_a_stop_with_twenty_stalled_downloads_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SEND_LIMIT_S", LIMIT_S)
    backend = FakeBackend()
    async with running(backend) as rig:
        backend.add_points(PAIR, 50_000)
        streams = [await rig.connect(receive_buffer=2_048) for _ in range(20)]
        # Two callers, since one may ask ten times in a second.
        another = "another-" + TOKEN
        rig.plane._app.ring.replace([Key(name="another", role=Role.VIEWER, digest=digest_of(another))])
        for stream, token in zip(streams, [TOKEN, another] * 10, strict=True):
            await stream.send_all(api(b"pairs", f"Authorization: Bearer {token}\r\n".encode()))
        await rig.until(lambda: sending() == 20)
        await rig.is_well()
        await rig.stop()


async def test_a_cancel_tells_the_pages_1001() -> None:
    async with running() as rig:
        page = Page(await rig.connect())
        await page.open(rig)
        await page.next()
        rig.scope.cancel()
        with trio.fail_after(LIMIT_S):
            assert await page.closing_code() == 1001


async def test_the_staged_stop_tells_1001_and_then_waits_to_be_cancelled() -> None:
    async with running() as rig:
        page = Page(await rig.connect())
        await page.open(rig)
        await page.next()
        rig.plane.request_stop()
        with trio.fail_after(LIMIT_S):
            assert await page.closing_code() == 1001
        with pytest.raises(OSError, match="refused"):
            await rig.connect()
        assert not rig.done.is_set()


async def test_a_plane_can_be_run_again() -> None:
    """Its supervisor restarts it."""
    plane = ControlPlane(create_app(FakeBackend(), web_settings(Clock())), port=0)
    for _ in range(2):
        with trio.fail_after(LIMIT_S):
            async with trio.open_nursery() as nursery:
                url = await nursery.start(plane.run)
                rig = Rig(plane, FakeBackend(), int(url.rpartition(":")[2]), nursery.cancel_scope, trio.Event())
                page = Page(await rig.connect())
                await page.open(rig)
                assert isinstance(await page.next(), TextMessage)
                rig.hang_up()
                nursery.cancel_scope.cancel()


async def test_a_port_that_is_taken_is_an_error_at_start() -> None:
    async with running() as rig:
        app = create_app(FakeBackend(), web_settings(Clock()))
        with pytest.raises(OSError, match="in use"):
            await ControlPlane(app, port=rig.port).run()


async def test_a_newcomer_takes_the_place_of_the_stranger_who_waits_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAX_CONNECTIONS", 3)
    async with running() as rig:
        page = Page(await rig.connect())
        await page.open(rig)
        await page.next()
        strangers = [await rig.connect() for _ in range(2)]
        await rig.until(lambda: len(rig.plane.ward._streams) == 3)
        late = await rig.connect()
        await rig.until(lambda: rig.plane.ward.displaced == 1)
        with trio.fail_after(LIMIT_S):
            assert await strangers[0].receive_some() == b""
            assert isinstance(await page.next(), TextMessage)
        for stream in (*strangers, late):
            await trio.aclose_forcefully(stream)
        await rig.is_well()


async def test_where_all_are_logged_in_the_oldest_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAX_CONNECTIONS", 2)
    async with running() as rig:
        pages = [Page(await rig.connect()) for _ in range(2)]
        for page in pages:
            await page.open(rig)
            await page.next()
        await rig.is_well()
        with trio.fail_after(LIMIT_S):
            assert await pages[0].closing_code() == 1006


HALF = (b"", b"\r\n", b"GET / HTTP/1.1\r\n", GET[:-2], b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\n")


@pytest.mark.parametrize("sent", HALF)
async def test_half_a_request_is_given_up(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection is closed that has not brought a whole head within the time of an idle one (5 s)."""
    config = hypercorn_config()
    assert config.keep_alive_timeout == 5
    config.keep_alive_timeout = 0.2
    monkeypatch.setattr("alphapulse_web.serve.hypercorn_config", lambda: config)
    async with running() as rig, await rig.connect() as stream:
        with trio.fail_after(LIMIT_S), suppress(trio.BrokenResourceError):
            await stream.send_all(sent)
            while await stream.receive_some(65_536):
                pass
        # The stranger who comes next may take the usual time, however busy the machine is.
        config.keep_alive_timeout = 5
        await rig.is_well()


async def test_bytes_in_drops_do_not_prolong_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    config = hypercorn_config()
    config.keep_alive_timeout = 0.3
    monkeypatch.setattr("alphapulse_web.serve.hypercorn_config", lambda: config)
    async with running() as rig, await rig.connect() as stream:
        await stream.send_all(b"GET / HTTP/1.1\r\nX: ")
        with trio.fail_after(LIMIT_S), suppress(trio.BrokenResourceError):
            while True:
                await stream.send_all(b"x")
                await trio.sleep(0.01)
        config.keep_alive_timeout = 5
        await rig.is_well()


CHUNKED = b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n"
AMBIGUOUS = (
    (CHUNKED + b"\r\n0\r\n\r\n" + GET, b"400"),
    (b"GET http://evil.example/livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + GET, b"400"),
    (b"GET http://evil.example:80?livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + GET, b"400"),
    (b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 17_000 + b"\r\n\r\n" + GET, b"431"),
)


async def test_what_a_proxy_could_read_otherwise_is_refused_and_nothing_behind_it_is_read() -> None:
    """A body with two lengths, a target that names another host, headers over 16 KiB: one answer, and the end."""
    async with running() as rig:
        for sent, status in AMBIGUOUS:
            async with await rig.connect() as stream:
                answer = b""
                with trio.fail_after(LIMIT_S), suppress(trio.BrokenResourceError):
                    await stream.send_all(sent)
                    while data := await stream.receive_some(65_536):
                        answer += data
                assert answer.startswith(b"HTTP/1.1 " + status)
                assert answer.count(b"HTTP/1.1") == 1
        async with await rig.connect() as stream:
            await stream.send_all(b"GET http://127.0.0.1/livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert bytes(await stream.receive_some(65_536)).startswith(b"HTTP/1.1 200")


def test_another_hypercorn_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is guarded are its inner parts: the corpus has been run against one version."""
    guard.check_server_version()
    monkeypatch.setattr(guard, "version", lambda _: "0.18.1")
    with pytest.raises(ConfigError, match=r"expected Hypercorn 0\.18\.0"):
        guard.check_server_version()


async def test_the_server_does_not_say_what_it_is() -> None:
    async with running() as rig, await rig.connect() as stream:
        await stream.send_all(GET)
        head = bytes(await stream.receive_some(65_536)).lower()
        assert b"server:" not in head
        assert b"hypercorn" not in head


async def test_a_frame_of_the_page_is_not_compressed() -> None:
    """Compressing a snapshot would hold the loop up, and a small frame must not unpack into a large one."""
    async with running() as rig, await rig.connect() as stream:
        await stream.send_all(upgrade(b"Sec-WebSocket-Extensions: permessage-deflate\r\n"))
        head = bytes(await stream.receive_some(65_536)).lower()
        assert head.startswith(b"http/1.1 101")
        assert b"sec-websocket-extensions" not in head
