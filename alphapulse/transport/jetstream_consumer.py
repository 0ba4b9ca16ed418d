"""A consumer of a stream: its messages in the order of their numbers, each once in the life of the consumer."""

from __future__ import annotations

from contextlib import suppress

import attrs
import msgspec
import trio

from alphapulse.errors import BrokerError, LinkClosed
from alphapulse.transport.jetstream import NS_PER_S, JetStream
from alphapulse.transport.nats_protocol import NatsMessage, publish_line

BATCH = 256
"""Messages that the server may send ahead, and that may wait for their acknowledgement."""
BATCH_BYTES = 16 * 1024 * 1024
EXPIRES_S = 30
"""A request for messages is renewed when it is as old as this."""
INACTIVE_S = 30
"""The server forgets a consumer that is not durable when its process has been gone for this time."""
_ENDED = frozenset({404, 408})
_CONFLICT = 409
_HEARTBEAT = 100


@attrs.frozen
class Delivery:
    """One message of a stream.

    `sequence` is its number in the stream, dense from 1: one that is skipped is gone from the stream. `deliveries`
    counts how often the server has sent it; `time_ns` is when it was stored, in ns since 1970 by the server's clock.
    """

    sequence: int
    subject: str
    data: bytes
    deliveries: int
    time_ns: int
    reply: str = attrs.field(repr=False)


class StreamConsumer:
    """Made by `open_consumer`. One task receives.

    A durable consumer continues behind what it has acknowledged, also after a crash: what was on its way to the life
    before comes again once `ack_wait_s` has passed, and what is newer waits here for it, so that the order holds.
    """

    def __init__(self, stream: str, name: str, jetstream: JetStream, *, first: int, ack_wait_s: float | None) -> None:
        self.stream = stream
        self._name = name
        self._jetstream = jetstream
        self._connection = jetstream.connection
        self._next = first
        self._ack_wait_s = ack_wait_s
        self._inbox = self._connection.new_inbox()
        self._ready: list[Delivery] = []
        self._held: dict[int, Delivery] = {}
        self._requested = 0
        self._conflict: str | None = None
        self._changed = trio.lowlevel.ParkingLot()
        self._connection.on_failure(self._wake)
        self._leave = self._connection.subscribe(self._inbox, self._take)

    async def receive(self) -> list[Delivery]:
        """All that is there, in order; waits for more if there is nothing.

        Raises:
            BrokerError: the server has ended the consumer.
            LinkClosed: the connection has ended.
        """
        await trio.lowlevel.checkpoint()
        while not self._ready:
            self._connection.check()
            if self._conflict is not None:
                raise BrokerError(f"{self._connection.where}: the consumer {self._name} has ended: {self._conflict}")
            if not self._requested:
                self._request()
            await self._wait()
        ready, self._ready = self._ready, []
        if not self._requested:
            self._request()
        return ready

    def acknowledge(self, delivery: Delivery) -> None:
        """Say that the message has been dealt with: a durable consumer is not sent it again.

        Called by whoever has dealt with it, to whom the connection's end is nothing: the message then comes again.
        """
        if self._ack_wait_s is not None:
            with suppress(LinkClosed):
                self._connection.put(publish_line(delivery.reply, b"+ACK"))

    def close(self) -> None:
        """Receive no more. A durable consumer stays where it is at the server."""
        self._leave()

    async def _wait(self) -> None:
        """Until something has come. What is missed may also be gone for good: then the server is asked."""
        if not self._held:
            await self._changed.park()
            return
        with trio.move_on_after(self._ack_wait_s or 0):
            await self._changed.park()
            return
        state = await self._jetstream.state(self.stream)
        if state.first > self._next:
            self._next = min(*self._held, state.first)
            self._release()

    def _request(self) -> None:
        self._requested = BATCH
        body = {"batch": BATCH, "max_bytes": BATCH_BYTES, "expires": EXPIRES_S * NS_PER_S}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self.stream}.{self._name}"
        self._connection.put(publish_line(subject, msgspec.json.encode(body), reply=self._inbox))

    def _take(self, message: NatsMessage) -> None:
        if message.status is None:
            self._requested -= 1
            self._deliver(_delivery(message))
        elif message.status in _ENDED or (message.status == _CONFLICT and "max" in message.description.lower()):
            self._requested = 0
        elif message.status != _HEARTBEAT:
            self._conflict = f"{message.description or 'no reason given'} ({message.status})".lower()
        self._wake()

    def _wake(self) -> None:
        self._changed.unpark_all()

    def _deliver(self, delivery: Delivery) -> None:
        if self._ack_wait_s is None:  # never sent again: a number that is skipped is gone
            self._ready.append(delivery)
            self._next = delivery.sequence + 1
        elif delivery.sequence >= self._next:
            self._held[delivery.sequence] = delivery
            self._release()

    def _release(self) -> None:
        while self._next in self._held:
            self._ready.append(self._held.pop(self._next))
            self._next += 1


async def open_consumer(
    jetstream: JetStream, stream: str, *, durable: str | None = None, first: int | None = None, ack_wait_s: float = 2.0
) -> StreamConsumer:
    """A consumer of a whole stream.

    With `durable`, a name, it begins with what comes after its making, or behind what it had acknowledged. A message
    that is not acknowledged within `ack_wait_s` may be on its way twice, and is given once. Without a name it begins
    with number `first` (None: with what comes from now on), and nothing is acknowledged.

    Raises:
        BrokerError: the stream is missing, or a durable consumer of this name is set up otherwise.
        LinkClosed: the connection has ended.
    """
    state = await jetstream.state(stream)
    if durable is not None:
        first = max(await ensure_durable(jetstream, stream, durable, ack_wait_s=ack_wait_s), state.first)
        return StreamConsumer(stream, durable, jetstream, first=first, ack_wait_s=ack_wait_s)
    first = first if first is not None else state.last + 1
    if first > state.last + 1:
        raise BrokerError(
            f"{jetstream.connection.where}: expected message {first} of the stream {stream}, whose newest is "
            f"{state.last}: it was made anew; begin anew as well"
        )
    settings = {
        "deliver_policy": "by_start_sequence",
        "opt_start_seq": max(first, 1),
        "ack_policy": "none",
        "inactive_threshold": INACTIVE_S * NS_PER_S,
    }
    made = await jetstream.ask(f"CONSUMER.CREATE.{stream}", {"stream_name": stream, "config": settings})
    return StreamConsumer(stream, made["name"], jetstream, first=first, ack_wait_s=None)


async def ensure_durable(jetstream: JetStream, stream: str, name: str, *, ack_wait_s: float = 2.0) -> int:
    """Make a durable consumer if there is none of this name, from whose making on nothing is forgotten for it.

    Returns the number of the first message that it has not acknowledged. Raises BrokerError as `open_consumer` does.
    """
    settings = {
        "durable_name": name,
        "deliver_policy": "new",
        "ack_policy": "explicit",
        "ack_wait": int(ack_wait_s * NS_PER_S),
        "max_ack_pending": BATCH,
    }
    made = await jetstream.ask(f"CONSUMER.DURABLE.CREATE.{stream}.{name}", {"stream_name": stream, "config": settings})
    return int(made["ack_floor"]["stream_seq"]) + 1


def _delivery(message: NatsMessage) -> Delivery:
    """Read what JetStream says of a message in its reply subject (ADR-15): with domain and account, or without."""
    words = message.reply.split(".")
    if len(words) < 9 or words[:2] != ["$JS", "ACK"]:
        raise BrokerError(f"expected a message of a stream, was one with the reply subject {message.reply!r}")
    at = 4 if len(words) == 9 else 6
    deliveries, sequence, _, time_ns = (int(word) for word in words[at : at + 4])
    return Delivery(sequence, message.subject, message.payload, deliveries, time_ns, message.reply)
