"""What every transport promises: memory, Unix sockets and TCP with TLS behave alike."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from alphapulse.errors import ConnectFailed, LinkClosed, LinkStalled, PeerRefused
from alphapulse.transport.byte_link import ByteLink
from tests.transport.conftest import Certify
from tests.transport.mediums import Medium, medium, receive_exactly, receive_to_end

LIMIT_S = 60.0
BIG = random.Random(7).randbytes(5_000_003)


@pytest.fixture(params=["memory", "unix", "tcp"])
def over(request: pytest.FixtureRequest, tmp_path: Path, certify: Certify) -> Medium:
    return medium(request.param, tmp_path, certify)


@pytest.fixture(autouse=True)
def no_descriptor_is_left() -> Iterator[None]:
    """Every socket and file that a test opened is closed by its end."""
    before = open_descriptors()
    yield
    assert open_descriptors() <= before


def open_descriptors() -> set[str]:
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:") or ".lock" in target:
            found.add(target)
    return found


async def echo(link: ByteLink) -> None:
    while data := await link.receive_some(65_536):
        await link.send_all(data)


async def send_without_end(link: ByteLink) -> None:
    while True:
        await link.send_all(BIG)


async def test_bytes_arrive_in_order_and_whole_however_they_are_cut(over: Medium) -> None:
    chance = random.Random(11)
    with trio.fail_after(LIMIT_S):
        async with over.pair() as (ours, theirs), trio.open_nursery() as nursery:

            async def send() -> None:
                sent = 0
                while sent < len(BIG):
                    size = chance.choice((1, 7, 1_000, 65_536, 300_000))
                    await ours.send_all(memoryview(BIG)[sent : sent + size])
                    sent += size
                await ours.aclose()

            nursery.start_soon(send)
            assert await receive_to_end(theirs) == BIG


async def test_one_big_send_passes_both_ways_at_once(over: Medium) -> None:
    with trio.fail_after(LIMIT_S):
        async with over.pair() as (ours, theirs), trio.open_nursery() as nursery:
            nursery.start_soon(ours.send_all, BIG)
            nursery.start_soon(theirs.send_all, BIG[::-1])
            received: list[bytes] = []

            async def take(link: ByteLink) -> None:
                received.append(await receive_exactly(link, len(BIG)))

            nursery.start_soon(take, theirs)
            assert await receive_exactly(ours, len(BIG)) == BIG[::-1]
        assert received == [BIG]


async def test_what_was_sent_before_the_close_arrives_and_then_the_end(over: Medium) -> None:
    with trio.fail_after(LIMIT_S):
        async with over.pair() as (ours, theirs):
            await ours.send_all(b"last words")
            await ours.aclose()
            assert await receive_to_end(theirs) == b"last words"
            assert await theirs.receive_some(10) == b""


async def test_sending_to_a_side_that_has_closed_ends_in_link_closed(over: Medium) -> None:
    with trio.fail_after(LIMIT_S):
        async with over.pair() as (ours, theirs):
            await theirs.aclose()
            with pytest.raises(LinkClosed):
                await send_without_end(ours)


async def test_a_link_that_was_closed_here_says_so_and_closes_twice(over: Medium) -> None:
    with trio.fail_after(LIMIT_S):
        async with over.pair() as (ours, _):
            await ours.aclose()
            await ours.aclose()
            with pytest.raises(LinkClosed, match="closed here"):
                await ours.send_all(b"x")
            with pytest.raises(LinkClosed, match="closed here"):
                await ours.receive_some(1)


async def test_closing_wakes_the_task_that_receives(over: Medium) -> None:
    with trio.fail_after(LIMIT_S):
        async with over.pair() as (ours, _), trio.open_nursery() as nursery:

            async def receive() -> None:
                with pytest.raises(LinkClosed, match="closed here"):
                    await ours.receive_some(1)

            nursery.start_soon(receive)
            await trio.testing.wait_all_tasks_blocked(0.01)
            await ours.aclose()


async def test_a_reader_that_takes_nothing_is_given_up(over: Medium) -> None:
    """The send ends with LinkStalled, and nothing can follow what was half sent."""
    with trio.fail_after(LIMIT_S):
        async with over.pair(write_stall_s=0.05) as (ours, _):
            with pytest.raises(LinkStalled, match=r"took nothing for 0\.05 s"):
                await ours.send_all(bytes(50_000_000))
            with pytest.raises(LinkClosed, match="cut short"):
                await ours.send_all(b"x")


async def test_a_slow_reader_is_waited_for_as_long_as_it_takes_bytes(over: Medium) -> None:
    with trio.fail_after(LIMIT_S):
        async with over.pair() as (ours, theirs), trio.open_nursery() as nursery:
            nursery.start_soon(ours.send_all, BIG)
            received = bytearray()
            while len(received) < len(BIG):
                received += await theirs.receive_some(40_000)
                await trio.lowlevel.checkpoint()
            assert received == BIG


async def test_a_cancelled_send_is_the_last_one(over: Medium) -> None:
    with trio.fail_after(LIMIT_S):
        async with over.pair() as (ours, theirs):
            with trio.move_on_after(0.01) as scope:
                await ours.send_all(bytes(50_000_000))
            assert scope.cancelled_caught
            with pytest.raises(LinkClosed, match="cut short"):
                await ours.send_all(b"x")
            await ours.aclose()
            if over.name == "tcp":
                with pytest.raises(LinkClosed, match="broke off"):
                    await receive_to_end(theirs)


async def test_a_second_sender_is_refused(over: Medium) -> None:
    with trio.fail_after(LIMIT_S):
        async with over.pair() as (ours, _), trio.open_nursery() as nursery:
            nursery.start_soon(ours.send_all, bytes(50_000_000))
            await trio.testing.wait_all_tasks_blocked(0.01)
            with pytest.raises(trio.BusyResourceError):
                await ours.send_all(b"x")
            nursery.cancel_scope.cancel()


async def test_nobody_listens(over: Medium) -> None:
    async with over.serving(echo) as address:
        pass
    with trio.fail_after(LIMIT_S), pytest.raises(ConnectFailed, match="nobody"):
        await over.connect(address)


async def test_a_name_can_be_listened_at_again(over: Medium) -> None:
    with trio.fail_after(LIMIT_S):
        for _ in range(3):
            async with over.serving(echo) as address:
                link = await over.connect(address)
                await link.send_all(b"there")
                assert await receive_exactly(link, 5) == b"there"
                await link.aclose()


async def test_many_connections_at_once_each_have_their_own_bytes(over: Medium) -> None:
    with trio.fail_after(LIMIT_S):
        async with over.serving(echo, connections=50) as address, trio.open_nursery() as nursery:

            async def talk(number: int) -> None:
                link = await over.connect(address)
                text = b"%d " % number * 20_000
                nursery.start_soon(link.send_all, text)
                assert await receive_exactly(link, len(text)) == text
                await link.aclose()

            for number in range(50):
                nursery.start_soon(talk, number)


async def test_one_connection_too_many_is_told_so(over: Medium) -> None:
    with trio.fail_after(LIMIT_S):
        async with over.serving(echo, connections=2) as address:
            links = [await over.connect(address) for _ in range(2)]
            with pytest.raises(PeerRefused, match="2 connections already"):
                await over.connect(address)
            for link in links:
                await link.send_all(b"still here")
                assert await receive_exactly(link, 10) == b"still here"
                await link.aclose()


async def test_a_handler_that_fails_ends_its_own_connection_only(
    over: Medium, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail_on_x(link: ByteLink) -> None:
        while data := await link.receive_some(100):
            if data == b"x":
                raise ZeroDivisionError("a mistake")
            await link.send_all(data)

    with trio.fail_after(LIMIT_S):
        async with over.serving(fail_on_x) as address:
            one, two = await over.connect(address), await over.connect(address)
            await one.send_all(b"x")
            assert await one.receive_some(1) == b""
            await two.send_all(b"y")
            assert await receive_exactly(two, 1) == b"y"
            await one.aclose()
            await two.aclose()
    assert "its handler failed" in caplog.text


@pytest.mark.parametrize("step", range(1, 25))
async def test_a_cancel_at_any_moment_leaves_nothing_open(over: Medium, step: int) -> None:
    """Whichever checkpoint of connecting, talking and closing the cancel meets, no socket and no file is left."""
    with trio.fail_after(LIMIT_S):
        async with over.serving(echo) as address:
            with trio.CancelScope() as scope:
                trio.lowlevel.add_instrument(instrument := _CancelAtStep(step, scope))
                try:
                    link = await over.connect(address)
                    try:
                        await link.send_all(b"hello")
                        await receive_exactly(link, 5)
                    finally:
                        await link.aclose()
                finally:
                    trio.lowlevel.remove_instrument(instrument)
    if over.name == "unix":
        assert not list(over.address.path.parent.glob("relay.sock*"))  # type: ignore[union-attr]


class _CancelAtStep(trio.abc.Instrument):
    """Cancels a scope when the current task begins its `step`-th step from now."""

    def __init__(self, step: int, scope: trio.CancelScope) -> None:
        self._task = trio.lowlevel.current_task()
        self._left = step
        self._scope = scope

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is self._task:
            self._left -= 1
            if self._left == 0:
                self._scope.cancel("the test's step is reached")
