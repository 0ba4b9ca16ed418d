"""Streams of a real nats-server: stored once, numbered, delivered in order, and errors that say what is wrong."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
import trio
import trustme

from alphapulse.errors import BrokerError, ConnectFailed, LinkClosed, MessageTooLarge, PeerRefused
from alphapulse.transport import nats_connection, nats_login
from alphapulse.transport.address import NatsAddress
from alphapulse.transport.jetstream import JetStream, Published, StreamSettings
from alphapulse.transport.jetstream_consumer import BATCH, StreamConsumer, open_consumer
from alphapulse.transport.nats_login import connect_nats
from tests.transport.conftest import Certify
from tests.transport.nats_server import NatsServer, connected, nats_server

pytestmark = [pytest.mark.real_io, pytest.mark.slow]

LIMIT_S = 60.0
DAY_S = 86_400
SETTINGS = StreamSettings("market", ("market.data",), max_age_s=DAY_S, max_bytes=50_000_000)


@contextlib.asynccontextmanager
async def jetstream(server: NatsServer) -> AsyncIterator[JetStream]:
    async with connected(server.address) as connection:
        yield JetStream(connection)


async def put(streams: JetStream, first: int, last: int) -> None:
    for number in range(first, last + 1):
        await streams.publish("market.data", b"%d" % number, message_id=f"m{number}")


async def take(consumer: StreamConsumer, count: int, *, acknowledge: bool = True) -> list[tuple[int, bytes]]:
    taken: list[tuple[int, bytes]] = []
    while len(taken) < count:
        for delivery in await consumer.receive():
            taken.append((delivery.sequence, delivery.data))
            if acknowledge:
                consumer.acknowledge(delivery)
    return taken


def numbered(first: int, last: int) -> list[tuple[int, bytes]]:
    return [(number, b"%d" % number) for number in range(first, last + 1)]


async def test_a_message_is_stored_once_however_often_it_is_published(tmp_path: Path) -> None:
    with trio.fail_after(LIMIT_S):
        async with nats_server(tmp_path) as server, jetstream(server) as streams:
            await streams.ensure_stream(SETTINGS)
            assert await streams.publish("market.data", b"x", message_id="a") == Published(1, duplicate=False)
            assert await streams.publish("market.data", b"x", message_id="b") == Published(2, duplicate=False)
            assert await streams.publish("market.data", b"x", message_id="a") == Published(1, duplicate=True)
            state = await streams.state("market")
            assert (state.first, state.last) == (1, 2)


async def test_a_stream_is_made_once_and_verified_ever_after(tmp_path: Path) -> None:
    """Several processes may make it at the same moment; one with other settings is told which they are."""
    other = StreamSettings("market", ("market.data", "market.more"), max_age_s=60, max_bytes=50_000_000)
    with trio.fail_after(LIMIT_S):
        async with nats_server(tmp_path) as server, jetstream(server) as one, jetstream(server) as two:
            async with trio.open_nursery() as nursery:
                for streams in (one, two, one, two):
                    nursery.start_soon(streams.ensure_stream, SETTINGS)
            await one.ensure_stream(SETTINGS)
            with pytest.raises(BrokerError, match=r"subjects is .*; max_age is .* and not 60000000000") as found:
                await two.ensure_stream(other)
            assert "edit or remove the stream" in str(found.value)


async def test_more_than_a_batch_arrives_in_order_with_dense_numbers(tmp_path: Path) -> None:
    count = 3 * BATCH + 7
    with trio.fail_after(LIMIT_S):
        async with nats_server(tmp_path) as server, jetstream(server) as streams:
            await streams.ensure_stream(SETTINGS)
            plain, durable = await open_consumer(streams, "market"), await open_consumer(streams, "market", durable="d")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(put, streams, 1, count)
                assert await take(plain, count) == numbered(1, count)
                assert await take(durable, count) == numbered(1, count)


async def test_what_a_dead_consumer_had_comes_again_before_what_is_newer(tmp_path: Path) -> None:
    """Each number is given once to the next life, in order, from behind the last acknowledgement."""
    with trio.fail_after(LIMIT_S):
        async with nats_server(tmp_path) as server:
            async with jetstream(server) as streams:
                await streams.ensure_stream(SETTINGS)
                first_life = await open_consumer(streams, "market", durable="d", ack_wait_s=0.5)
                await put(streams, 1, 10)
                assert await take(first_life, 10) == numbered(1, 10)
            async with jetstream(server) as streams:
                second_life = await open_consumer(streams, "market", durable="d", ack_wait_s=0.5)
                await put(streams, 11, 15)
                taken = await take(second_life, 5, acknowledge=False)
                assert taken == numbered(11, 15)
            async with jetstream(server) as streams:
                third_life = await open_consumer(streams, "market", durable="d", ack_wait_s=0.5)
                await put(streams, 16, 17)
                assert await take(third_life, 7) == numbered(11, 17)


async def test_a_message_that_is_dealt_with_slowly_is_given_once(tmp_path: Path) -> None:
    """The server sends it again after the wait; the consumer has had it already in this life."""
    with trio.fail_after(LIMIT_S):
        async with nats_server(tmp_path) as server, jetstream(server) as streams:
            await streams.ensure_stream(SETTINGS)
            consumer = await open_consumer(streams, "market", durable="d", ack_wait_s=0.1)
            await put(streams, 1, 1)
            assert await take(consumer, 1, acknowledge=False) == numbered(1, 1)
            answer = await streams.connection.request("$JS.API.CONSUMER.INFO.market.d", b"", limit_s=1)
            while b'"num_redelivered":1' not in answer.payload:
                answer = await streams.connection.request("$JS.API.CONSUMER.INFO.market.d", b"", limit_s=1)
            await put(streams, 2, 2)
            assert await take(consumer, 1) == numbered(2, 2)
            assert not consumer._held


async def test_what_the_stream_has_dropped_is_a_gap_in_the_numbers(tmp_path: Path) -> None:
    """A consumer that begins too late sees where it begins; a durable one does not wait for what is gone."""
    small = StreamSettings("market", ("market.data",), max_age_s=DAY_S, max_bytes=2_000)
    with trio.fail_after(LIMIT_S):
        async with nats_server(tmp_path) as server:
            async with jetstream(server) as streams:
                await streams.ensure_stream(small)
                first_life = await open_consumer(streams, "market", durable="d", ack_wait_s=0.2)
                await put(streams, 1, 3)
                await take(first_life, 3, acknowledge=False)
            async with jetstream(server) as streams:
                await put(streams, 4, 200)
                oldest = (await streams.state("market")).first
                assert oldest > 4
                late = await open_consumer(streams, "market", first=1)
                assert (await take(late, 1))[0] == (oldest, b"%d" % oldest)
                second_life = await open_consumer(streams, "market", durable="d", ack_wait_s=0.2)
                assert (await take(second_life, 1))[0] == (oldest, b"%d" % oldest)


async def test_a_stream_that_was_made_anew_is_told(tmp_path: Path) -> None:
    with trio.fail_after(LIMIT_S):
        async with nats_server(tmp_path) as server, jetstream(server) as streams:
            await streams.ensure_stream(SETTINGS)
            await put(streams, 1, 5)
            consumer = await open_consumer(streams, "market", first=6)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(expect_the_end, consumer)
                await trio.testing.wait_all_tasks_blocked(0.05)
                await streams.remove_stream("market")
            await streams.ensure_stream(SETTINGS)
            with pytest.raises(BrokerError, match=r"expected message 6 .* it was made anew"):
                await open_consumer(streams, "market", first=6)


async def expect_the_end(consumer: StreamConsumer) -> None:
    with pytest.raises(BrokerError, match="has ended: consumer deleted"):
        await consumer.receive()


async def test_a_killed_server_ends_all_waiting_and_loses_nothing_that_was_stored(tmp_path: Path) -> None:
    """Whoever waits gets LinkClosed; the next connection knows a repeated message, and consumers skip nothing."""
    with trio.fail_after(LIMIT_S):
        async with nats_server(tmp_path) as server:
            async with jetstream(server) as streams:
                await streams.ensure_stream(SETTINGS)
                consumer = await open_consumer(streams, "market", durable="d")
                await put(streams, 1, 5)
                await take(consumer, 5)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(expect_link_closed, consumer)
                    await trio.testing.wait_all_tasks_blocked(0.05)
                    server.kill()
                with pytest.raises(LinkClosed):
                    await streams.publish("market.data", b"6", message_id="m6")
            with pytest.raises(ConnectFailed, match="nobody answers at nats://127"):
                await connect_nats(server.address, name="test", random=Random())
            await server.start()
            async with jetstream(server) as streams:
                assert await streams.publish("market.data", b"5", message_id="m5") == Published(5, duplicate=True)
                await put(streams, 6, 7)
                consumer = await open_consumer(streams, "market", durable="d")
                first, *_ = taken = await take(consumer, 2)
                while taken[-1][0] < 7:
                    taken += await take(consumer, 1)
                # The server writes acknowledgements to its disk a moment later, so that some may count no more.
                assert taken == numbered(first[0], 7)


async def test_who_has_dealt_with_a_message_need_not_know_that_the_server_is_gone(tmp_path: Path) -> None:
    """The acknowledgement is lost, and the message comes again."""
    with trio.fail_after(LIMIT_S):
        async with nats_server(tmp_path) as server:
            async with jetstream(server) as streams:
                await streams.ensure_stream(SETTINGS)
                consumer = await open_consumer(streams, "market", durable="d")
                await put(streams, 1, 1)
                (delivery,) = await consumer.receive()
                server.kill()
                await expect_link_closed(consumer)
                consumer.acknowledge(delivery)
            await server.start()
            async with jetstream(server) as streams:
                consumer = await open_consumer(streams, "market", durable="d")
                assert await take(consumer, 1) == numbered(1, 1)


async def expect_link_closed(consumer: StreamConsumer) -> None:
    with pytest.raises(LinkClosed):
        await consumer.receive()


async def test_a_server_that_stands_still_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nats_connection, "PING_EVERY_S", 0.1)
    monkeypatch.setattr(nats_connection, "MOST_PONGS_DUE", 1_000)
    with trio.fail_after(LIMIT_S):
        async with nats_server(tmp_path) as server, jetstream(server) as streams:
            await streams.ensure_stream(SETTINGS)
            consumer = await open_consumer(streams, "market")
            server.pause()
            monkeypatch.setattr(nats_connection, "MOST_PONGS_DUE", 2)
            with pytest.raises(LinkClosed, match="has not answered"):
                await consumer.receive()


async def test_a_server_without_jetstream_is_told_how_to_start(tmp_path: Path) -> None:
    with trio.fail_after(LIMIT_S):
        async with nats_server(tmp_path, jetstream=False) as server, jetstream(server) as streams:
            with pytest.raises(BrokerError, match=r"runs without JetStream; start it with JetStream \(-js\)"):
                await streams.ensure_stream(SETTINGS)


async def test_a_missing_stream_is_named(tmp_path: Path) -> None:
    with trio.fail_after(LIMIT_S):
        async with nats_server(tmp_path) as server, jetstream(server) as streams:
            with pytest.raises(BrokerError, match=r"nobody takes messages of market\.data"):
                await streams.publish("market.data", b"x", message_id="a")
            with pytest.raises(BrokerError, match="stream not found"):
                await open_consumer(streams, "market")


async def test_a_message_over_the_servers_limit_is_refused_here(tmp_path: Path) -> None:
    """The headers count too, and the connection stays."""
    with trio.fail_after(LIMIT_S):
        async with nats_server(tmp_path) as server, jetstream(server) as streams:
            await streams.ensure_stream(SETTINGS)
            limit = streams.connection.info.max_payload
            with pytest.raises(MessageTooLarge, match=f"carries at most {limit}") as found:
                await streams.publish("market.data", bytes(limit), message_id="a")
            assert found.value.limit == limit < found.value.size
            room = limit - (found.value.size - limit)
            assert (await streams.publish("market.data", bytes(room), message_id="a")).sequence == 1


async def test_plain_messages_pass_between_connections(tmp_path: Path) -> None:
    with trio.fail_after(LIMIT_S):
        async with nats_server(tmp_path) as server, connected(server.address) as one, connected(server.address) as two:
            send, receive = trio.open_memory_channel[tuple[str, bytes]](10)
            leave = two.subscribe("control.>", lambda message: send.send_nowait((message.subject, message.payload)))
            with pytest.raises(BrokerError):  # the round trip tells that the server knows of the subscription
                await two.request("nobody.there", b"", limit_s=5)
            await one.publish("control.a", b"1")
            await one.publish("control.b", b"2")
            assert [await receive.receive() for _ in range(2)] == [("control.a", b"1"), ("control.b", b"2")]
            leave()


async def test_mutual_tls_and_what_is_wrong_with_it(tmp_path: Path, certify: Certify, authority: trustme.CA) -> None:
    files = certify("nats.test")
    client = certify("strategy.test")
    settings = (
        f"tls {{ cert_file: {files.certificate}, key_file: {files.key}, ca_file: {files.authority}, verify: true }}"
    )
    stranger = certify("stranger.test", ca=trustme.CA())
    with trio.fail_after(LIMIT_S):
        async with nats_server(tmp_path / "server", settings) as server:
            async with connected(server.address, tls=client, peer_name="nats.test") as connection:
                assert connection.peer.name == "nats.test"
                await JetStream(connection).ensure_stream(SETTINGS)
            with pytest.raises(PeerRefused, match="wants TLS"):
                await connect_nats(server.address, name="test", random=Random())
            with pytest.raises(PeerRefused, match=r"carries another name; expected 'other\.test'"):
                await connect_nats(server.address, name="test", random=Random(), tls=client, peer_name="other.test")
            with pytest.raises((PeerRefused, LinkClosed)):
                await connect_nats(server.address, name="test", random=Random(), tls=stranger, peer_name="nats.test")
        async with nats_server(tmp_path / "plain") as server:
            with pytest.raises(PeerRefused, match="offers no TLS"):
                await connect_nats(server.address, name="test", random=Random(), tls=client)


async def test_a_wrong_token_is_refused(tmp_path: Path) -> None:
    with trio.fail_after(LIMIT_S):
        async with nats_server(tmp_path, "authorization { token: right }") as server:
            async with connected(server.address, token="right"):
                pass
            for wrong in ("wrong", None):
                with pytest.raises(PeerRefused, match="authorization violation; check token"):
                    await connect_nats(server.address, name="test", random=Random(), token=wrong)


async def test_another_kind_of_server_is_refused() -> None:
    async def answer(stream: trio.SocketStream) -> None:
        await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, answer, listeners)
        port = listeners[0].socket.getsockname()[1]
        with trio.fail_after(LIMIT_S), pytest.raises(BrokerError, match="expected the NATS protocol"):
            await connect_nats(NatsAddress("127.0.0.1", port), name="test", random=Random())
        nursery.cancel_scope.cancel()


async def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nats_login, "CONNECT_LIMIT_S", 0.1)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        trio.fail_after(LIMIT_S),
        pytest.raises(ConnectFailed, match=r"did not let us in within 0\.1 s"),
    ):
        await connect_nats(NatsAddress("127.0.0.1", silent.getsockname()[1]), name="test", random=Random())
