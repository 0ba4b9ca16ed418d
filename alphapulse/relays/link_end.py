"""One end of a connection between two processes: three tasks that read, write and keep time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import trio

from alphapulse.data.links import (
    Heartbeat,
    Lane,
    LinkAcknowledgement,
    RecoveryKind,
    RecoveryOutcome,
    RecoveryRequest,
    RecoveryResponse,
)
from alphapulse.data.wire import Source
from alphapulse.errors import AlphaPulseError, LinkClosed, LinkStalled
from alphapulse.relays.engagement import Engagement, Unit
from alphapulse.rules.links.batch import COUNTED, Batch, BatchReader
from alphapulse.rules.links.receiver import HEARTBEAT_NS, NS_PER_MS, Receiver
from alphapulse.rules.links.sender import Sender
from alphapulse.rules.wire.frame import decode_messages, encode_messages
from alphapulse.transport.byte_link import ByteLink

READ_BYTES = 262_144
WRITE_BYTES = 65_536
"""Frames handed to the transport at once: halts on the same machine wait behind no more than this."""

TICK_S = 0.1
SOON_NS = 100 * NS_PER_MS
"""After data, the next heartbeat comes this soon, and then at twice the time: a last batch that was lost is missed."""

SILENT_NS = 5_000 * NS_PER_MS
"""A connection on which nothing was heard for so long is given up."""


def link_ns() -> int:
    """The clock of links, in ns: Trio's, so that tests move it."""
    return round(trio.current_time() * 1_000_000_000)


def link_bytes(messages: Sequence[object], boot_id: int, source: Source, now_ns: int) -> bytes:
    """A batch of word on the link itself, as bytes. It is not sequenced."""
    frames = encode_messages(messages, source=source, first_sequence=0, timestamp_ns=now_ns)
    return Batch(Lane.LINK, 0, boot_id, 0, 0, len(messages), frames).head() + frames


class Party(Protocol):
    """The side that a connection belongs to: a relay server, or a link to one."""

    async def deliver(self, end: LinkEnd, batches: Sequence[Batch]) -> None:
        """Take in batches that are next in order."""

    def snapshot_for(self, end: LinkEnd) -> None:
        """Restart `end.sender` from a snapshot: what it lacks is no longer kept."""

    def told(self, end: LinkEnd, message: object) -> None:
        """The other end said something else, or has acknowledged more."""

    def applied(self, end: LinkEnd) -> int:
        """The first sequence of the other end that not everybody who counts has applied."""

    def ticked(self, end: LinkEnd) -> None:
        """A moment has passed."""


class LinkEnd:
    """Sends what `sender` has, takes in what `receiver` puts in order, and hands both to its party.

    Error handling: `run` ends with a TransportError when the connection is gone, silent or stalled, and with a
    ProtocolError when what came cannot be trusted.
    """

    def __init__(
        self,
        link: ByteLink,
        party: Party,
        sender: Sender,
        receiver: Receiver,
        *,
        name: str,
        source: Source,
        engagement: Engagement,
        now_ns: Callable[[], int],
        market_ns: Callable[[], int],
    ) -> None:
        self.link = link
        self.sender = sender
        self.receiver = receiver
        self.lane = sender.ring.lane
        self.unit = Unit(engagement.flow)
        self._name = name
        self._party = party
        self._source = source
        self._engagement = engagement
        self._now_ns = now_ns
        self._market_ns = market_ns
        self._notes: list[object] = []
        self._told = (0, 0, 0)
        self._must_tell = False
        self._held_from: int | None = None
        self._beat_ns = 0
        self._beat_every_ns = HEARTBEAT_NS
        self._heard_ns = link_ns()
        self._is_cut: str | None = None
        self._scope = trio.CancelScope()
        self._nudge = trio.Event()

    async def run(self, reader: BatchReader, batches: Sequence[Batch] = ()) -> None:
        """Runs until the connection ends; `batches` were read from it already."""
        try:
            with self._scope:
                await self._take(batches)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._write)
                    nursery.start_soon(self._keep_time)
                    await self._read(reader)
        except BaseExceptionGroup as group:
            ends, others = group.split(AlphaPulseError)
            if others is not None:
                raise others from None
            raise _first(ends) from None
        finally:
            self.sender.give_up()
            self.unit.set(False)
            self._engagement.leave(self)
        raise LinkClosed(self._is_cut or "ended here")

    def tell(self, message: object) -> None:
        """Say something on the link itself."""
        self._notes.append(message)
        self.wake()

    def wake(self) -> None:
        """Have the writer look for what there is to send."""
        self._nudge.set()

    def cut(self, reason: str) -> None:
        """End the connection because of what the other side does or fails to do."""
        self._is_cut = self._is_cut or reason
        self._scope.cancel(reason)

    def offered(self) -> None:
        """The sender was given something."""
        self.unit.set(self.sender.unsettled)
        self._nudge.set()

    def acknowledge_soon(self) -> None:
        """What the other side may be told has changed, and it waits for that."""
        self._must_tell = True
        self._nudge.set()

    def engage(self, batches: Sequence[Batch]) -> None:
        """Batches are about to be handed on: find out whether it is this link that we work for."""
        for batch in batches:
            if batch.flags & COUNTED:
                self._must_tell = True
                if self._held_from is None and self._engagement.engage(self):
                    self._held_from = batch.first

    def release(self) -> None:
        """What came of the batch that we were working for is done."""
        self._held_from = None
        self.acknowledge_soon()

    def acknowledgement(self) -> LinkAcknowledgement:
        """How far we have come with what the other end sends."""
        received = self.receiver.expected
        settled = received if self._held_from is None else min(received, self._held_from)
        return LinkAcknowledgement(self.receiver.boot_id, received, self._party.applied(self), settled)

    async def _read(self, reader: BatchReader) -> None:
        while True:
            data = await self.link.receive_some(READ_BYTES)
            if not data:
                raise LinkClosed("the other side ended the connection")
            self._heard_ns = link_ns()  # also by a piece of a batch: a slow consumer is not a silent sender
            await self._take(reader.feed(data))

    async def _take(self, batches: Sequence[Batch]) -> None:
        now_ns = link_ns()
        ready: list[Batch] = []
        for batch in batches:
            if batch.lane is Lane.LINK:
                for message in decode_messages(batch.frames):
                    self._listen(message, now_ns)
            elif batch.lane is self.lane:
                ready += self.receiver.take(batch, now_ns)
        if ready:
            await self._party.deliver(self, ready)
            self._engagement.settle()
        self._ask(now_ns)
        if self._must_tell:
            self.wake()

    def _listen(self, message: object, now_ns: int) -> None:
        match message:
            case Heartbeat(boot_id, next_sequence):
                self.receiver.heartbeat(boot_id, next_sequence, now_ns)
            case LinkAcknowledgement():
                self.sender.acknowledge(message)
                self.unit.set(self.sender.unsettled)
                self._party.told(self, message)
            case RecoveryRequest():
                self._recover(message)
            case _:
                self._party.told(self, message)

    def _recover(self, request: RecoveryRequest) -> None:
        ring = self.sender.ring
        wants_state = request.kind is RecoveryKind.SNAPSHOT
        if request.boot_id != ring.boot_id or (wants_state and self.sender.has_begun):
            return  # of a start before, or asked again before the answer had come
        sender, market_ns = self.sender, self._market_ns()
        first, end = request.first_sequence, request.next_sequence
        outcome = RecoveryOutcome.RETRANSMISSION
        if wants_state or not sender.repair(first, end, market_ns):
            if not (wants_state and sender.begin_again(market_ns)):
                self._party.snapshot_for(self)
            outcome, first, end = RecoveryOutcome.SNAPSHOT, sender.next, sender.next
        self.tell(RecoveryResponse(request.consumer, ring.boot_id, outcome, first, end, max(0, end - first), ""))
        self.offered()

    def _ask(self, now_ns: int) -> None:
        wanted = self.receiver.wanted(now_ns)
        if wanted is not None:
            self.tell(RecoveryRequest(self._name, self.receiver.boot_id, wanted.first, wanted.next, wanted.kind))

    async def _write(self) -> None:
        while True:
            data = b"".join(self._pieces())
            if data:
                await self.link.send_all(data)
            else:
                await self._nudge.wait()
                self._nudge = trio.Event()

    def _pieces(self) -> Iterator[bytes]:
        """What is to be written next: word on the link first, then what fills gaps, then what waits."""
        now_ns = link_ns()
        notes, self._notes = self._notes, []
        batches = self.sender.take(WRITE_BYTES, self._market_ns())
        if batches:
            self._beat_every_ns = SOON_NS
            self._beat_ns = min(self._beat_ns, now_ns + SOON_NS)
        beats = now_ns >= self._beat_ns and not batches
        told = self.acknowledgement()
        news = (told.received, told.applied, told.settled)
        if beats or (self._must_tell and news != self._told):
            self._told, self._must_tell = news, False
            notes.append(told)  # with each heartbeat too: a word may be lost
        if beats:
            self._beat_ns = now_ns + self._beat_every_ns
            self._beat_every_ns = min(HEARTBEAT_NS, 2 * self._beat_every_ns)
            notes.append(Heartbeat(self.sender.ring.boot_id, self.sender.next))
        if notes:
            yield link_bytes(notes, self.sender.ring.boot_id, self._source, self._now_ns())
        for batch in batches:
            yield batch.head()
            yield batch.frames

    async def _keep_time(self) -> None:
        while True:
            await trio.sleep(TICK_S)
            now_ns = link_ns()
            if now_ns - self._heard_ns > SILENT_NS:
                raise LinkStalled(f"nothing was heard for {SILENT_NS // NS_PER_MS} ms")
            self._ask(now_ns)
            if now_ns >= self._beat_ns:
                self.wake()
            self._party.ticked(self)


def _first(group: BaseException | None) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group or LinkClosed("ended")
