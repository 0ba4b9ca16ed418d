"""One publisher on a NATS relay, as the processes see it that read what it publishes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from alphapulse.data.links import Lane, LinkAcknowledgement, LinkCondition, LinkHello
from alphapulse.rules.links.batch import COUNTED, SNAPSHOT, Batch, BatchReader
from alphapulse.rules.links.receiver import HEARTBEAT_NS, Receiver

START = "s"
"""The last word of a message's subject: a batch begins with it. `MORE`: it goes on with one that began before."""
MORE = "m"


class NatsPublisher:
    """Puts what one publisher sends in order, and keeps how far this process has come with it.

    The server's stream keeps order and loses nothing that it still holds. So something is missing only for who came
    later, or was away longer than the stream remembers: then the publisher is asked for its state.
    """

    def __init__(self, service: str, lane: Lane, *, durable: bool, tell: Callable[[NatsPublisher], None]) -> None:
        self.service = service
        self.receiver = Receiver()
        self.applied = 0
        self._lane = lane
        self._durable = durable
        self._tell = tell
        self._reader: BatchReader | None = None
        self._lacks_state = True
        self._announced = (0, 1)
        self._held_from: int | None = None
        self._asked_ns = -HEARTBEAT_NS

    @property
    def known(self) -> bool:
        """True if it has published anything that came here."""
        return self.receiver.boot_id != 0

    @property
    def announced(self) -> tuple[int, int]:
        """Its start, and the first sequence that it has not published, as it said last."""
        return self._announced

    def announce(self, hello: LinkHello, now_ns: int) -> None:
        """It lives, and has published everything before `next_sequence`."""
        self._announced = (hello.boot_id, hello.next_sequence)
        self.receiver.heard(now_ns)

    def restart(self) -> None:
        """The messages that come next are those that were not acknowledged: they may have been here before."""
        self._reader = None
        self.receiver.expected = 0

    def take(self, kind: str, data: bytes, now_ns: int) -> tuple[list[Batch], bool]:
        """The batches that are next in order with this message, and whether it ends with a batch.

        Raises:
            InvalidFraming: it cannot be read.
        """
        if kind == START:
            self._reader = BatchReader()
        elif self._reader is None:
            return [], True  # it began before we came
        batches = self._reader.feed(data)
        ready = [one for batch in batches if batch.lane is self._lane for one in self._in_order(batch, now_ns)]
        return ready, not self._reader.pending

    def wants_state(self, now_ns: int) -> bool:
        """True if the publisher is to be asked for its state now."""
        boot_id, next_sequence = self._announced
        if boot_id == 0 or next_sequence == 1 or now_ns - self._asked_ns < HEARTBEAT_NS:
            return False
        if boot_id == self.receiver.boot_id and self.receiver.expected and not self._lacks_state:
            return self._asks(now_ns) if self.receiver.condition is LinkCondition.GAP else False
        return self._asks(now_ns)

    def engage(self, batches: Sequence[Batch], engage: Callable[[NatsPublisher], bool]) -> None:
        """Batches are about to be handed on: find out whether it is this publisher that we work for."""
        for batch in batches:
            if batch.flags & COUNTED and self._held_from is None and engage(self):
                self._held_from = batch.first

    def release(self) -> None:
        """What came of the batch that we were working for is done."""
        self._held_from = None
        self._tell(self)

    def acknowledgement(self) -> LinkAcknowledgement:
        """How far this process has come with it."""
        received = self.receiver.expected
        settled = received if self._held_from is None else min(received, self._held_from)
        return LinkAcknowledgement(
            self.receiver.boot_id, received, self.applied if self._durable else received, settled
        )

    def _asks(self, now_ns: int) -> bool:
        self._asked_ns = now_ns
        return True

    def _in_order(self, batch: Batch, now_ns: int) -> list[Batch]:
        receiver = self.receiver
        if batch.boot_id != receiver.boot_id:
            receiver.welcome(batch.boot_id, 0, now_ns)
            self.applied, self._held_from, self._lacks_state = 0, None, True
        if batch.flags & SNAPSHOT:
            lacked, self._lacks_state = self._lacks_state, False
            if receiver.expected and lacked and self._durable:
                return [batch]  # what was not acknowledged came first, the state that it leads to behind it
        elif not receiver.expected and batch.first == 1:
            # From its beginning: there is no state before. To who knew an earlier start of it, this is a reset.
            self._lacks_state = False
            receiver.take(Batch(batch.lane, SNAPSHOT, batch.boot_id, 1, 0, 0, b""), now_ns)
        elif not receiver.expected and self._durable:
            receiver.expected = batch.first
        return receiver.take(batch, now_ns)
